// What can be pressed and slid beside the view: which hand, pads for fingers, grippers, joints.
import { ARMS, addSource, forActive, movedArms, poke, settings } from "./input.js";

const SETTLE_MS = 4000; // at most that a slider keeps asking after it was moved, so that the arm gets there
const LEAST_MS = 400; // between a slider's movement and the look at whether the arm is there
const NEAR = 0.015; // [rad], and of a gripper's opening
const OPEN = 0.4; // of a gripper's opening, from which a press closes it
const NUDGE_MS = 250; // that a pad is held by a press that has no end, as those of screen readers
const SHOWN = 2; // digits of a joint

const byId = (id) => document.getElementById(id);
const held = new Map(); // pointer -> {kind, by}
const openings = { left: null, right: null };
const joints = { left: null, right: null };
const since = { openings: 0, joints: 0 }; // when a slider of this kind was last moved [ms]
let hands = null; // where they are, by the server

function ask() {
  forget(() => true); // where the server says nothing of the hands, time alone ends it
  const asked = {};
  const [move, turn] = [total("move"), total("turn")];
  if (held.size) Object.assign(asked, forActive(move, turn));
  for (const arm of ARMS) {
    if (openings[arm] === null && joints[arm] === null) continue;
    asked[arm] = { ...asked[arm], opening: openings[arm], joints: joints[arm] };
  }
  return asked;
}

function total(kind) {
  const sum = [0, 0, 0];
  for (const pad of held.values()) if (pad.kind === kind) pad.by.forEach((value, axis) => (sum[axis] += value));
  return sum;
}

function letGo() {
  held.clear();
  for (const arm of ARMS) openings[arm] = joints[arm] = null;
}

addSource("pads", ask, letGo);

// ---------------------------------------------------------------------------------------------- hands and grippers

export function choose(active) {
  settings.active = active;
  const choice = byId(`hand-${active}`);
  if (choice) choice.checked = true;
}

export function toggleMirror(on = !settings.mirror) {
  settings.mirror = on;
  if (byId("hand-mirror")) byId("hand-mirror").checked = on;
}

export function toggleGripper(arms = movedArms()) {
  const open = arms.some((arm) => (openings[arm] ?? hands?.[arm]?.joints[6] ?? 0) > OPEN);
  for (const arm of arms) openings[arm] = open ? 0 : 1;
  since.openings = performance.now();
  poke();
}

function slid(input) {
  const [arm, index] = input.dataset.joint.split("-");
  joints[arm] ??= (hands?.[arm]?.joints ?? [0, 0, 0, 0, 0, 0]).slice(0, 6);
  joints[arm][Number(index)] = Number(input.value);
  input.nextElementSibling.value = Number(input.value).toFixed(SHOWN);
  since.joints = performance.now();
  poke();
}

// ---------------------------------------------------------------------------------------------- what the arms do

// The sliders follow the arms, but for those that lead them.
export function follow(data) {
  hands = data;
  if (forget((there) => !there(hands))) poke();
  for (const arm of ARMS) {
    if (openings[arm] === null) followGripper(arm, data[arm].joints[6]);
    if (joints[arm] === null) followJoints(arm, data[arm].joints);
  }
  const note = document.querySelector("[data-reach]");
  const text = ARMS.map((arm) => data[arm].note).filter(Boolean).join(" ");
  if (note && note.textContent !== text) note.textContent = text;
}

function followGripper(arm, opening) {
  const slider = byId(`grip-${arm}`);
  if (slider) slider.value = opening;
}

function followJoints(arm, values) {
  if (!byId("joints")?.open) return;
  for (let index = 0; index < 6; index++) {
    const slider = document.querySelector(`[data-joint="${arm}-${index}"]`);
    if (!slider) continue;
    slider.value = values[index];
    slider.nextElementSibling.value = values[index].toFixed(SHOWN);
  }
}

// A slider stops asking once the arm is there, or after a while in which it could not get there.
function forget(still) {
  const now = performance.now();
  const over = (asked, waited, there) => asked !== null && (waited > SETTLE_MS || (waited > LEAST_MS && !still(there)));
  let forgotten = false;
  for (const arm of ARMS) {
    const [opening, values] = [openings[arm], joints[arm]];
    if (over(opening, now - since.openings, (there) => near([opening], [there[arm].joints[6]]))) openings[arm] = null;
    if (over(values, now - since.joints, (there) => near(values, there[arm].joints))) joints[arm] = null;
    forgotten ||= openings[arm] !== opening || joints[arm] !== values;
  }
  return forgotten;
}

const near = (asked, values) => asked.every((value, index) => Math.abs(value - values[index]) < NEAR);

// ---------------------------------------------------------------------------------------------- fingers and the mouse

const padOf = (event) => event.target.closest?.("[data-pad]");
const meant = (button) => ({ kind: button.dataset.pad, by: button.dataset.by.split(",").map(Number) });

function press(name, button) {
  held.set(name, meant(button));
  button.classList.add("held");
  poke();
}

function release(name) {
  if (!held.delete(name)) return;
  for (const button of document.querySelectorAll("[data-pad].held")) button.classList.remove("held");
  poke();
}

document.addEventListener("pointerdown", (event) => {
  const button = padOf(event);
  if (!button || event.button !== 0) return;
  event.preventDefault();
  button.focus({ preventScroll: true });
  button.setPointerCapture(event.pointerId);
  press(event.pointerId, button);
});
for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
  document.addEventListener(name, (event) => release(event.pointerId));
}
document.addEventListener("contextmenu", (event) => padOf(event) && event.preventDefault()); // a long press is a hold
document.addEventListener("keydown", (event) => {
  const button = padOf(event);
  if (!button || ![" ", "Enter"].includes(event.key)) return;
  event.preventDefault();
  if (!event.repeat) press("key", button);
});
document.addEventListener("keyup", (event) => {
  if (padOf(event) && event.key === " ") event.preventDefault(); // it would be a click, and move once more
  release("key");
});
document.addEventListener("focusout", () => release("key"));
document.addEventListener("click", (event) => {
  const button = padOf(event);
  if (button && event.detail === 0 && !held.size) {
    press("nudge", button);
    setTimeout(() => release("nudge"), NUDGE_MS);
  }
  const grip = event.target.closest?.("[data-grip]");
  if (grip) toggleGripper(grip.dataset.grip ? [grip.dataset.grip] : undefined);
});
document.addEventListener("change", ({ target }) => {
  if (target.name === "hand") settings.active = target.id.slice("hand-".length);
  else if (target.id === "hand-mirror") settings.mirror = target.checked;
  else if (target.id === "hand-slow") settings.slow = target.checked;
});
document.addEventListener("input", ({ target }) => {
  if (target.id === "hand-limit") limit(target);
  else if (target.dataset?.joint) slid(target);
  else if (target.id?.startsWith("grip-")) {
    openings[target.id.slice("grip-".length)] = Number(target.value);
    since.openings = performance.now();
    poke();
  }
});

function limit(slider) {
  settings.limit = Number(slider.value);
  slider.setAttribute("aria-valuetext", `${Math.round(100 * settings.limit)} % of full speed`);
}
