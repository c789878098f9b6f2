// The Listen tab: how far plans lie apart that differ in nothing but the words, and what FiLM does with each line.

const MOVEMENT = 0.1; // [rad] plans further apart are other movements; the least that the darkest cell stands for
const ARMS = { larger: "of the arm that differs more", left: "of the left arm", right: "of the right arm" };
const TOWERS = { featurizer: "first tower", fused_featurizer: "second tower" };
const MOST_LINES = 40; // sent at most; the server says how many it takes
const LONGEST = 300; // [characters] of a line that are sent
const COVER = 0.78; // of a picture by the patch that changes most
const DELAY = 400; // [ms] after the last key in the seed's box

let result = null;
let state = "idle";
let arm = "larger";
let against = "against_mean";
let chosen = 0; // the instruction whose patches are shown
let timer = null;
let paths = []; // of the grippers, one for each line

const find = (name) => document.querySelector(`[data-listen="${name}"]`);
const place = () => find("legend") && find("results"); // gradio builds one after the other
const byId = (id) => document.getElementById(id);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// ---------------------------------------------------------------------------------------------- what is asked

const offered = () => JSON.parse(find("results")?.dataset.offered || "{}");

function ask(message) {
  const lines = message.lines.split("\n").filter((line) => line.trim());
  const short = lines.slice(0, MOST_LINES).map((line) => line.slice(0, LONGEST));
  window.studio.command({ ...message, lines: short.join("\n") });
}

// A number is typed digit by digit: only the last one is worth a scene.
function scene(task, seed) {
  clearTimeout(timer);
  timer = setTimeout(() => window.studio.command({ do: "listen-scene", page: "listen", task, seed }), DELAY);
}

// Lines that nobody changed are replaced by those of the other task.
function task(name, seed, lines) {
  scene(name, seed);
  const untouched = Object.values(offered()).some((text) => text.trim() === lines.trim());
  return untouched ? offered()[name] : lines;
}

// ---------------------------------------------------------------------------------------------- what was found

function follow({ data }) {
  state = data.state;
  const busy = state !== "idle";
  if (byId("listen-ask")) byId("listen-ask").disabled = busy;
  if (byId("listen-stop")) byId("listen-stop").disabled = !busy;
  show();
}

function receive({ data }) {
  if (data) {
    chosen = Math.min(chosen, data.instructions.length - 1);
    result = data;
    draw();
  } else if (state === "idle") result = null;
  show(!data);
}

let outdated = false;

// What was found stays in sight, faded, until something else is: so nothing jumps while the policy is asked.
function show(old = outdated) {
  outdated = old;
  const shown = place();
  if (!shown) return;
  if (old && state === "idle") result = null;
  shown.dataset.state = !result ? "empty" : old ? "old" : "found";
  find("empty").hidden = Boolean(result);
  find("found").hidden = !result;
  if (!result) find("legend").replaceChildren();
}

function draw() {
  if (!result || !place()) return;
  find("finding").textContent = result.finding.sentence;
  find("moment").textContent = `${result.policy}, ${result.task}, at ${result.moment}`;
  find("legend").replaceChildren(...result.instructions.map(legendRow));
  drawDistances();
  find("film-missing").hidden = Boolean(result.film);
  find("film-missing").textContent = result.film_missing;
  find("film").hidden = !result.film;
  if (result.film) {
    find("sizes").replaceChildren(sizesTable("gamma"), sizesTable("beta"));
    drawPatches();
  }
}

// ---------------------------------------------------------------------------------------------- rows and their marks

function swatch(index) {
  const made = element("i", { class: "listen-swatch", "aria-hidden": "true" });
  made.style.background = result.instructions[index].color;
  return made;
}

function legendRow(instruction, index) {
  const words = element("span", {}, instruction.line);
  return rowOf(element("span", { class: "listen-key" }, swatch(index), `${index + 1} `, words), index);
}

// Everything that belongs to an instruction is marked together.
function rowOf(made, index) {
  made.dataset.line = String(index);
  const mark = (on) => () => {
    for (const other of document.querySelectorAll(`.listen-found [data-line="${index}"], .listen-legend [data-line="${index}"]`))
      other.classList.toggle("marked", on);
    light(on ? index : null);
  };
  made.addEventListener("pointerenter", mark(true));
  made.addEventListener("pointerleave", mark(false));
  made.addEventListener("focusin", mark(true));
  made.addEventListener("focusout", mark(false));
  return made;
}

