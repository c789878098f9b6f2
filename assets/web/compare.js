// The Compare tab: what can be compared at one press, the plot of how far two plans lie apart, the seeds of a series.

const STATES = { same: "from the same state", near: "from nearly the same state", parted: "after they had parted" };
const ARMS = ["left", "right"];
const SHORTEST = 5; // [s] shown at least, so that the axis stands still for a usual run
const LOWEST_TOP = 0.2; // [rad] shown at least
const STEPS = [0.05, 0.1, 0.2, 0.5, 1]; // [rad] between two lines
const HEIGHT = 190; // [pixels]
const MARGIN = { left: 40, right: 14, top: 24, bottom: 22 }; // [pixels]
const MINUS = "\u2013";

const find = (name) => document.querySelector(`[data-compare="${name}"]`);
const byId = (id) => document.getElementById(id);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// ---------------------------------------------------------------------------------------------- what is compared

const presets = () => JSON.parse(find("hint")?.dataset.presets || "{}");
const words = () => JSON.parse(byId("run-wordings")?.textContent ?? "{}");

// The values of policy A, policy B and the instruction of B.
function preset(name, instruction, other) {
  const { policies } = presets()[name];
  const second = name !== "instructions" ? "" : other.trim() && other !== instruction ? other : otherObject(instruction);
  explain(...policies, second);
  return [...policies, second];
}

// An example that asks for another object than the instruction does.
function otherObject(instruction) {
  const task = document.querySelector("[data-chips=compare]")?.dataset.task;
  const { examples = [], objects = [] } = words()[task] ?? {};
  const named = (text) => objects.findIndex((object) => object.keys.some((key) => key && text.toLowerCase().includes(key)));
  return examples.find((text) => named(text) !== named(instruction)) ?? examples.find((text) => text !== instruction) ?? "";
}

// Says what the policies that are picked have to do with each other, in the words of the preset that they are.
function explain(first, second, other) {
  const place = find("hint");
  if (!place) return;
  const known = Object.values(presets());
  const fits = ({ policies }) => policies[0] === first && policies[1] === second && first !== second;
  place.textContent = known.find(fits)?.hint ?? inOwnWords(first, second, other.trim());
}

function inOwnWords(first, second, other) {
  if (first === second && !other) return "The same policy twice, told the same: the two should never part.";
  if (first === second) return presets().instructions?.hint ?? "";
  const off = [first, second].find((name) => name.endsWith(":film-off"));
  if (off && [first, second].includes(off.replace(":film-off", ""))) return presets().intervention?.hint ?? "";
  return "Two policies in the same scene.";
}

// ---------------------------------------------------------------------------------------------- the plot

// A drawing of its own: a few dozen points need no library, whose script alone would hold the views up for a second.
class DistancePlot {
  constructor() {
    this.begin({});
  }

  attach(place) {
    this.place = place;
    new ResizeObserver(() => this.draw()).observe(place);
  }

  begin(header) {
    this.header = header;
    this.plans = [];
    this.parted = null;
  }

  add(items) {
    for (const item of items) {
      if (item.kind === "plans") this.plans.push(item);
      if (item.kind === "parted") this.parted = item;
    }
    this.draw();
  }

