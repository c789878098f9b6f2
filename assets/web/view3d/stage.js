// What stands around the bodies of a scene: a grid on the table, soft shadows of what is above it.
import {
  AddEquation,
  BufferGeometry,
  Color,
  CustomBlending,
  DataTexture,
  Float32BufferAttribute,
  InstancedMesh,
  LineBasicMaterial,
  LineSegments,
  Matrix4,
  MeshBasicMaterial,
  OneFactor,
  OneMinusSrcColorFactor,
  PlaneGeometry,
  LinearFilter,
  Scene,
  ZeroFactor,
} from "../three/three.module.js";

const TABLE = { x: [-0.6, 0.6], y: [0.23, 0.97] }; // [m] that the grid covers
const CELL = 0.1; // [m]
const SHADOW_SIZE = 64; // texels
const REACH = 0.5; // [m] over the table from which nothing casts a shadow that can be seen
const MATRIX = new Matrix4();
const SHADE = new Color();

export function makeStage() {
  const scene = new Scene();
  scene.add(grid());
  return scene;
}

function grid() {
  const points = [];
  const lines = (from, to) => Array.from({ length: Math.floor((to - from) / CELL + 1e-6) + 1 }, (_, i) => from + i * CELL);
  for (const x of lines(...TABLE.x)) points.push(x, TABLE.y[0], 0, x, TABLE.y[1], 0);
  for (const y of lines(0.3, TABLE.y[1])) points.push(TABLE.x[0], y, 0, TABLE.x[1], y, 0);
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute(points, 3));
  const material = new LineBasicMaterial({ color: 0xffffff, transparent: true, opacity: 0.07, depthWrite: false });
  const drawn = new LineSegments(geometry, material);
  drawn.position.z = 0.0008;
  return drawn;
}

// A dark spot under each body that can be above the table: shows where it is, at the price of one draw call.
export class Shadows extends InstancedMesh {
  constructor(bodies) {
    const material = new MeshBasicMaterial({ map: spot(), transparent: true, depthWrite: false, toneMapped: false });
    Object.assign(material, { blending: CustomBlending, blendEquation: AddEquation });
    Object.assign(material, { blendSrc: ZeroFactor, blendDst: OneMinusSrcColorFactor });
    Object.assign(material, { blendSrcAlpha: ZeroFactor, blendDstAlpha: OneFactor });
    super(new PlaneGeometry(1, 1), material, Math.max(bodies.length, 1));
    this._bodies = bodies; // [{object, size}]
    this.count = bodies.length;
    this.frustumCulled = false;
    this.renderOrder = -1;
    this.setColorAt(0, SHADE.setScalar(0));
  }

  // Follow the bodies.
  advance() {
    for (let index = 0; index < this._bodies.length; index++) {
      const { object, size } = this._bodies[index];
      const { x, y, z } = object.position;
      const height = Math.min(Math.max(z / REACH, 0), 1);
      const wide = size * (1 + 1.6 * height);
      MATRIX.makeScale(wide, wide, 1).setPosition(x, y, 0.0012);
      this.setMatrixAt(index, MATRIX);
      this.setColorAt(index, SHADE.setScalar(0.75 * (1 - height) * (1 - height)));
    }
    this.instanceMatrix.needsUpdate = true;
    if (this.instanceColor) this.instanceColor.needsUpdate = true;
  }

  dispose() {
    super.dispose();
    this.geometry.dispose();
    this.material.map.dispose();
    this.material.dispose();
  }
}

function spot() {
  const texels = new Uint8Array(SHADOW_SIZE * SHADOW_SIZE * 4);
  const middle = (SHADOW_SIZE - 1) / 2;
  for (let row = 0; row < SHADOW_SIZE; row++) {
    for (let column = 0; column < SHADOW_SIZE; column++) {
      const away = Math.min(Math.hypot(row - middle, column - middle) / middle, 1);
      const fade = 1 - away;
      texels.fill(255 * fade * fade * (3 - 2 * fade), 4 * (row * SHADOW_SIZE + column), 4 * (row * SHADOW_SIZE + column) + 4);
    }
  }
  const texture = new DataTexture(texels, SHADOW_SIZE, SHADOW_SIZE);
  texture.magFilter = texture.minFilter = LinearFilter;
  texture.needsUpdate = true;
  return texture;
}