// The paths of one line stand out in the 3D view, or all of them as the server sent them.
function light(index) {
  const place = document.querySelector('[data-view="listen"]');
  if (!place?.sceneView || !paths.length) return;
  const faded = getComputedStyle(place).getPropertyValue("--listen-faded").trim();
  const dressed = paths.map((path, line) => ({ ...path, color: index === null || index === line ? path.color : faded }));
  place.sceneView.paths(dressed);
}

function choose(index) {
  chosen = index;
  for (const button of document.querySelectorAll("[data-listen-choose]"))
    button.setAttribute("aria-pressed", String(Number(button.dataset.listenChoose) === index));
  if (result?.film) drawPatches();
}

// ---------------------------------------------------------------------------------------------- the heat map

function drawDistances() {
  const values = result.distances[arm];
  const top = Math.max(MOVEMENT, ...values.flat());
  const titles = result.instructions.map((each, index) =>
    element("th", { scope: "col", title: each.line }, swatch(index), String(index + 1)),
  );
  const head = element("tr", {}, columnTitle("instruction"), columnTitle("its plan leads to"), ...titles);
  const rows = result.instructions.map((each, index) => distanceRow(each, index, values[index], top));
  const scale = top > MOVEMENT ? `The darkest cell is ${top.toFixed(2)} rad` : `The scale ends at ${top.toFixed(1)} rad`;
  const note = result.film ? " Press a line to see its patches." : "";
  const text = `Distance ${ARMS[arm]} [rad]. ${scale}; above ${MOVEMENT} rad two plans are other movements.${note}`;
  const body = element("tbody", {}, ...rows);
  find("distances").replaceChildren(
    element("table", { class: "listen-heat" }, element("caption", {}, text), element("thead", {}, head), body),
  );
}

const columnTitle = (text) => element("th", { scope: "col", class: "listen-words" }, text);

function distanceRow(instruction, index, values, top) {
  const title = element("th", { scope: "row" }, lineButton(instruction, index), ...unknownNote(instruction));
  const cells = values.map((value, other) => heatCell(value, top, value.toFixed(3), other === index));
  return rowOf(element("tr", {}, title, element("td", { class: "listen-goal" }, goal(instruction)), ...cells), index);
}

function lineButton(instruction, index) {
  const words = element("span", {}, instruction.line);
  if (!result.film) return element("span", { class: "listen-key" }, swatch(index), `${index + 1} `, words);
  const pressed = String(index === chosen);
  const made = element("button", { type: "button", "data-listen-choose": String(index), "aria-pressed": pressed });
  made.append(swatch(index), `${index + 1} `, words);
  made.addEventListener("click", () => choose(index));
  return made;
}

function unknownNote({ unknown }) {
  return unknown.length ? [element("small", {}, `never seen in training: ${unknown.join(", ")}`)] : [];
}

function goal({ heading, named }) {
  if (!heading) return "\u2013";
  const near = `${Math.round(100 * heading.distance)} cm`;
  const where = element("small", {}, `${heading.arm} gripper, ${near}`);
  const fits = named === null ? "" : heading.approaches && heading.object === named ? "good" : "bad";
  const title = heading.approaches ? heading.object : "stays where it is";
  const wrong = fits === "bad" ? ` (named: ${named})` : named === null ? " (none named)" : "";
  return element("span", {}, element("span", { class: fits }, title + wrong), ...(heading.approaches ? [where] : []));
}

function heatCell(value, top, text, own = false) {
  const made = element("td", { class: own ? "listen-cell own" : "listen-cell" }, text);
  made.style.setProperty("--share", String(Math.min(value / top, 1)));
  return made;
}

// ---------------------------------------------------------------------------------------------- gamma and beta