  draw() {
    const width = this.place?.clientWidth;
    if (!width || !this.plans.length) return;
    this.measure(width);
    const picture = svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, "aria-hidden": "true" });
    picture.append(...this.axes(), ...this.marks(), ...ARMS.flatMap((arm) => this.curve(arm)));
    this.place.replaceChildren(picture);
    this.place.dataset.points = String(this.plans.length);
    this.place.setAttribute("aria-label", this.spoken());
  }

  // Scales from seconds and radians to pixels.
  measure(width) {
    const longest = Math.max(SHORTEST, this.plans.at(-1).t + 0.5);
    const largest = Math.max(LOWEST_TOP, ...this.plans.flatMap((plan) => ARMS.map((arm) => plan.arms[arm]))) * 1.08;
    const inside = { right: width - MARGIN.right, bottom: HEIGHT - MARGIN.bottom };
    this.inside = { ...inside, longest, largest };
    this.x = (time) => MARGIN.left + ((inside.right - MARGIN.left) * time) / longest;
    this.y = (radians) => inside.bottom - ((inside.bottom - MARGIN.top) * radians) / largest;
  }

  axes() {
    const { right, bottom, longest, largest } = this.inside;
    const step = STEPS.find((size) => largest / size <= 5) ?? STEPS.at(-1);
    const heights = Array.from({ length: Math.floor(largest / step) + 1 }, (_, index) => index * step);
    const seconds = Array.from({ length: Math.floor(longest) + 1 }, (_, index) => index);
    return [
      ...heights.map((value) => line("grid", MARGIN.left, this.y(value), right, this.y(value))),
      ...heights.map((value) => label(MARGIN.left - 6, this.y(value) + 4, "end", String(Number(value.toFixed(2))))),
      ...seconds.map((value) => label(this.x(value), bottom + 16, "middle", `${value} s`)),
    ];
  }

  // Above the dotted line two plans are other movements; the upright one is where the joints part.
  marks() {
    const { right, bottom } = this.inside;
    const height = this.y(this.header.plans_parted_rad);
    const found = [line("movement", MARGIN.left, height, right, height), label(right, height - 4, "end", "other movements")];
    if (!this.parted) return found;
    const at = this.x(this.parted.t);
    const late = this.parted.t > this.inside.longest / 2;
    const text = `joints part at ${this.parted.t.toFixed(2)} s`;
    const said = label(at + (late ? -6 : 6), MARGIN.top - 6, late ? "end" : "start", text, "parted");
    return [...found, line("parted", at, MARGIN.top - 16, at, bottom), said];
  }

  curve(arm) {
    const points = this.plans.map((plan) => `${this.x(plan.t)},${this.y(plan.arms[arm])}`).join(" ");
    return [svg("polyline", { class: `curve ${arm}`, points }), ...this.plans.map((plan) => this.point(arm, plan))];
  }

  point(arm, plan) {
    const kind = `point ${arm} ${plan.states === "parted" ? "open" : ""}`;
    const made = svg("circle", { class: kind, cx: this.x(plan.t), cy: this.y(plan.arms[arm]), r: 4 });
    const title = svg("title");
    title.textContent = tip(arm, plan);
    made.append(title);
    return made;
  }

  spoken() {
    const most = (arm) => Math.max(...this.plans.map((plan) => plan.arms[arm])).toFixed(2);
    const parted = this.parted ? `Joints part at ${this.parted.t.toFixed(2)} seconds.` : "Joints have not parted.";
    const largest = `at most ${most("left")} radians for the left arm and ${most("right")} for the right arm`;
    return `Distance between the plans of A and B over ${this.plans.length} chunks: ${largest}. ${parted}`;
  }
}

function tip(arm, plan) {
  const far = `${plan.arms[arm].toFixed(3)} rad, gripper ${plan.grippers[arm].toFixed(2)} of its stroke`;
  return `${plan.t.toFixed(2)} s, ${arm} arm: ${far}; ${STATES[plan.states]}`;
}

function svg(tag, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

const line = (kind, x1, y1, x2, y2) => svg("line", { class: kind, x1, y1, x2, y2 });

function label(x, y, anchor, text, kind = "") {
  const made = svg("text", { class: kind, x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}

const plot = new DistancePlot();

function followTrace({ header, start, items }) {
  if (start === 0) plot.begin(header);
  if (start === 0 || items.length) markStale(false);
  plot.add(items);
}

// What is told of a comparison is faded once a view shows another scene than the one it began in.
const epochs = {};

function followScene(letter, { data }) {
  if (epochs[letter] !== data.epoch) markStale(true);
  epochs[letter] = data.epoch;
}

function markStale(stale) {
  document.body.classList.toggle("compare-stale", stale && plot.plans.length > 0);
}

// ---------------------------------------------------------------------------------------------- the seeds of a series

let series = null; // settings of the series on the page
let results = [];
let running = null; // what was told last of how far it is

function seedsTable() {
  const place = find("seeds");
  if (!place) return null;
  let body = place.querySelector("tbody");
  if (!body) {
    const titles = ["seed", "told", "A", "A went to", "B", "B went to"];
    const head = element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title)));
    const caption = element("caption", {}, "Press a seed to show its scene and its words in both views.");
    body = element("tbody");
    place.replaceChildren(element("table", { class: "results" }, caption, element("thead", {}, head), body));
  }
  return body;
}

