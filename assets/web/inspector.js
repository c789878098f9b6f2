// The chunk inspector: for every joint each predicted chunk over what was sent and what was measured, a button for
// every chunk, and what is to be known of the chunk that was chosen.
import { Panel, Slices, loadPlotly } from "./panels.js";

const ARMS = ["left", "right"];
const JOINTS = ["waist", "shoulder", "elbow", "forearm roll", "wrist angle", "wrist rotate", "gripper"];
const GRIPPER = [-0.1, 1.15]; // what a gripper's panel always shows
const ANY = [Infinity, -Infinity]; // what is there
const TRACES = { measured: 0, executed: 1, even: 2, odd: 3, chosen: 4, marks: 5 };
const LEGEND = [
  ["measured", "what the joint did"],
  ["executed", "what was sent"],
  ["even", "predicted chunk"],
  ["odd", "next chunk"],
  ["marks", "odd: a jump, jerk, or beyond a limit"],
];
const EMPTY = "Press Run: every predicted chunk is drawn here, from the moment of its prediction to its full horizon.";
const HINT = "Click a panel, or a number: ghost arms play that chunk, and the pictures it was predicted from appear.";

class Inspector {
  constructor(element) {
    this.element = element;
    this.name = element.dataset.inspector;
    this._slices = new Slices();
    this._panels = [];
    this._chunks = [];
    this._chosen = null;
    this._build();
    this._watch();
    window.studio.listen(`${this.name}-trace`, (part) => this._take(part));
    window.studio.listen(`${this.name}-looked`, ({ data }) => this._show(data.chunk));
  }

  // ---------------------------------------------------------------------------------------------- what arrives

  _take({ header, epoch, items }) {
    if (epoch !== this._epoch) this._begin(header, epoch);
    for (const item of items) this[`_${item.kind}`]?.(item);
    this.element.dataset.chunks = String(this._chunks.length);
  }

  _begin(header, epoch) {
    this._epoch = epoch;
    this._header = header;
    this._chunks = [];
    this._chosen = null;
    this._strip.replaceChildren();
    this._say(HINT);
    this._fit(header);
    for (const panel of this._panels) panel.clear();
  }

  _rows({ t, measured, executed }) {
    this._panels.forEach((panel, joint) => {
      panel.append(TRACES.measured, t, measured.map((row) => row[joint]));
      panel.append(TRACES.executed, t, executed.map((row) => row[joint]));
    });
  }

  _chunk(chunk) {
    this._chunks.push(chunk);
    const times = [...chunk.targets.map((_, row) => chunk.t + row * chunk.dt), null];
    const trace = chunk.index % 2 ? TRACES.odd : TRACES.even;
    this._panels.forEach((panel, joint) => {
      panel.append(trace, times, [...chunk.targets.map((row) => row[joint]), null]);
    });
    for (const [joint, row] of chunk.findings.marks ?? []) {
      this._panels[joint].append(TRACES.marks, [times[row]], [chunk.targets[row][joint]]);
    }
    this._strip.append(this._button(chunk));
    if (this._chosen === null) this._strip.scrollLeft = this._strip.scrollWidth;
  }

  _said({ t, instruction }) {
    for (const panel of this._panels) panel.tick(t);
    const mark = document.createElement("span");
    mark.className = "said";
    mark.textContent = instruction;
    this._strip.append(mark);
  }

