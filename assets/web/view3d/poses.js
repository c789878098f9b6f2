// Poses as they come over the wire, seven numbers a body: x y z [m] and the quaternion w x y z.
import { Quaternion } from "../three/three.module.js";

export const STRIDE = 7;

// Between two rows of poses, at `fraction` 0 .. 1 of the way, into `out` from its beginning.
export function blend(out, a, aStart, b, bStart, count, fraction) {
  for (let body = 0; body < count; body++) {
    const to = body * STRIDE;
    const from = aStart + to;
    const next = bStart + to;
    for (let axis = 0; axis < 3; axis++) out[to + axis] = a[from + axis] + (b[next + axis] - a[from + axis]) * fraction;
    Quaternion.slerpFlat(out, to + 3, a, from + 3, b, next + 3, fraction);
  }
}

// Put objects where one row of poses says; objects[i] is body i or null.
export function place(objects, poses) {
  for (let body = 0; body < objects.length; body++) {
    const object = objects[body];
    const at = body * STRIDE;
    if (!object || Number.isNaN(poses[at])) continue;
    object.position.set(poses[at], poses[at + 1], poses[at + 2]);
    object.quaternion.set(poses[at + 4], poses[at + 5], poses[at + 6], poses[at + 3]);
  }
}
