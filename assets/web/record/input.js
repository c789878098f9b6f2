// What a person's hands ask of the arms now, whichever keys, sticks, pads, sliders or handles say so: one state, sent to
// the server at once when it changes, and again and again while something is held.
export const REPEAT_MS = 50; // the server lets go after 150 ms without a word
export const ARMS = ["left", "right"];
const NOTHING = [0, 0, 0];

const sources = new Map(); // name -> {ask, letGo}
const touched = []; // called when the first control is touched after a rest
let permitted = () => true;
let count = 0;
let sent = "";
let timer = null;
let touching = false;

// What the person chose; `heading` is how far the view is turned, in quarters of a circle.
export const settings = { active: "left", mirror: false, slow: false, limit: 1, heading: () => 0 };

// `ask()` says what a source wants of each arm whenever the state is gathered, {left: {...}, right: {...}} or null;
// `letGo()` makes it want nothing until it is touched anew. A source calls `poke` when it wants something else.
export function addSource(name, ask, letGo) {
  sources.set(name, { ask, letGo });
}

// While `condition()` does not hold, nothing can be held.
export function onlyWhile(condition) {
  permitted = condition;
}

export function onTouch(callback) {
  touched.push(callback);
}

export function activeArms() {
  return settings.active === "both" ? ARMS : [settings.active];
}

// Those that the next movement is for: a mirror moves both.
export function movedArms() {
  return settings.mirror ? ARMS : activeArms();
}

// A movement as the person sees it, along the world's axes: [to the right, away, up].
export function asSeen([right, away, up]) {
  const quarters = ((settings.heading() % 4) + 4) % 4;
  if (quarters === 1) return [away, -right, up];
  if (quarters === 2) return [-right, -away, up];
  if (quarters === 3) return [-away, right, up];
  return [right, away, up];
}

// The same movement for every active hand; in mirror mode the other hand does what a mirror between the arms would
// show.
export function forActive(move, turn, grip = 0) {
  const leading = settings.active === "right" ? "right" : "left";
  const [x, y, z] = asSeen(move);
  const [roll, pitch, yaw] = turn;
  const asked = {};
  for (const arm of movedArms()) {
    const mirrored = settings.mirror && arm !== leading;
    asked[arm] = { move: [mirrored ? -x : x, y, z], turn: mirrored ? [-roll, pitch, -yaw] : turn, grip };
  }
  return asked;
}

// Send what is asked now, if it differs from what was sent; keep sending while anything is held.
export function poke() {
  let arms = gathered();
  if (!idle(arms) && !permitted()) {
    dropAll();
    arms = gathered();
  }
  const held = !idle(arms);
  const began = held && !touching;
  touching = held;
  const text = JSON.stringify([arms, settings.slow, settings.limit]);
  if (held || text !== sent) transmit(arms, text);
  repeat(held);
  if (began) for (const callback of touched) callback();
}

// Every key, stick, pad, slider and handle is let go.
export function letGo() {
  dropAll();
  poke();
}

function dropAll() {
  for (const source of sources.values()) source.letGo();
}

function gathered() {
  const arms = { left: {}, right: {} };
  for (const { ask } of sources.values()) {
    const asked = ask();
    for (const arm of ARMS) if (asked?.[arm]) add(arms[arm], asked[arm]);
  }
  return arms;
}

// Rates of several sources add up; of positions the last one counts.
function add(arm, asked) {
  for (const [key, value] of Object.entries(asked)) {
    if (value === null || value === undefined) continue;
    if (key === "move" || key === "turn") {
      if (value.some(Boolean)) arm[key] = (arm[key] ?? NOTHING).map((one, axis) => clamped(one + value[axis]));
    } else if (key === "grip") {
      if (value) arm.grip = clamped((arm.grip ?? 0) + value);
    } else arm[key] = value;
  }
}

const clamped = (value) => Math.max(-1, Math.min(1, value));
const idle = (arms) => ARMS.every((arm) => Object.keys(arms[arm]).length === 0);

// Nothing waits for a line that is lost: what was asked then is no longer meant when it is back.
function transmit(arms, text) {
  if (!window.studio.connected) return;
  count += 1;
  sent = text;
  const { slow, limit } = settings;
  window.studio.command({ do: "drive", page: "record", n: count, slow, limit, ...arms });
}

function repeat(held) {
  if (held && timer === null) timer = setInterval(poke, REPEAT_MS);
  if (held || timer === null) return;
  clearInterval(timer);
  timer = null;
}
