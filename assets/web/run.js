// The Run tab's controls: buttons and keys become commands, examples and paraphrases fill the instruction box.
const SPEEDS = [0.25, 0.5, 1, 2, 4];
const SEAT_MS = 5000;
const TYPING_MS = 200;
const HISTORY_KEY = "oft-history";
const HISTORY_LENGTH = 20;
const SEEDS = { first: 20000, count: 100000 }; // no bundled policy was trained on any of these
const PARAPHRASE_HINT = { trained: "a wording from its training", heldOut: "a wording it never saw" };

let state = { state: "idle" };
let running = null; // the inputs of the run that goes on
let recalled = -1; // how far back in the history the box stands
let paraphrase = 0;
let asking = null; // for a seat, while none is free

const byId = (id) => document.getElementById(id);
const boxOf = (page) => document.querySelector(`#${page}-instruction textarea, #${page}-instruction input`);
const box = () => boxOf("run");
const active = () => state.state === "running" || state.state === "paused";
const send = (name, more = {}) => window.studio.command({ do: name, page: "run", ...more });

// Gradio keeps its own copy of what stands in a text box: it has to hear of a change.
function type(input, text) {
  const prototype = input instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
  Object.getOwnPropertyDescriptor(prototype.prototype, "value").set.call(input, text);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

// ---------------------------------------------------------------------------------------------- commands

function run(inputs) {
  const same = running && ["policy", "task", "seed"].every((key) => running[key] === inputs[key]);
  remember(inputs.instruction);
  if (active() && same) {
    if (inputs.instruction === state.instruction) return state.state === "paused" && send("resume");
    state.instruction = inputs.instruction;
    return send("say", { instruction: inputs.instruction, at_once: byId("run-when")?.value === "at_once" });
  }
  running = inputs;
  send("run", inputs);
}

// The inputs are gradio's: a click on its button hands them over.
function start(mode) {
  window.studio.nextMode = mode;
  byId("run-run").click();
}

const ACTIONS = {
  toggle: () => (active() ? send(state.state === "paused" ? "resume" : "pause") : start()),
  row: () => (active() ? send("row") : start("row")),
  chunk: () => (active() ? send("chunk") : start("chunk")),
  stop: () => send("stop"),
  again: () => send("again"),
  reset: () => byId("run-rewind").click(),
  random: () => type(document.querySelector("#run-seed input, #run-seed textarea"), String(randomSeed())),
  slower: () => setSpeed(-1),
  faster: () => setSpeed(1),
  focus: () => box().focus(),
  say: () => nextParaphrase(),
  keys: () => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "?", bubbles: true })), // of the open tab
};

function randomSeed() {
  return SEEDS.first + Math.floor(Math.random() * SEEDS.count);
}

// A seed is typed digit by digit: only the last one is worth a scene.
let typed = null;
function showScene(page, task, seed, again) {
  clearTimeout(typed);
  const message = { do: "scene", page, task, seed, again };
  if (again) window.studio.command(message);
  else typed = setTimeout(() => window.studio.command(message), TYPING_MS);
}

function setSpeed(direction) {
  const select = byId("run-speed");
  const index = Math.min(Math.max(SPEEDS.indexOf(Number(select.value)) + direction, 0), SPEEDS.length - 1);
  select.value = String(SPEEDS[index]);
  send("set", { speed: SPEEDS[index] });
}

// ---------------------------------------------------------------------------------------------- what the buttons say

function follow(data) {
  state = data;
  const paused = data.state === "paused";
  const button = byId("run-pause");
  if (button) button.textContent = active() && !paused ? "Pause" : paused ? "Go on" : "Play";
  const main = byId("run-run");
  if (main) main.textContent = active() ? "Tell it" : "Run";
  for (const id of ["run-stop"]) if (byId(id)) byId(id).disabled = !active() && data.state !== "loading";
  if (byId("run-again")) byId("run-again").disabled = !running && data.state === "idle" && !data.known;
  if (byId("run-speed") && data.speed) byId("run-speed").value = String(data.speed);
  document.body.dataset.runState = data.state;
}

function seats(data) {
  const cover = byId("seats");
  if (!cover) return;
  cover.hidden = !data.taken;
  if (data.sentence) cover.querySelector("p").textContent = data.sentence;
  clearInterval(asking);
  asking = data.taken ? setInterval(() => send("open"), SEAT_MS) : null;
}

// ---------------------------------------------------------------------------------------------- words

const wordings = () => JSON.parse(byId("run-wordings")?.textContent ?? "{}");
const task = () => document.querySelector("[data-chips=run]")?.dataset.task ?? "put_x_into_pot";

function fillChips(place, name) {
  const examples = wordings()[name]?.examples ?? [];
  place.dataset.task = name;
  place.replaceChildren(...examples.map((text, index) => chip(place.dataset.chips, text, index)));
}

function chip(page, text, index) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "chip";
  button.id = `${page}-example-${index}`;
  button.textContent = text;
  button.addEventListener("click", () => type(boxOf(page), text));
  return button;
}

