// A handle on each gripper in a 3D view: dragged, it says where that hand should go, and shows it there. A dot on the
// gripper tells by its colour how the arm follows, and a few words beside it why it does not.
import {
  BoxGeometry,
  Color,
  CylinderGeometry,
  Group,
  Mesh,
  MeshBasicMaterial,
  SphereGeometry,
  Vector3,
} from "../three/three.module.js";
import { TransformControls } from "../three/addons/TransformControls.js";

const ARMS = ["left", "right"];
const MODES = { move: ["translate", "world"], turn: ["rotate", "local"] };
const COLOURS = { free: "--oft-good", far: "--oft-bad" }; // how the arm follows; hindered otherwise: --oft-warn
const HINDERED = "--oft-warn";
const WANTED = "--oft-action";
const WORDS = { limit: "joint limit", singular: "wrist blocked", far: "out of reach", table: "table" };
const SIZE = 0.62; // of the handles
const NEAR = 0.005; // [m] at which a hand has arrived
const NEAR_TURN = 0.04; // [rad]
const PATIENCE_MS = 4000; // that a goal is kept after its handle was let go
const HINDERED_MS = 1200; // the same while the arm cannot follow
const POINT = new Vector3();
const ALONG = new Vector3();
const UP = new Vector3(0, 1, 0);

export class Gizmos {
  // `changed()` is called when a goal was set, moved or given up.
  constructor(view, changed) {
    this._view = view;
    this._changed = changed;
    this._hands = {};
    this._mode = null;
    this._canvas = null; // until the view is open
    this.goals = { left: null, right: null };
    view.whenOpen((theatre, canvas) => this._furnish(theatre, canvas));
  }

  // Whether the place in the page that these belong to is still there.
  get alive() {
    return this._view.element.isConnected;
  }

  // How far the view is turned around the table, in quarters of a circle to the left.
  get quarters() {
    if (!this._theatre) return 0;
    const { x, y } = this._theatre.camera.getWorldDirection(POINT);
    return Math.round(Math.atan2(x, y) / (Math.PI / 2));
  }

  // Where the hands are, by the server.
  follow(data) {
    this._data = data;
    for (const arm of ARMS) {
      const hand = this._hands[arm];
      if (!hand) continue;
      place(hand.dot, data[arm]);
      hand.reach = data[arm].reach;
      if (!hand.controls.dragging) {
        if (this._arrived(hand, data[arm], this.goals[arm])) this._give(arm, null);
        if (!this.goals[arm]) place(hand.proxy, data[arm]);
      }
      this._dress(arm);
    }
    this._view.touch();
  }

  // "move" or "turn" shows those handles, null none.
  show(mode) {
    if (this._mode === mode && this._shown) return;
    if (!mode) this.letGo();
    this._mode = mode;
    this._shown = Boolean(this._canvas);
    for (const { controls, helper, proxy, dot } of Object.values(this._hands)) {
      helper.visible = proxy.visible = dot.visible = mode !== null;
      controls.enabled = mode !== null;
      if (!mode) continue;
      controls.setMode(MODES[mode][0]);
      controls.setSpace(MODES[mode][1]);
    }
    this._view.touch();
  }

  // Put on the colours of the page's theme.
  wear() {
    for (const arm of ARMS) if (this._hands[arm]) this._dress(arm);
    this._view.touch();
  }

  letGo() {
    for (const arm of ARMS) {
      this._hands[arm]?.controls.pointerUp(null);
      if (this.goals[arm] && this._data) place(this._hands[arm].proxy, this._data[arm]);
      this._give(arm, null);
    }
  }

  // Where the handle of an arm is in the view [CSS pixels from its corner].
  onScreen(arm) {
    const { clientWidth, clientHeight } = this._canvas;
    POINT.copy(this._hands[arm].proxy.position).project(this._theatre.camera);
    return [((POINT.x + 1) / 2) * clientWidth, ((1 - POINT.y) / 2) * clientHeight];
  }

  // ------------------------------------------------------------------------------------------------ the parts

  _furnish(theatre, canvas) {
    this._theatre = theatre;
    this._canvas = canvas;
    const scrolls = canvas.style.touchAction;
    for (const arm of ARMS) this._hands[arm] = this._hand(arm);
    canvas.style.touchAction = scrolls; // the handles would take it away from the page everywhere in the view
    canvas.addEventListener("touchstart", (event) => this._grips(event) && event.preventDefault(), { passive: false });
    canvas.addEventListener("pointercancel", () => this.letGo());
    this._view.drawn = () => this._label();
    this.show(this._mode);
    if (this._data) this.follow(this._data);
  }

