// Lines through the scene, thick enough to be seen on any display, with a mark at their end. Where something stands
// before them they are faint instead of hidden: a path that cannot be seen explains nothing.
import {
  Color,
  CylinderGeometry,
  GreaterDepth,
  Group,
  IcosahedronGeometry,
  InstancedMesh,
  Matrix4,
  MeshBasicMaterial,
  Quaternion,
  Vector3,
} from "../three/three.module.js";

const UP = new Vector3(0, 1, 0);
const START = new Vector3();
const END = new Vector3();
const ALONG = new Vector3();
const SCALE = new Vector3();
const TURN = new Quaternion();
const MATRIX = new Matrix4();

export class Trails extends Group {
  constructor(radius, opacity) {
    super();
    this._radius = radius;
    this._tube = new CylinderGeometry(1, 1, 1, 6, 1, true);
    this._ball = new IcosahedronGeometry(1, 2);
    this._seen = new MeshBasicMaterial({ transparent: opacity < 1, opacity });
    this._covered = new MeshBasicMaterial({
      transparent: true,
      opacity: 0.3 * opacity,
      depthFunc: GreaterDepth,
      depthWrite: false,
    });
    this.show([]);
  }

  // lines: [{color, points: [[x, y, z], ...]}]
  show(lines) {
    this._empty();
    const drawn = lines.filter((line) => line.points.length);
    const pieces = drawn.reduce((sum, line) => sum + line.points.length - 1, 0);
    this.visible = drawn.length > 0;
    // At least one of each, so that their shaders are ready before the first line is shown.
    const tubes = new InstancedMesh(this._tube, this._seen, Math.max(pieces, 1));
    const balls = new InstancedMesh(this._ball, this._seen, Math.max(drawn.length, 1));
    tubes.count = balls.count = 0;
    tubes.setColorAt(0, new Color());
    balls.setColorAt(0, new Color());
    for (const line of drawn) this._draw(line, tubes, balls);
    for (const mesh of [tubes, balls]) this._add(mesh);
  }

  dispose() {
    this._empty();
    for (const part of [this._tube, this._ball, this._seen, this._covered]) part.dispose();
  }

  _draw({ color, points }, tubes, balls) {
    const colour = new Color(color);
    for (let index = 1; index < points.length; index++) {
      START.fromArray(points[index - 1]);
      END.fromArray(points[index]);
      ALONG.subVectors(END, START);
      const length = ALONG.length();
      if (length < 1e-5) continue;
      TURN.setFromUnitVectors(UP, ALONG.divideScalar(length));
      SCALE.set(this._radius, length + this._radius, this._radius);
      this._put(tubes, START.add(END).multiplyScalar(0.5), colour);
    }
    TURN.identity();
    SCALE.setScalar(3 * this._radius);
    this._put(balls, END.fromArray(points.at(-1)), colour);
  }

  _put(mesh, position, colour) {
    mesh.setMatrixAt(mesh.count, MATRIX.compose(position, TURN, SCALE));
    mesh.setColorAt(mesh.count, colour);
    mesh.count += 1;
  }

  _add(mesh) {
    const covered = new InstancedMesh(mesh.geometry, this._covered, 1);
    covered.instanceMatrix = mesh.instanceMatrix;
    covered.instanceColor = mesh.instanceColor;
    covered.count = mesh.count;
    for (const each of [mesh, covered]) {
      each.frustumCulled = false;
      each.renderOrder = 2;
      this.add(each);
    }
  }

  _empty() {
    for (const mesh of [...this.children]) mesh.dispose();
    this.clear();
  }
}