function sizesTable(name) {
  const towers = Object.entries(result.film[name]);
  const top = Math.max(...towers.flatMap(([, rows]) => rows.flat()), 1e-6);
  const groups = towers.map(([tower, rows]) =>
    element("th", { scope: "colgroup", colspan: String(rows[0].length) }, TOWERS[tower] ?? tower),
  );
  const blocks = towers.flatMap(([, rows]) => rows[0].map((_, index) => element("th", { scope: "col" }, String(index + 1))));
  const head = element("thead", {}, element("tr", {}, element("td"), ...groups), element("tr", {}, columnTitle("block"), ...blocks));
  const rows = result.instructions.map((each, index) => {
    const cells = towers.flatMap(([, values]) => values[index].map((value) => heatCell(value, top, value.toFixed(2))));
    const title = element("th", { scope: "row", title: each.line }, swatch(index), String(index + 1));
    return rowOf(element("tr", {}, title, ...cells), index);
  });
  const caption = element("caption", {}, `${name}, root mean square`);
  const table = element("table", { class: "listen-heat" }, caption, head, element("tbody", {}, ...rows));
  return element("div", { class: "listen-frame", tabindex: "0", role: "group", "aria-label": `Sizes of ${name}` }, table);
}

// ---------------------------------------------------------------------------------------------- patches

function drawPatches() {
  const maps = result.film[against];
  const every = maps[chosen].flat(2); // the line that changes most would leave the others without colour
  const range = { low: Math.min(...every), high: Math.max(...every) };
  const hint = " (press another line in the table above to see what it changes)";
  const line = `${chosen + 1} ${result.instructions[chosen].line}`;
  find("chosen").replaceChildren(swatch(chosen), line, element("small", {}, hint));
  const percent = (value) => `${Math.round(100 * value)} %`;
  find("low").textContent = percent(range.low);
  find("top").textContent = `${percent(range.high)} of the feature`;
  document.querySelectorAll("[data-listen-patches]").forEach((canvas, camera) => {
    const map = maps[chosen][camera];
    if (!map) return;
    paintPatches(canvas, map, range);
    const all = map.flat();
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    const told = ` mean ${percent(mean)}, largest ${percent(Math.max(...all))}`;
    canvas.closest("figure").querySelector("figcaption span").textContent = told;
  });
}

// One pixel a patch, enlarged by the page's style.
function paintPatches(canvas, map, { low, high }) {
  canvas.width = map[0].length;
  canvas.height = map.length;
  const context = canvas.getContext("2d");
  context.fillStyle = getComputedStyle(canvas).getPropertyValue("--listen-patch").trim();
  map.forEach((row, y) =>
    row.forEach((value, x) => {
      context.globalAlpha = (COVER * (value - low)) / Math.max(high - low, 1e-6);
      context.fillRect(x, y, 1, 1);
    }),
  );
}

// ---------------------------------------------------------------------------------------------- files

function save() {
  const blob = new Blob([`${JSON.stringify(result, null, 2)}\n`], { type: "application/json" });
  const url = URL.createObjectURL(blob);
  const name = `listen-${result.task}-${result.policy}.json`.replace(/[^\w.-]+/g, "-");
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// ---------------------------------------------------------------------------------------------- wiring

function press(button, name) {
  for (const other of button.parentElement.children) other.setAttribute("aria-pressed", String(other === button));
  return button.dataset[name];
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-listen-arm], [data-listen-against], [data-listen=export]");
  if (!button || !result) return;
  if (button.dataset.listen === "export") save();
  else if (button.dataset.listenArm) {
    arm = press(button, "listenArm");
    drawDistances();
  } else {
    against = press(button, "listenAgainst");
    drawPatches();
  }
});

window.studioListen = { ask, scene, task };
window.studio.listen("listen-state", follow);
window.studio.listen("listen-result", receive);
window.studio.listen("listen-paths", ({ data }) => (paths = data.paths));

// Gradio builds the page late, and the theme's colours are painted into the patches.
let built = null;
function build() {
  const shown = place();
  if (!shown || shown === built) return;
  built = shown;
  follow({ data: { state } });
  draw();
}
new MutationObserver(build).observe(document.body, { childList: true, subtree: true });
new MutationObserver(() => result?.film && place() && drawPatches()).observe(document.body, {
  attributes: true,
  attributeFilter: ["class"],
});
build();
