// Keys that move the hands for as long as they are held. They are known by their place on the keyboard, so that every
// layout has them under the same fingers.
import { addSource, forActive, poke, settings } from "./input.js";

const MOVES = {
  KeyW: [0, 1, 0],
  KeyS: [0, -1, 0],
  KeyA: [-1, 0, 0],
  KeyD: [1, 0, 0],
  KeyE: [0, 0, 1],
  KeyQ: [0, 0, -1],
};
const TURNS = {
  KeyI: [0, -1, 0],
  KeyK: [0, 1, 0],
  KeyJ: [0, 0, 1],
  KeyL: [0, 0, -1],
  KeyU: [-1, 0, 0],
  KeyO: [1, 0, 0],
};
const GRIPS = { KeyZ: -1, KeyX: 1 };
const SLOW = ["ShiftLeft", "ShiftRight"];

const held = new Set();

export const drives = ({ code }) => code in MOVES || code in TURNS || code in GRIPS;

export function press({ code, repeat }) {
  if (repeat) return;
  held.add(code);
  light();
  poke();
}

export function release({ code }) {
  if (SLOW.includes(code)) slow(false);
  if (!held.delete(code)) return;
  light();
  poke();
}

// Shift is slow for as long as it is held, the switch for good.
export function slow(on) {
  const wanted = on || document.getElementById("hand-slow")?.checked === true;
  if (settings.slow === wanted) return;
  settings.slow = wanted;
  if (held.size) poke();
}

export const slows = ({ code }) => SLOW.includes(code);

// The key map says what each key is called on this keyboard, where the browser knows.
export async function label(root) {
  const layout = await navigator.keyboard?.getLayoutMap?.().catch(() => null);
  if (!layout) return;
  for (const key of root.querySelectorAll("[data-code]")) {
    const name = layout.get(key.dataset.code);
    if (name) key.textContent = name.toUpperCase();
  }
}

function light() {
  for (const key of document.querySelectorAll(".key-map [data-code]")) {
    key.classList.toggle("held", held.has(key.dataset.code));
  }
}

function sum(table) {
  const total = [0, 0, 0];
  for (const code of held) (table[code] ?? []).forEach((value, axis) => (total[axis] += value));
  return total;
}

function ask() {
  if (!held.size) return null;
  let grip = 0;
  for (const code of held) grip += GRIPS[code] ?? 0;
  return forActive(sum(MOVES), sum(TURNS), grip);
}

function letGo() {
  held.clear();
  light();
  settings.slow = document.getElementById("hand-slow")?.checked === true;
}

addSource("keyboard", ask, letGo);
