// A gamepad: each stick moves its own arm, with its shoulder button held the stick goes up and down and turns the
// gripper, and the triggers say how far each gripper is closed.
import { addSource, asSeen, forActive, poke } from "./input.js";

const DEAD = 0.15; // of a stick's travel
const TOUCHED = 0.05; // of a trigger's
const POLL_MS = 16;
const STICKS = {
  left: { x: 0, y: 1, shoulder: 4, trigger: 6 },
  right: { x: 2, y: 3, shoulder: 5, trigger: 7 },
}; // axes and buttons of the standard layout
const TURNS = {
  12: [0, -1, 0],
  13: [0, 1, 0],
  14: [0, 0, 1],
  15: [0, 0, -1],
  2: [-1, 0, 0],
  1: [1, 0, 0],
}; // the cross, X and B
const ACTIONS = { 0: "over", 3: "home", 8: "rewind", 9: "toggle" }; // A, Y, Back, Start

let asked = null;
let muzzled = false; // let go while a stick was out: it counts again once everything is at rest
let timer = null;
let down = new Set(); // buttons that were down at the last look
const used = { left: false, right: false }; // a trigger counts from its first touch on
const NEVER = () => {};

// Look at the gamepad from now on; `act(name)` hears of the buttons that lead the take.
export function watch(act = NEVER) {
  clearInterval(timer);
  const found = pads().length > 0;
  timer = found ? setInterval(() => look(act), POLL_MS) : null;
  if (found) return;
  asked = null;
  poke();
}

const pads = () => [...(navigator.getGamepads?.() ?? [])].filter((pad) => pad?.connected);
const isDown = (pad, button) => (pad.buttons[button]?.pressed || pad.buttons[button]?.value > 0.5) === true;

function look(act) {
  const pad = document.hasFocus() ? pads()[0] : null;
  const before = JSON.stringify(asked);
  const now = pad ? wanted(pad) : null;
  muzzled &&= now !== null;
  asked = muzzled ? null : now;
  if (JSON.stringify(asked) !== before) poke();
  if (pad) lead(pad, act);
}

function wanted(pad) {
  const arms = {};
  for (const [arm, places] of Object.entries(STICKS)) arms[arm] = armOf(pad, places, arm);
  const turn = [0, 0, 0];
  for (const [button, by] of Object.entries(TURNS)) {
    if (isDown(pad, button)) by.forEach((value, axis) => (turn[axis] += value));
  }
  if (turn.some(Boolean)) {
    for (const [arm, input] of Object.entries(forActive([0, 0, 0], turn))) arms[arm].turn = input.turn;
  }
  return Object.values(arms).some((input) => Object.keys(input).length) ? arms : null;
}

function armOf(pad, { x, y, shoulder, trigger }, arm) {
  const [right, up] = [alive(pad.axes[x] ?? 0), -alive(pad.axes[y] ?? 0)];
  const input = {};
  if (isDown(pad, shoulder)) {
    if (up) input.move = [0, 0, up];
    if (right) input.turn = [0, 0, -right];
  } else if (right || up) input.move = asSeen([right, up, 0]);
  const closed = pad.buttons[trigger]?.value ?? 0;
  if (closed > TOUCHED) used[arm] = true;
  if (used[arm]) input.opening = Math.round(100 * (1 - closed)) / 100;
  if (closed <= TOUCHED) used[arm] = false; // open once more, and then it is free
  return input;
}

const alive = (value) => (Math.abs(value) < DEAD ? 0 : (Math.sign(value) * (Math.abs(value) - DEAD)) / (1 - DEAD));

function lead(pad, act) {
  const now = new Set(Object.keys(ACTIONS).filter((button) => isDown(pad, button)));
  for (const button of now) if (!down.has(button)) act(ACTIONS[button]);
  down = now;
}

function letGo() {
  muzzled ||= asked !== null;
  asked = null;
  used.left = used.right = false;
}

addSource("gamepad", () => asked, letGo);
