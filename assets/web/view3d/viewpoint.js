// Where the scene is seen from: the mouse, fingers, keys and four views that can be asked for by name.
import { PerspectiveCamera, Vector3 } from "../three/three.module.js";
import { OrbitControls } from "../three/addons/OrbitControls.js";

const SHAPE = 1.6; // of the picture that a view's opening angle is meant for; a narrower one opens further
const GLIDE_MS = 420;
const STEP_MS = 140;
const TURN = Math.PI / 24; // by one press of an arrow key
const CLOSER = 0.87; // by one press of plus
const DISTANCE = [0.2, 2.4]; // [m]
const ELEVATION = [0.03, Math.PI / 2 - 0.02]; // [rad] over the table, never under it
const OFFSET = new Vector3();
const STILL = window.matchMedia("(prefers-reduced-motion: reduce)");

// Beside the scene's own: the policy's high camera, and both ends of the table.
const NAMED = {
  top: { eye: [0, 0.06, 0.78], target: [0, 0.5, 0.03], fovy: 38 },
  left: { eye: [-1.02, 0.0, 0.5], target: [-0.04, 0.52, 0.1], fovy: 46 },
  right: { eye: [1.02, 0.0, 0.5], target: [0.04, 0.52, 0.1], fovy: 46 },
};

export class Viewpoint {
  // `changed()` is called whenever the picture has to be drawn again.
  constructor(canvas, changed) {
    this.camera = new PerspectiveCamera(46, SHAPE, 0.03, 8);
    this.camera.up.set(0, 0, 1);
    this._changed = changed;
    this._home = { eye: [0, -0.3, 0.7], target: [0, 0.5, 0.08], fovy: 46 };
    this._fovy = 46;
    this._from = polar(this._home);
    this._to = polar(this._home);
    this._now = polar(this._home);
    this._began = null;
    this._lasts = GLIDE_MS;
    this._controls = controlsOf(this.camera, canvas);
    this._controls.addEventListener("change", changed);
    this._controls.addEventListener("start", () => (this._began = null));
    this._listen(canvas);
    this._show(this._home);
  }

  // The view that a scene begins with, and to which `home` returns.
  settle(view) {
    this._home = view;
    this._began = null;
    this._controls.cursor.fromArray(view.target);
    this._show(view);
  }

  glideTo(name) {
    this._glide(polar(NAMED[name] ?? this._home), GLIDE_MS);
  }

  orbit(allowed) {
    this._controls.enabled = allowed;
  }

  resize(width, height) {
    this.camera.aspect = width / height;
    this._open();
  }

  // Move on; returns whether the camera goes on moving by itself.
  advance(now) {
    if (this._began !== null) {
      const passed = Math.min((now - this._began) / this._lasts, 1);
      between(this._now, this._from, this._to, passed * passed * (3 - 2 * passed));
      this._apply(this._now);
      if (passed === 1) this._began = null;
    }
    return this._controls.update() || this._began !== null;
  }

  dispose() {
    this._controls.dispose();
    this._controls = null;
  }

  _show(view) {
    Object.assign(this._now, polar(view));
    this._apply(this._now);
    this._controls.update();
    this._changed();
  }

  _apply({ target, azimuth, elevation, distance, fovy }) {
    const level = Math.cos(elevation) * distance;
    OFFSET.set(Math.sin(azimuth) * level, -Math.cos(azimuth) * level, Math.sin(elevation) * distance);
    this._controls.target.fromArray(target);
    this.camera.position.copy(this._controls.target).add(OFFSET);
    if (fovy === this._fovy) return;
    this._fovy = fovy;
    this._open();
  }

  _open() {
    const half = Math.tan((this._fovy * Math.PI) / 360) * Math.max(1, SHAPE / this.camera.aspect);
    this.camera.fov = (Math.atan(half) * 360) / Math.PI;
    this.camera.updateProjectionMatrix();
  }

  _glide(goal, milliseconds) {
    this._from = this._current();
    goal.azimuth += 2 * Math.PI * Math.round((this._from.azimuth - goal.azimuth) / (2 * Math.PI));
    this._to = goal;
    this._lasts = STILL.matches ? 1 : milliseconds;
    this._began = performance.now();
    this._changed();
  }

  _current() {
    const { target } = this._controls;
    return polar({ eye: this.camera.position.toArray(), target: target.toArray(), fovy: this._fovy });
  }

  _nudge(turn, lift, zoom) {
    const goal = this._began === null ? this._current() : structuredClone(this._to);
    goal.azimuth += turn;
    goal.elevation = clamped(goal.elevation + lift, ELEVATION);
    goal.distance = clamped(goal.distance * zoom, DISTANCE);
    this._glide(goal, STEP_MS);
  }

  _listen(canvas) {
    canvas.addEventListener("dblclick", () => this.glideTo("home"));
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
      event.preventDefault();
      event.stopPropagation();
      const step = KEYS[event.key];
      if (step) this._nudge(...step);
      else this.glideTo("home");
    });
    // The wheel scrolls the page until the view was clicked; fingers scroll it up and down and turn the view sideways.
    canvas.style.touchAction = "pan-y";
    const zoomable = (allowed) => () => (this._controls.enableZoom = allowed);
    canvas.addEventListener("focus", zoomable(true));
    canvas.addEventListener("blur", zoomable(false));
    canvas.addEventListener("touchstart", zoomable(true), { passive: true });
  }
}

const KEYS = {
  ArrowLeft: [-TURN, 0, 1],
  ArrowRight: [TURN, 0, 1],
  ArrowUp: [0, TURN, 1],
  ArrowDown: [0, -TURN, 1],
  "+": [0, 0, CLOSER],
  "=": [0, 0, CLOSER],
  "-": [0, 0, 1 / CLOSER],
  Home: null,
};

function controlsOf(camera, canvas) {
  const controls = new OrbitControls(camera, canvas);
  controls.enableDamping = true;
  controls.dampingFactor = 0.14;
  controls.rotateSpeed = 0.8;
  controls.enableZoom = false;
  [controls.minDistance, controls.maxDistance] = DISTANCE;
  controls.minPolarAngle = Math.PI / 2 - ELEVATION[1];
  controls.maxPolarAngle = Math.PI / 2 - ELEVATION[0];
  controls.maxTargetRadius = 0.6;
  return controls;
}

// A view as angles around its target: azimuth 0 looks along y, elevation is over the table.
function polar({ eye, target, fovy }) {
  const [x, y, z] = eye.map((value, axis) => value - target[axis]);
  const distance = Math.hypot(x, y, z);
  return { target: [...target], azimuth: Math.atan2(x, -y), elevation: Math.asin(z / distance), distance, fovy };
}

function between(out, from, to, share) {
  for (const key of ["azimuth", "elevation", "distance", "fovy"]) out[key] = from[key] + (to[key] - from[key]) * share;
  for (let axis = 0; axis < 3; axis++) out.target[axis] = from.target[axis] + (to.target[axis] - from.target[axis]) * share;
}

const clamped = (value, [least, most]) => Math.min(Math.max(value, least), most);
