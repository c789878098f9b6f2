// The take bar and the take's line in time.
const ACTIVE = ["ready", "running", "paused", "review"];
const SOURCES = ["policy", "human", "expert"]; // by their number in `runs`
const EVENTS = {
  take_over: "you took over",
  hand_back: "handed",
  rewind: "rewound",
  pause: "paused",
  said: "told",
  branch: "branch",
};
const HZ = 50; // control steps a second
const STRIDE = 5; // steps that an arrow key goes along the line
const BIG_STRIDE = 50;
const KEYS = { ArrowLeft: -STRIDE, ArrowDown: -STRIDE, ArrowRight: STRIDE, ArrowUp: STRIDE };
const BIG_KEYS = { PageDown: -BIG_STRIDE, PageUp: BIG_STRIDE, Home: -Infinity, End: Infinity };

const byId = (id) => document.getElementById(id);
export let take = { take: null, state: "idle" };
let place = null; // the step that the person chose to go back to
let backTo = () => {};

export const underWay = () => ACTIVE.includes(take.state);
export const chosenStep = () => place;

// `go()` is called when the person wants to be at the chosen step.
export function onBackTo(go) {
  backTo = go;
}

export function follow(data) {
  tell(take, data);
  take = data;
  document.body.dataset.takeState = data.state;
  if (!take.length || place >= take.length) place = null;
  buttons();
  line();
  facts();
}

// ---------------------------------------------------------------------------------------------- buttons

function buttons() {
  if (!byId("take-pause")) return;
  const { state, driver } = take;
  const on = underWay();
  for (const id of ["take-pause", "take-over"]) byId(id).disabled = !on;
  for (const id of ["take-rewind", "take-chunk", "take-end"]) byId(id).disabled = !on || !take.length;
  byId("take-end").disabled ||= state === "review";
  byId("take-pause").textContent = state === "paused" || state === "review" ? "Go on" : "Pause";
  byId("take-over").textContent = on && driver !== "human" ? "Take over" : "Hand to";
  byId("take-to").hidden = on && driver !== "human";
  if (byId("record-run")) byId("record-run").textContent = on ? "Restart" : "Start";
  if (byId("take-still") && take.still !== undefined) byId("take-still").checked = take.still;
}

// ---------------------------------------------------------------------------------------------- words

function facts() {
  const spot = document.querySelector("[data-take-facts]");
  if (!spot) return;
  const words = underWay() ? sentence() : "No take yet: press Start, or move an arm.";
  if (spot.textContent !== words) spot.textContent = words;
  spot.classList.toggle("bad", Boolean(take.trouble));
}

function sentence() {
  if (take.trouble) return take.trouble;
  if (!take.length) return take.state === "paused" ? "Paused." : "Ready: move an arm, or hand them to a policy.";
  const parts = [`${take.seconds.toFixed(1)} s, ${take.length} steps`, `${take.durable} on disk`, `${who()}`];
  if (take.state === "paused") parts.push("paused");
  if (take.branches) parts.push(`${take.branches} kept branch${take.branches > 1 ? "es" : ""}`);
  if (take.assisting) parts.push(`assist: ${take.assisting}`);
  return parts.join(" · ");
}

const who = () => ({ human: "you drive", policy: `${take.name} drives`, expert: "the expert drives" })[take.driver];

// Changes that matter are read aloud; the figures, which change all the time, are not.
function tell(before, after) {
  const spot = document.querySelector("[data-take-said]");
  if (!spot || before.state === undefined) return;
  const words = said(before, after);
  if (words) spot.textContent = words;
}

function said(before, after) {
  const at = after.length ? ` at ${after.seconds.toFixed(1)} seconds` : "";
  if (after.take && after.take === before.take && after.length < before.length) return `Went back. The take stands${at}.`;
  if (after.state !== before.state) {
    return { ready: "Ready.", running: `Recording${at}.`, paused: `Paused${at}.`, review: "Keep this take?" }[after.state];
  }
  if (after.take !== before.take || after.driver === before.driver) return "";
  return { human: "You have the arms.", policy: `${after.name} has the arms.`, expert: "The expert has the arms." }[after.driver];
}

// ---------------------------------------------------------------------------------------------- the line in time

function line() {
  const frame = byId("take-line");
  if (!frame) return;
  frame.hidden = !take.length;
  showPlace(frame);
  if (!take.length) return;
  const { length, runs, chunks, events, segments, durable } = take;
  const share = (step) => `${(100 * step) / length}%`;
  const acted = runs.map(([start, source], index) => {
    const stop = runs[index + 1]?.[0] ?? length;
    return part("i", `source-${source}`, share(start), share(stop - start));
  });
  const ticks = chunks.map((step) => part("b", "chunk", share(step)));
  const parts = segments.map(({ start, stop, text }) => {
    const segment = part("i", "segment", share(start), share((stop ?? length) - start));
    segment.textContent = segment.title = text;
    return segment;
  });
  const marks = events.map(({ step, kind, text }) => {
    const mark = part("b", `event ${kind}`, share(step));
    mark.title = `${(step / HZ).toFixed(1)} s: ${EVENTS[kind] ?? kind} ${text}`;
    return mark;
  });
  frame.querySelector(".take-runs").replaceChildren(...acted, ...ticks);
  frame.querySelector(".take-marks").replaceChildren(...parts, ...marks);
  frame.querySelector(".take-durable").style.width = share(durable);
}

function part(kind, name, left, width) {
  const element = document.createElement(kind);
  element.className = name;
  element.style.left = left;
  if (width) element.style.width = width;
  return element;
}

// ---------------------------------------------------------------------------------------------- the chosen place

function showPlace(frame) {
  const [mark, button] = [frame.querySelector(".take-place"), byId("take-back-to")];
  mark.hidden = button.hidden = place === null || !take.length;
  frame.setAttribute("aria-valuemax", take.length ?? 0);
  frame.setAttribute("aria-valuenow", place ?? take.length ?? 0);
  frame.setAttribute("aria-valuetext", described(place ?? take.length ?? 0));
  if (mark.hidden) return;
  mark.style.left = `${(100 * place) / take.length}%`;
  button.textContent = `Back to ${(place / HZ).toFixed(1)} s`;
}

function described(step) {
  const words = [`${(step / HZ).toFixed(1)} seconds`];
  const run = take.runs?.findLast(([start]) => start <= step);
  if (run) words.push(SOURCES[run[1]] === "human" ? "you" : SOURCES[run[1]]);
  const segment = take.segments?.find(({ start, stop }) => start <= step && step < (stop ?? Infinity));
  if (segment) words.push(segment.text);
  return words.join(", ");
}

export function choosePlace(step) {
  place = step === null || !take.length ? null : Math.round(Math.max(0, Math.min(step, take.length - 1)));
  const frame = byId("take-line");
  if (frame) showPlace(frame);
}

function pointed(event) {
  const frame = event.target.closest?.("#take-line");
  if (!frame || (event.type === "pointermove" && !event.buttons)) return;
  const { left, width } = frame.getBoundingClientRect();
  choosePlace(((event.clientX - left) / width) * take.length);
}

function keyed(event) {
  if (event.target.id !== "take-line" || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = KEYS[event.key] ?? BIG_KEYS[event.key];
  if (step !== undefined) choosePlace((place ?? take.length) + step);
  else if (event.key === "Escape" && place !== null) choosePlace(null);
  else if (event.key === "Enter" && place !== null) backTo();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation(); // not the end of the take
}

document.addEventListener("pointerdown", pointed);
document.addEventListener("pointermove", pointed);
document.addEventListener("keydown", keyed);