  _show(index) {
    this._chosen = index;
    const chunk = this._chunks[index];
    for (const button of this._strip.querySelectorAll("button")) {
      const chosen = Number(button.dataset.chunk) === index;
      button.setAttribute("aria-pressed", String(chosen));
      if (chosen) button.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    const times = chunk?.targets.map((_, row) => chunk.t + row * chunk.dt) ?? [];
    this._panels.forEach((panel, joint) => {
      panel.replace(TRACES.chosen, times, chunk?.targets.map((row) => row[joint]) ?? []);
    });
    this._back.hidden = !chunk;
    if (chunk) this._describe(chunk);
    else this._say(this._chunks.length ? HINT : EMPTY);
    if (chunk) this.element.dataset.selected = String(index);
    else delete this.element.dataset.selected;
  }

  // ---------------------------------------------------------------------------------------------- what is asked for

  _look(index) {
    window.studio.command({ do: "look", page: this.name, chunk: index });
  }

  // The chunk that was carried out at a time.
  _chunkAt(time) {
    const index = this._chunks.findLastIndex((chunk) => chunk.t <= time + 1e-6);
    if (index >= 0) this._look(index);
  }

  _keys(event) {
    if (event.key === "Escape" && this._chosen !== null) {
      event.stopPropagation();
      return this._look(null);
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !event.target.closest(".chunk-strip")) return;
    event.preventDefault();
    const current = this._chosen ?? Number(event.target.dataset.chunk ?? 0);
    const index = Math.min(Math.max(current + step, 0), this._chunks.length - 1);
    this._look(index);
    this._strip.querySelector(`[data-chunk="${index}"]`)?.focus();
  }

  // ---------------------------------------------------------------------------------------------- words

  _say(text) {
    this._readout.replaceChildren(document.createTextNode(text));
  }

  _describe(chunk) {
    const { jump, gripper_jump: gripper, jerk, outside, summary } = chunk.findings;
    const latency = Object.entries(chunk.latency).map(([stage, ms]) => `${stage.replace("_", " ")} ${ms.toFixed(1)}`);
    const rows = [
      ["chunk", `${chunk.index + 1}, predicted at ${chunk.t.toFixed(2)} s for ${horizon(chunk)} s`],
      ["told", chunk.instruction],
      ["latency [ms]", latency.join(", ")],
      ["boundary jump", `${jump.value.toFixed(3)} rad (${spoken(jump.joint)}), gripper ${gripper.value.toFixed(2)}`],
      ["peak jerk", `${Math.round(jerk.value)} rad/s\u00b3 (${spoken(jerk.joint)}, row ${jerk.row + 1})`],
      ["beyond limits", outside.map(({ joint, rows: n, by }) => `${spoken(joint)} ${n} rows by ${by}`).join("; ") || "none"],
      ["found", summary],
    ];
    const list = document.createElement("dl");
    for (const [title, text] of rows) list.append(element("dt", title), element("dd", text));
    this._readout.replaceChildren(list);
  }

  _button(chunk) {
    const button = document.createElement("button");
    const marked = chunk.findings.marks?.length > 0;
    button.type = "button";
    button.dataset.chunk = String(chunk.index);
    button.textContent = String(chunk.index + 1);
    button.classList.toggle("marked", marked);
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", `Chunk ${chunk.index + 1} at ${chunk.t.toFixed(1)} s${marked ? ", marked" : ""}`);
    button.title = `${chunk.t.toFixed(2)} s: ${chunk.findings.summary ?? ""}`;
    button.addEventListener("click", () => this._look(chunk.index === this._chosen ? null : chunk.index));
    return button;
  }

  // ---------------------------------------------------------------------------------------------- the element

  _build() {
    const head = element("div", "", "inspector-head");
    head.append(element("h2", "Inside the chunks"), this._legend());
    this._strip = element("div", "", "chunk-strip");
    this._strip.setAttribute("role", "group");
    this._strip.setAttribute("aria-label", "Chunks of this run; arrow keys go from one to the next");
    this._back = element("button", "Back to live", "chunk-back");
    this._back.type = "button";
    this._back.hidden = true;
    this._back.addEventListener("click", () => this._look(null));
    this._readout = element("div", EMPTY, "chunk-readout");
    this._readout.setAttribute("aria-live", "polite");
    const bar = element("div", "", "chunk-bar");
    bar.append(this._strip, this._back);
    this.element.replaceChildren(head, bar, this._readout, ...ARMS.map((arm) => this._group(arm)));
    this.element.addEventListener("keydown", (event) => this._keys(event));
  }

  _legend() {
    const legend = element("div", "", "inspector-legend");
    for (const [kind, text] of LEGEND) {
      const entry = element("span", text);
      entry.prepend(element("i", "", `trace-${kind}`));
      legend.append(entry);
    }
    return legend;
  }

  _group(arm) {
    const group = element("section", "", "panel-group");
    group.setAttribute("aria-label", `${arm} arm`);
    const grid = element("div", "", "panel-grid");
    for (const joint of JOINTS) grid.append(this._panelPlace(arm, joint));
    group.append(element("h3", `${arm} arm`), grid);
    return group;
  }

  _panelPlace(arm, joint) {
    const gripper = joint === "gripper";
    const place = element("figure", "", gripper ? "joint-panel gripper" : "joint-panel");
    const plot = element("div", "", "joint-plot");
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", `${arm} ${joint}: predicted, sent and measured over time`);
    place.append(element("figcaption", `${joint} ${gripper ? "0 closed, 1 open" : "[rad]"}`), plot);
    const names = this._traces();
    const panel = new Panel(plot, { names, range: gripper ? GRIPPER : ANY, slices: this._slices });
    panel.onZoom = (range) => this._panels.forEach((each) => each.zoomTo(range));
    panel.onClick = (time) => this._chunkAt(time);
    // A click that hits no line chooses too: the time under the pointer is enough.
    plot.addEventListener("click", (event) => this._clicked(panel, event));
    this._panels.push(panel);
    return place;
  }

  _clicked(panel, event) {
    const axis = panel.element._fullLayout?.xaxis;
    if (!axis) return;
    const left = panel.element.getBoundingClientRect().left + axis._offset;
    this._chunkAt(axis.p2d(event.clientX - left));
  }

  _traces() {
    return [
      { name: "measured", line: { color: "measured", width: 4 } },
      { name: "executed", line: { color: "executed", width: 2 } },
      { name: "predicted", line: { color: "even", width: 1 } },
      { name: "predicted next", line: { color: "odd", width: 1 } },
      { name: "chosen", line: { color: "chosen", width: 3 } },
      { name: "marks", mode: "markers", marker: { size: 9, symbol: "circle-open", color: "#d64545", line: { width: 2 } } },
    ];
  }

  _fit({ limits }) {
    this._panels.forEach((panel, joint) => (panel.limits = limits[joint]));
  }

  _watch() {
    const sight = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this._panelOf(target).see(isIntersecting);
    });
    const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => this._panelOf(target).wake()));
    for (const panel of this._panels) {
      sight.observe(panel.element);
      sizes.observe(panel.element);
    }
    new MutationObserver(() => this._wear()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this._wear();
    whenIdle(() => loadPlotly().then(() => this._prepare()));
  }

  _prepare() {
    for (const panel of this._panels) this._slices.add({ draw: () => panel.prepare() });
  }

  _panelOf(plot) {
    return this._panels.find((panel) => panel.element === plot);
  }

  _wear() {
    const dark = document.body.classList.contains("dark");
    if (dark === this._dark) return;
    this._dark = dark;
    const style = getComputedStyle(document.body);
    const of = (name) => style.getPropertyValue(name).trim();
    const colours = {
      ink: of("--oft-quiet"),
      rule: of("--oft-rule"),
      chosen: of("--oft-action"),
      measured: of("--trace-measured"),
      executed: of("--trace-executed"),
      even: of("--trace-even"),
      odd: of("--trace-odd"),
      band: of("--trace-band"),
    };
    for (const panel of this._panels) panel.wear(colours);
  }
}

function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

const spoken = (joint) => joint.replaceAll("_", " ");
const horizon = (chunk) => (chunk.targets.length * chunk.dt).toFixed(1);
const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 1500));

function adopt() {
  for (const place of document.querySelectorAll("[data-inspector]")) place.inspector ??= new Inspector(place);
}

new MutationObserver(adopt).observe(document.body, { childList: true, subtree: true });
adopt();