  _hand(arm) {
    const [proxy, dot, wanted] = [new Group(), sphere(), marker()];
    const line = new Mesh(new CylinderGeometry(0.0014, 0.0014, 1, 6), see(0.5));
    const controls = new TransformControls(this._theatre.camera, this._canvas);
    const helper = controls.getHelper();
    const note = document.createElement("span");
    note.className = "hand-note";
    note.hidden = true;
    this._view.element.append(note);
    proxy.add(wanted);
    wanted.visible = line.visible = false;
    controls.setSize(SIZE);
    controls.attach(proxy);
    controls.addEventListener("change", () => this._view.touch());
    controls.addEventListener("axis-changed", () => this._point());
    controls.addEventListener("dragging-changed", ({ value }) => this._drag(arm, value));
    controls.addEventListener("objectChange", () => controls.dragging && this._give(arm, goalOf(proxy)));
    this._theatre.furnish(proxy, dot, line, helper);
    return { proxy, dot, wanted, line, controls, helper, note, since: 0, reach: "free" };
  }

  // A finger that touches a handle drags it; elsewhere it scrolls the page or turns the view.
  _grips({ touches: [{ clientX, clientY }] }) {
    const { left, top, width, height } = this._canvas.getBoundingClientRect();
    const pointer = { x: ((clientX - left) / width) * 2 - 1, y: 1 - ((clientY - top) / height) * 2, button: 0 };
    return ARMS.some((arm) => {
      const { controls } = this._hands[arm];
      if (!controls.enabled) return false;
      controls.pointerHover(pointer);
      return controls.axis !== null;
    });
  }

  _point() {
    const over = ARMS.some((arm) => this._hands[arm]?.controls.axis);
    this._canvas.style.cursor = over ? "move" : "";
  }

  // One handle is dragged at a time, and the view stands still meanwhile.
  _drag(arm, dragging) {
    const other = this._hands[arm === "left" ? "right" : "left"];
    other.controls.enabled = !dragging && this._mode !== null;
    this._theatre.orbit(!dragging);
    this._hands[arm].since = performance.now();
    if (dragging) this._give(arm, goalOf(this._hands[arm].proxy));
  }

  _arrived({ since }, { position, quaternion, reach }, goal) {
    if (!goal) return false;
    const gap = Math.hypot(...goal.position.map((value, axis) => value - position[axis]));
    const waited = performance.now() - since;
    if (gap < NEAR && angle(goal.quaternion, quaternion) < NEAR_TURN) return true;
    return waited > (reach === "free" ? PATIENCE_MS : HINDERED_MS);
  }

  _give(arm, goal) {
    if (this.goals[arm] === goal) return;
    this.goals[arm] = goal;
    this._dress(arm);
    this._changed();
  }

  // ------------------------------------------------------------------------------------------------ how they look

  _dress(arm) {
    const hand = this._hands[arm];
    if (!hand) return;
    const style = getComputedStyle(this._view.element);
    const colour = (name) => style.getPropertyValue(name).trim() || "orange";
    hand.dot.material.color.set(colour(COLOURS[hand.reach] ?? HINDERED));
    hand.wanted.visible = this.goals[arm] !== null;
    for (const part of [...hand.wanted.children, hand.line]) part.material.color.set(colour(WANTED));
    between(hand.line, hand.dot.position, hand.proxy.position);
    hand.line.visible &&= hand.wanted.visible;
  }

  // The words stand beside the gripper, wherever that is in the picture now.
  _label() {
    for (const arm of ARMS) {
      const { note, reach } = this._hands[arm];
      const words = this._mode ? (WORDS[reach] ?? "") : "";
      note.hidden = !words;
      if (!words) continue;
      if (note.textContent !== words) note.textContent = words;
      const [x, y] = this.onScreen(arm);
      note.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
    }
  }
}

const see = (opacity) => new MeshBasicMaterial({ color: new Color(), transparent: true, opacity, depthTest: false });

function sphere() {
  const dot = new Mesh(new SphereGeometry(0.009, 16, 12), see(0.8));
  dot.renderOrder = 3;
  return dot;
}

// The outline of a gripper's two fingers, which point along x.
function marker() {
  const outline = new Group();
  const bars = [
    [0.06, 0.004, 0.008, -0.025, 0.026],
    [0.06, 0.004, 0.008, -0.025, -0.026],
    [0.008, 0.056, 0.008, -0.055, 0],
  ];
  for (const [length, width, height, x, y] of bars) {
    const bar = new Mesh(new BoxGeometry(length, width, height), see(0.55));
    bar.position.set(x, y, 0);
    bar.renderOrder = 3;
    outline.add(bar);
  }
  return outline;
}

function between(line, from, to) {
  ALONG.subVectors(to, from);
  const length = ALONG.length();
  line.visible = length > 1e-3;
  if (!line.visible) return;
  line.position.addVectors(from, to).multiplyScalar(0.5);
  line.scale.set(1, length, 1);
  line.quaternion.setFromUnitVectors(UP, ALONG.divideScalar(length));
}

function place(object, { position, quaternion: [w, x, y, z] }) {
  object.position.fromArray(position);
  object.quaternion.set(x, y, z, w);
}

function goalOf({ position, quaternion: { w, x, y, z } }) {
  return { position: position.toArray(), quaternion: [w, x, y, z] };
}

// [rad] between two quaternions, whichever sign they have.
function angle(one, other) {
  const cosine = Math.abs(one.reduce((sum, value, index) => sum + value * other[index], 0));
  return 2 * Math.acos(Math.min(cosine, 1));
}
