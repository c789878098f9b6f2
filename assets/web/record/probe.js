// Measures the time from a key to the message in which a gripper has moved; drawing is not in it.
const MOVED = 5e-5; // [m]
const KEYS = [
  { code: "KeyE", key: "e", bubbles: true },
  { code: "KeyQ", key: "q", bubbles: true },
];
const GIVE_UP_MS = 5000;
const HEADER = 4;
const STRIDE = 7;
const GRIPPER = /^vx300s_(left|right)\/gripper_link$/;

const waiting = new Set();
let grippers = []; // their places among the poses
let last = null;
let presses = 0;

export function enter(bodies) {
  grippers = bodies.flatMap((name, index) => (GRIPPER.test(name) ? [index] : []));
}

export function take(floats) {
  last = floats;
  for (const look of waiting) look(floats);
}

// {delay} [ms]; rejects where no gripper moves.
export function probe() {
  const key = KEYS[presses++ % KEYS.length]; // up and down in turn, so that the hand stays where it is free
  const before = last;
  return new Promise((resolve, reject) => {
    const end = (then) => {
      clearTimeout(timer);
      waiting.delete(look);
      document.body.dispatchEvent(new KeyboardEvent("keyup", key));
      then();
    };
    const look = (floats) => {
      if (moved(before, floats)) end(() => resolve({ delay: performance.now() - began }));
    };
    const timer = setTimeout(() => end(() => reject(new Error("no gripper moved"))), GIVE_UP_MS);
    waiting.add(look);
    const began = performance.now();
    document.body.dispatchEvent(new KeyboardEvent("keydown", key));
  });
}

function moved(before, after) {
  if (!before || before.length !== after.length) return false;
  return grippers.some((body) => {
    const at = HEADER + body * STRIDE;
    return [0, 1, 2].some((axis) => Math.abs(after[at + axis] - before[at + axis]) > MOVED);
  });
}
