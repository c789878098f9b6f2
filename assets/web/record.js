// The Record tab: hands drive the arms, buttons and keys lead the take.
import { activeArms, addSource, letGo, onTouch, onlyWhile, poke, settings } from "./record/input.js";
import * as gamepad from "./record/gamepad.js";
import * as keyboard from "./record/keyboard.js";
import * as pads from "./record/pads.js";
import * as probing from "./record/probe.js";
import * as queue from "./record/queue.js";
import * as review from "./record/review.js";
import { choosePlace, chosenStep, follow as followTake, onBackTo, take, underWay } from "./record/take.js";
import { Gizmos } from "./view3d/gizmos.js";

const REWIND_SECONDS = 2;
const STARTING_MS = 4000; // in which a take that was asked for should have begun
const EXPERT = "expert";
const TYPED_INTO = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const byId = (id) => document.getElementById(id);
const send = (name, more = {}) => window.studio.command({ do: name, page: "record", ...more });
const openTab = () => document.querySelector('[role=tab][aria-selected="true"]')?.textContent.trim();
const here = () => openTab() === "Record";
const overlaid = () => document.querySelector("dialog[open], #seats:not([hidden])") !== null;

let gizmos = null;
let lastHands = null; // where the grippers are, by the server
let startedAt = -Infinity; // when a take was asked for [ms]

// ---------------------------------------------------------------------------------------------- commands

function start(driver, task, seed, instruction, operator) {
  startedAt = performance.now();
  localStorage.setItem("oft-operator", operator ?? "");
  send("take-start", { driver: driver.startsWith(EXPERT) ? EXPERT : driver, task, seed, instruction, operator });
}

function over() {
  if (take.driver !== "human") return send("take-over");
  send("hand-back", { to: byId("take-to").value || EXPERT });
}

function rewind(how) {
  choosePlace(null);
  send("take-rewind", { ...how, keep: byId("take-branch").checked });
}

const standing = () => take.state === "paused" || take.state === "review";

const ACTIONS = {
  toggle: () => send(standing() ? "take-go" : "take-pause"),
  over,
  rewind: () => rewind({ seconds: REWIND_SECONDS }),
  chunk: () => rewind({ chunk: true }),
  place: () => chosenStep() !== null && rewind({ step: chosenStep() }),
  end: () => send("take-end"),
  keep: () => send("take-keep", review.labels()),
  discard: () => send("take-discard"),
  back: () => send("take-go"),
  expert: () => send("hand-back", { to: EXPERT }),
  mark: () => mark(byId("take-mark").value.trim()),
  unmark: () => send("take-mark", { text: "" }),
  home: () => assist("home"),
  above: () => assist("above"),
  align: () => assist("align"),
};

function mark(text) {
  if (!text) return byId("take-mark").focus();
  send("take-mark", { text });
  byId("take-mark").value = "";
}

const assist = (name) => send("assist", { name, arm: settings.active === "both" ? null : activeArms()[0] });

// Whatever leads the take lets go of the arms first: a slider that still asks would take them over again.
function act(name) {
  if (!underWay()) return;
  letGo();
  ACTIONS[name]();
}

// The first touch begins a take, and lets time pass again where it stands.
function touched() {
  if (take.state === "paused") return send("take-go");
  const starting = performance.now() - startedAt < STARTING_MS;
  if (underWay() || starting) return;
  startedAt = performance.now();
  byId("record-run")?.click();
}

// ---------------------------------------------------------------------------------------------- keys

const KEYS = {
  KeyG: () => pads.toggleGripper(),
  KeyM: () => pads.toggleMirror(),
  KeyR: () => turnHandles(),
  Digit1: () => pads.choose("left"),
  Digit2: () => pads.choose("right"),
  Digit3: () => pads.choose("both"),
  KeyH: () => act("home"),
  KeyB: () => act("above"),
  KeyV: () => act("align"),
  KeyF: () => act("expert"),
  KeyT: () => act("over"),
  Space: () => act("toggle"),
  Backspace: (event) => act(event.shiftKey ? "chunk" : "rewind"),
  Enter: () => act(take.state === "review" ? "keep" : "end"),
  NumpadEnter: () => act(take.state === "review" ? "keep" : "end"),
};

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !here() || overlaid()) return;
  if (event.target.closest(TYPED_INTO)) return typing(event);
  if (event.target.closest("[role=listbox]")) return;
  if (keyboard.slows(event)) return keyboard.slow(true);
  if (event.key === "Escape") return stopMoving();
  if (event.key === "?") return toggleKeyMap(event);
  if (keyboard.drives(event)) {
    keyboard.press(event);
    return event.preventDefault();
  }
  const onButton = event.target.closest("button, a, summary, [role=tab], input");
  if (onButton && [" ", "Enter"].includes(event.key)) return; // it presses what has the focus
  const action = KEYS[event.code];
  if (!action || event.repeat) return;
  event.preventDefault();
  action(event);
}