// The same object asked for in other words, first in wordings of the training, then in others.
function nextParaphrase() {
  const known = wordings()[task()] ?? { objects: [] };
  const words = box().value.toLowerCase();
  const named = known.objects.find((object) => object.keys.some((key) => words.includes(key))) ?? known.objects[0];
  if (!named) return;
  const all = [...named.trained.map((text) => [text, "trained"]), ...named.held_out.map((text) => [text, "heldOut"])];
  paraphrase = (paraphrase + 7) % all.length; // strides through the list: neighbours in it are alike
  const [text, kind] = all[paraphrase];
  type(box(), text);
  byId("run-paraphrase").title = PARAPHRASE_HINT[kind];
  document.querySelector("[data-paraphrase]").textContent = PARAPHRASE_HINT[kind];
}

function history() {
  try {
    return JSON.parse(localStorage.getItem(HISTORY_KEY) ?? "[]");
  } catch {
    return [];
  }
}

function remember(text) {
  recalled = -1;
  const kept = [text, ...history().filter((other) => other !== text)].slice(0, HISTORY_LENGTH);
  localStorage.setItem(HISTORY_KEY, JSON.stringify(kept));
  fillHistory();
}

function fillHistory() {
  const select = byId("run-history");
  if (!select) return;
  const title = new Option("History", "");
  select.replaceChildren(title, ...history().map((text) => new Option(text, text)));
  select.disabled = history().length === 0;
}

function recall(direction) {
  const kept = history();
  recalled = Math.min(Math.max(recalled + direction, -1), kept.length - 1);
  if (recalled >= 0) type(box(), kept[recalled]);
}

// ---------------------------------------------------------------------------------------------- keys

const KEYS = {
  " ": "toggle",
  ".": "row",
  c: "chunk",
  s: "stop",
  r: "reset",
  a: "again",
  n: "random",
  "-": "slower",
  "+": "faster",
  "=": "faster",
  "/": "focus",
  p: "say",
  "?": "keys",
};

const VIEW_KEYS = ["+", "-", "="]; // a focused 3D view zooms with them

function toggleKeys() {
  const dialog = byId("keys");
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

function openTab() {
  return document.querySelector('[role=tab][aria-selected="true"]')?.textContent.trim();
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return stopWhatRuns(event);
  if (event.target === box()) return typing(event);
  if (event.target.closest("input, textarea, select, [contenteditable], dialog, [role=listbox]")) return;
  if (event.target.closest("canvas") && VIEW_KEYS.includes(event.key)) return;
  if (event.key === "?") return toggleKeys();
  if (openTab() !== "Run") return;
  const onButton = event.target.closest("button, a, summary, [role=tab]");
  if (event.key === " " && onButton) return; // a space presses the button that has the focus
  const action = ACTIONS[KEYS[event.key]];
  if (!action) return;
  event.preventDefault();
  action();
}

function typing(event) {
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    event.preventDefault();
    recall(event.key === "ArrowUp" ? 1 : -1);
  }
}

function stopWhatRuns(event) {
  if (event.target.closest?.("dialog, [data-inspector], [role=listbox]")) return;
  if (openTab() === "Run") return send("stop");
  const buttons = [...document.querySelectorAll("#compare-stop, #listen-stop, #record-stop")];
  buttons.find((button) => button.offsetParent)?.click();
}

// ---------------------------------------------------------------------------------------------- wiring

document.addEventListener("keydown", pressed);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-run]");
  if (button) ACTIONS[button.dataset.run]?.();
});
document.addEventListener("change", (event) => {
  if (event.target.id === "run-speed") send("set", { speed: Number(event.target.value) });
  if (event.target.id === "run-history" && event.target.value) {
    type(box(), event.target.value);
    event.target.value = "";
  }
});

window.studioRun = {
  run: (policy, task, seed, instruction, rows, ensemble) => {
    const mode = window.studio.nextMode;
    window.studio.nextMode = undefined;
    run({ policy, task, seed, instruction, rows, ensemble, mode });
  },
  set: (rows, ensemble) => send("set", { rows, ensemble }),
  scene: (page, task, seed, again) => showScene(page, task, seed, again),
  task: (page, name, seed) => {
    const place = document.querySelector(`[data-chips=${page}]`);
    if (place) fillChips(place, name);
    const example = wordings()[name]?.examples[0];
    if (example) type(boxOf(page), example);
    showScene(page, name, seed, false);
  },
};
window.studio.listen("run-state", ({ data }) => follow(data));
window.studio.listen("seats", ({ data }) => seats(data));

// What a word means stands where the word stands; gradio's labels have no place for it.
const TIPS = {
  "run-rows": "Rows of each chunk that are carried out before the policy looks again (replanning); a row is 40 ms.",
  "run-ensemble":
    "Temporal ensembling: where chunks overlap their rows are averaged. It needs replanning before a chunk ends, asks " +
    "the policy more often (see 'policy asked'), and can lower success.",
  "run-seed": "Where everything lies at the start: the same number gives the same scene.",
};

// Gradio builds the page late.
const built = new MutationObserver(() => {
  const places = document.querySelectorAll("[data-chips]:empty");
  if (!places.length) return;
  for (const place of places) fillChips(place, place.dataset.task);
  for (const [id, tip] of Object.entries(TIPS)) if (byId(id)) byId(id).title = tip;
  fillHistory();
  follow(state);
});
built.observe(document.body, { childList: true, subtree: true });
