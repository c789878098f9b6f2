// Takes that are being written, and those that wait for a decision.
const STATES = {
  recovered: "recovered: it was cut off",
  aside: "put aside",
  discarded: "discarded",
  branch: "a branch that you kept",
  damaged: "damaged",
};
const STAGES = { waiting: "waiting", drawing: "drawing its pictures", writing: "writing", done: "done", failed: "failed" };
const SURE_MS = 4000;
const send = (name, take) => window.studio.command({ do: name, page: "record", take });
const shown = new Map(); // name of a row -> {text, row}: a row that says the same stays, with its focus

export function follow({ jobs, found }) {
  const list = document.getElementById("take-list");
  if (!list) return;
  const rows = [...jobs.toReversed().map((each) => kept(each, job)), ...found.map((each) => kept(each, waiting))];
  for (const [name, { row }] of shown) if (!rows.includes(row)) shown.delete(name);
  place(list, rows);
  document.getElementById("take-none").hidden = rows.length > 0;
  list.dataset.done = jobs.filter(({ stage }) => stage === "done").length;
}

function kept(each, make) {
  const [name, text] = [`${make.name} ${each.take}`, JSON.stringify(each)];
  const before = shown.get(name);
  if (before?.text === text) return before.row;
  const row = make(each);
  row.dataset.take = each.take;
  shown.set(name, { text, row });
  return row;
}

// Rows are moved only where they stand elsewhere: moving one takes the focus away.
function place(list, rows) {
  for (const row of [...list.children]) if (!rows.includes(row)) row.remove();
  rows.forEach((row, index) => {
    if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
  });
}

function job({ take, stage, done, total, episode, sentence }) {
  const row = item(`stage-${stage}`);
  text(row, "strong", episode ?? `Take ${short(take)}`);
  text(row, "span", sentence || STAGES[stage]);
  if (stage === "drawing" || stage === "writing") {
    const progress = document.createElement("progress");
    progress.max = total || 1;
    progress.value = done;
    progress.setAttribute("aria-label", `${STAGES[stage]}: ${done} of ${total}`);
    row.append(progress);
    text(row, "small", `${done} of ${total}`);
  }
  if (stage === "failed") button(row, "Try again", () => send("take-retry", take));
  if (stage === "done") button(row, "Look at it", openEpisodes);
  return row;
}

function waiting({ take, seconds, task, instruction, when, state }) {
  const row = item(`found-${state}`);
  text(row, "strong", `Take ${short(take)}`);
  text(row, "em", STATES[state] ?? state);
  text(row, "span", `${seconds.toFixed(1)} s, ${task}, “${instruction}”, ${new Date(1000 * when).toLocaleString()}`);
  if (state === "discarded") button(row, "Take it back", () => send("take-restore", take));
  else if (state !== "damaged") button(row, "Keep", () => send("take-accept", take));
  button(row, "Delete for good", (event) => certain(event.currentTarget, () => send("take-drop", take)));
  return row;
}

// What cannot be undone is pressed twice.
function certain(pressed, act) {
  if (pressed.dataset.sure) return act();
  const label = pressed.textContent;
  pressed.dataset.sure = "yes";
  pressed.textContent = "Really delete?";
  setTimeout(() => {
    delete pressed.dataset.sure;
    pressed.textContent = label;
  }, SURE_MS);
}

function openEpisodes() {
  [...document.querySelectorAll("[role=tab]")].find((tab) => tab.textContent.trim() === "Episodes")?.click();
}

const short = (take) => take.split("-").slice(1).join("-") || take;

function item(name) {
  const row = document.createElement("li");
  row.className = name;
  return row;
}

function text(row, kind, words) {
  const element = document.createElement(kind);
  element.textContent = words;
  row.append(element);
}

function button(row, label, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = label;
  element.addEventListener("click", act);
  row.append(element);
}