function followPairs({ start, items }) {
  if (start === 0) {
    results = [];
    find("seeds")?.replaceChildren();
  }
  results.push(...items);
  if (results.length) showSeeds(items);
}

// The newest stands at the top.
function showSeeds(items) {
  const body = seedsTable();
  if (body) body.prepend(...items.map(seedRow).reverse());
}

function seedRow(item) {
  const { a, b } = item;
  const button = element("button", { type: "button", class: "seed", title: "Show this scene in both views" }, String(a.seed));
  button.addEventListener("click", () => showSeed(item));
  const told = a.instruction === b.instruction ? a.instruction : `A: ${a.instruction} / B: ${b.instruction}`;
  const cells = [button, told, outcome(a), wentTo(a), outcome(b), wentTo(b)];
  const apart = a.success !== b.success || a.followed !== b.followed;
  return element("tr", apart ? { class: "apart" } : {}, ...cells.map((cell) => element("td", {}, cell)));
}

const outcome = (result) =>
  result.success ? `success in ${result.seconds.toFixed(1)} s` : `${result.points.toFixed(0)}: ${result.stage}`;

function wentTo(result) {
  if (!result.first_object) return MINUS;
  const fits = result.named_object === null ? "" : result.followed ? " (named)" : ` (named: ${result.named_object})`;
  return element("span", { class: result.followed ? "good" : "bad" }, result.first_object + fits);
}

function showSeed({ a, b }) {
  if (!series) return;
  const other = a.instruction === b.instruction ? "" : b.instruction;
  window.studioCompare.chosen = [...series.policies, String(a.seed), a.instruction, other];
  byId("compare-load").click();
  find("seeds").closest(".tabitem")?.querySelector(".compare-sides")?.scrollIntoView({ block: "center" });
}

function followSeries({ data }) {
  running = data;
  series = data.series;
  const files = find("series-files");
  if (files) files.hidden = data.done === 0;
  const more = byId("compare-resume");
  if (more) more.disabled = data.running;
}

// ---------------------------------------------------------------------------------------------- files

let wanted = null; // the file that was asked for: what the server told before a reload is no answer

function askForFile(what) {
  wanted = what;
  window.studio.command({ do: "compare-file", what });
}

function followFile({ data }) {
  if (data.what !== wanted) return;
  wanted = null;
  element("a", { href: data.url, download: data.name }).click();
}

// ---------------------------------------------------------------------------------------------- wiring

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-compare-file]");
  if (button) askForFile(button.dataset.compareFile);
});

window.studioCompare = { preset, explain, chosen: [] };
window.studio.listen("compare-trace", followTrace);
for (const letter of ["a", "b"]) window.studio.listen(`compare-${letter}-scene`, (content) => followScene(letter, content));
window.studio.listen("compare-pairs", followPairs);
window.studio.listen("compare-series-state", followSeries);
window.studio.listen("compare-file", followFile);

// Gradio builds the page late.
function build() {
  const place = find("plot");
  if (!place || plot.place === place) return;
  plot.attach(place);
  explain(...(presets().ablation?.policies ?? ["", ""]), "");
  if (results.length && !find("seeds").childElementCount) showSeeds(results);
  if (running) followSeries({ data: running });
}
new MutationObserver(build).observe(document.body, { childList: true, subtree: true });
build();