function typing(event) {
  if (event.key !== "Enter" || event.isComposing) return;
  if (event.target.closest(".review input")) act("keep");
  else if (event.target.id === "take-mark") act("mark");
}

function stopMoving() {
  letGo();
  if (take.state === "running") send("take-pause");
}

// On this tab the list of keys is its own; that of the Run tab stays shut.
function toggleKeyMap(event) {
  event.stopImmediatePropagation();
  event.preventDefault();
  byId("key-map").open = !byId("key-map").open;
  if (byId("key-map").open) byId("key-map").scrollIntoView({ block: "nearest" });
}

function turnHandles() {
  const next = byId(byId("gizmo-turn").checked ? "gizmo-move" : "gizmo-turn");
  next.checked = true;
  showHandles();
}

// ---------------------------------------------------------------------------------------------- the page

// Who can be handed the arms: everybody in the list of those who begin, but the person.
function fillHandTo() {
  const [select, names] = [byId("take-to"), JSON.parse(byId("record-drivers")?.dataset.names ?? "[]")];
  select.replaceChildren(...names.map((name) => new Option(name, name.startsWith(EXPERT) ? EXPERT : name)));
}

// Gradio builds the page late, and may build a part of it anew.
function build() {
  if (!byId("take-to")) return;
  const view = document.querySelector("[data-view=record]")?.sceneView;
  if (view && !gizmos?.alive) furnish(view);
  if (byId("take-to").dataset.built) return;
  byId("take-to").dataset.built = "yes";
  fillHandTo();
  const operator = document.querySelector("#record-operator input, #record-operator textarea");
  if (operator && !operator.value) type(operator, localStorage.getItem("oft-operator") ?? "");
  byId("key-map").open = window.matchMedia("(min-width: 721px) and (pointer: fine)").matches;
  keyboard.label(byId("key-map"));
  showTake(take);
  if (lastQueue) queue.follow(lastQueue);
}

function furnish(view) {
  gizmos = new Gizmos(view, poke);
  showHandles();
  if (lastHands) gizmos.follow(lastHands);
}

function showHandles() {
  gizmos?.show(underWay() ? (byId("gizmo-turn")?.checked ? "turn" : "move") : null);
}

function type(input, text) {
  const prototype = input instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
  Object.getOwnPropertyDescriptor(prototype.prototype, "value").set.call(input, text);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

let lastQueue = null;

function showTake(data) {
  followTake(data);
  review.follow(data);
  showHandles();
}

function goals() {
  if (!gizmos) return null;
  return Object.fromEntries(Object.entries(gizmos.goals).flatMap(([arm, goal]) => (goal ? [[arm, { goal }]] : [])));
}

settings.heading = () => gizmos?.quarters ?? 0;
addSource("gizmos", goals, () => gizmos?.letGo());
onlyWhile(() => here() && window.studio.connected && !document.hidden && !overlaid());
onTouch(touched);
onBackTo(() => act("place"));

document.addEventListener("keydown", pressed);
window.addEventListener("keydown", (event) => event.key === "?" && pressed(event), true); // before the Run tab's
document.addEventListener("keyup", keyboard.release);
document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("button[data-take], button[data-assist]");
  if (button) act(button.dataset.take ?? button.dataset.assist);
  if (target.closest?.("[role=tab]")) letGo();
});
document.addEventListener("change", ({ target }) => {
  if (target.name === "gizmo") showHandles();
  if (target.id === "take-still" && underWay()) send("take-still", { on: target.checked });
});
window.addEventListener("blur", letGo);
window.addEventListener("pagehide", letGo);
document.addEventListener("visibilitychange", () => document.hidden && letGo());
document.addEventListener("studio:lost", letGo);
for (const event of ["gamepadconnected", "gamepaddisconnected"]) {
  window.addEventListener(event, () => gamepad.watch((name) => here() && !overlaid() && act(name)));
}

window.studioRecord = { start, probe: probing.probe, hands: () => lastHands, gizmos: () => gizmos };
const { listen } = window.studio;
listen("record-take", ({ data }) => showTake(data));
listen("record-hands", ({ data }) => {
  lastHands = data;
  pads.follow(data);
  gizmos?.follow(data);
});
listen("record-queue", ({ data }) => {
  lastQueue = data;
  queue.follow(data);
});
listen("record-scene", ({ data }) => probing.enter(data.bodies));
listen("record-poses", ({ floats }) => probing.take(floats));
listen("record-seed", ({ data }) => {
  const box = document.querySelector("#record-seed input, #record-seed textarea");
  if (box && box.value !== String(data.seed)) type(box, String(data.seed));
});
new MutationObserver(build).observe(document.body, { childList: true, subtree: true });
new MutationObserver(() => gizmos?.wear()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
build();
