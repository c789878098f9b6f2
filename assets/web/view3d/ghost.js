// Translucent arms that play one predicted chunk over and over, beside what the real ones do.
import { Group, ShaderMaterial, Vector3, Color } from "../three/three.module.js";
import { STRIDE, blend, place } from "./poses.js";
import { Trails } from "./trails.js";

const HEADER = 4; // chunk, dt, frames, count
const REST = 0.7; // [s] between two rounds
const GRASP = new Vector3(0.142, 0, 0); // [m] between the pads, in the frame of the gripper's link
const ARMS = ["left", "right"];
const LINK = /^vx300s_.*\//; // a body of an arm that can move, its base apart

// Bright at the outline and nearly clear where the surface faces the eye: what lies behind stays readable.
function ghostly() {
  return new ShaderMaterial({
    uniforms: { tint: { value: new Color() } },
    vertexShader: `
      varying vec3 facing;
      varying vec3 ray;
      void main() {
        vec4 seen = modelViewMatrix * vec4(position, 1.0);
        facing = normalMatrix * normal;
        ray = seen.xyz;
        gl_Position = projectionMatrix * seen;
      }`,
    fragmentShader: `
      uniform vec3 tint;
      varying vec3 facing;
      varying vec3 ray;
      void main() {
        float edge = 1.0 - abs(dot(normalize(facing), normalize(ray)));
        gl_FragColor = vec4(tint, mix(0.16, 0.85, edge * edge));
        #include <colorspace_fragment>
      }`,
    transparent: true,
    polygonOffset: true, // where a ghost lies in the real arm, the real one is seen
    polygonOffsetFactor: 1,
    polygonOffsetUnits: 4,
  });
}

export class Ghost extends Group {
  constructor() {
    super();
    this._material = ghostly();
    this._trails = new Trails(0.0016, 0.9);
    this._bodies = [];
    this._grippers = [];
    this._message = null;
    this._began = 0;
    this.clearChunk();
  }

  get chunk() {
    return this._message ? this._message[0] : null;
  }

  // Become the copy of a scene's robot; bodies are objects or null.
  embody(bodies, names) {
    this.clear();
    this._bodies = bodies.map((body, index) => (LINK.test(names[index]) ? (body?.clone() ?? null) : null));
    this._grippers = ARMS.map((arm) => names.indexOf(`vx300s_${arm}/gripper_link`));
    for (const body of this._bodies) {
      if (!body) continue;
      body.traverse((part) => {
        if (part.isMesh) Object.assign(part, { material: this._material, renderOrder: 1 });
      });
      this.add(body);
    }
    this.add(this._trails);
    this._poses = new Float32Array(names.length * STRIDE);
    if (this._message) this.play(this._message, this._began);
  }

  tint(colour) {
    this._material.uniforms.tint.value.set(colour);
    if (this._message) this._trail();
  }

  // Play this chunk from its beginning; a message without frames ends it.
  play(message, now) {
    const [, dt, frames, count] = message;
    const valid = frames > 0 && dt > 0 && message.length === HEADER + frames * count * STRIDE;
    if (!valid) return this.clearChunk();
    this._message = message;
    this._began = now;
    this.visible = count === this._bodies.length;
    if (this.visible) this._trail();
  }

  clearChunk() {
    this._message = null;
    this.visible = false;
  }

  // Pose the arms for this moment; returns whether they are seen.
  advance(now) {
    if (!this.visible) return false;
    const [, dt, frames, count] = this._message;
    const length = (frames - 1) * dt;
    const at = Math.min((now - this._began) % (length + REST), length) / dt;
    const row = Math.min(Math.floor(at), Math.max(frames - 2, 0));
    const size = count * STRIDE;
    const next = Math.min(row + 1, frames - 1);
    blend(this._poses, this._message, HEADER + row * size, this._message, HEADER + next * size, count, at - row);
    place(this._bodies, this._poses);
    return true;
  }

  dispose() {
    this._trails.dispose();
    this._material.dispose();
  }

  _trail() {
    const [, , frames, count] = this._message;
    const color = `#${this._material.uniforms.tint.value.getHexString()}`;
    const lines = this._grippers.map((body) => {
      const points = [];
      for (let row = 0; row < frames && body >= 0; row++) {
        const point = grasp(this._message, HEADER + (row * count + body) * STRIDE);
        if (!Number.isNaN(point[0])) points.push(point);
      }
      return { color, points };
    });
    this._trails.show(lines);
  }
}

function grasp(floats, at) {
  const [x, y, z, qw, qx, qy, qz] = floats.subarray(at, at + STRIDE);
  return GRASP.clone().applyQuaternion({ x: qx, y: qy, z: qz, w: qw }).add({ x, y, z }).toArray();
}
