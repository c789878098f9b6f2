// Two episodes beside each other on one time axis.
import { TimeAxis } from "./axis.js";
import { button, choice, element, write } from "./dom.js";
import { Plots, rowsOfPair } from "./plots.js";
import { Stage, Transport } from "./player.js";
import { addresses, json } from "./server.js";
import { AxisFrame, Timeline } from "./timeline.js";
import { ARMS, CONTROL_HZ, OUTCOMES, seconds } from "./words.js";

const SIDES = ["A", "B"];

export class Pair {
  constructor({ leave, open }) {
    this._leave = leave;
    this._open = open;
    this._body = element("div", {});
    this.names = null;
    this.element = element(
      "section",
      { class: "ep-both", "aria-label": "Two episodes side by side", hidden: true },
      element("header", { class: "ep-head" }, button("\u2039 All episodes", leave), element("h2", {}, "Side by side")),
      this._body,
    );
  }

  async open(names) {
    this.names = names;
    this.element.hidden = false;
    try {
      const entries = await Promise.all(names.map((name) => json(addresses.entry(name))));
      const series = await Promise.all(entries.map((entry) => json(addresses.series(entry))));
      if (this.names === names) this._build(entries, series);
    } catch (error) {
      this._body.replaceChildren(element("p", { class: "bad", role: "alert" }, error.message));
    }
  }

  close() {
    this.names = null;
    this.element.hidden = true;
    this._clear();
  }

  wear() {
    this._plots?.draw();
  }

  _build(entries, series) {
    this._clear();
    const axis = (this.axis = new TimeAxis(Math.max(...series.map(({ length }) => length))));
    this._stages = entries.map(
      (entry, side) => new Stage(entry, series[side], held(axis, series[side].length), { compact: true }),
    );
    const frame = new AxisFrame(axis, "Time in both episodes");
    entries.forEach((entry, side) => {
      new Timeline(frame, series[side], entry, null, `${SIDES[side]}: `);
    });
    const busiest = ARMS.toSorted((one, other) => travel(series, other) - travel(series, one))[0];
    this._plots = new Plots(frame, rowsOfPair(...series, busiest));
    const arm = choice(
      ARMS.map((each) => [each, `${each} arm`]),
      busiest,
      { "aria-label": "Arm in the plots" },
    );
    arm.addEventListener("change", () => this._plots.replace(rowsOfPair(...series, arm.value)));
    const transport = new Transport(axis).element;
    transport.append(
      arm,
      element("span", { class: "ep-key ep-a" }, "A"),
      element("span", { class: "ep-key ep-b" }, "B"),
    );
    const halves = entries.map((entry, side) =>
      element("div", { class: "ep-half" }, this._heading(entry, side), this._stages[side].element),
    );
    this._body.replaceChildren(
      element("div", { class: "ep-halves" }, ...halves),
      transport,
      this._difference(series),
      frame.element,
    );
  }

  _heading(entry, side) {
    const facts = `${entry.name} \u00b7 ${OUTCOMES[entry.success]} \u00b7 ${seconds(entry.length)} \u00b7 ${entry.sources.join(" + ")}`;
    return element(
      "h3",
      { class: `ep-half-title ep-${SIDES[side].toLowerCase()}` },
      element("b", {}, SIDES[side]),
      button(entry.instruction || entry.name, () => this._open(entry.name), { class: "ep-link", title: "Open it" }),
      element("small", {}, facts),
    );
  }

  // How far the measured arms are from each other at the cursor, in words.
  _difference([one, other]) {
    const said = element("p", { class: "ep-quiet ep-difference" });
    const shorter = Math.min(one.length, other.length);
    this.axis.onMove((cursor) => {
      if (cursor >= shorter) return write(said, `The shorter one ended at ${(shorter / CONTROL_HZ).toFixed(2)} s.`);
      const gaps = one.qpos.map((values, joint) =>
        Math.abs(at(values, cursor, one) - at(other.qpos[joint], cursor, other)),
      );
      const most = Math.max(...gaps);
      write(
        said,
        `Here the measured joints differ by at most ${most.toFixed(2)} (${one.joints[gaps.indexOf(most)].replaceAll("_", " ")}).`,
      );
    });
    return said;
  }

  _clear() {
    this.axis?.dispose();
    for (const stage of this._stages ?? []) stage.dispose();
    this._plots?.dispose();
    this.axis = this._stages = this._plots = null;
    this._body.replaceChildren();
  }

  press(event) {
    if (event.key === "Escape") return (this._leave(), true);
    if (!this.axis || event.target.closest?.("input, textarea, select, dialog")) return false;
    const { axis } = this;
    const far = event.shiftKey ? CONTROL_HZ : 1;
    const keys = {
      " ": () => axis.toggle(),
      ArrowLeft: () => axis.seek(axis.step - far),
      ArrowRight: () => axis.seek(axis.step + far),
      Home: () => axis.seek(0),
      End: () => axis.seek(axis.length - 1),
      l: () => axis.set({ loop: !axis.loop }),
      ",": () => axis.faster(-1),
      ".": () => axis.faster(1),
    };
    const act = keys[event.key];
    if (!act || (event.key === " " && event.target.closest("button, a, summary, [role=tab]"))) return false;
    if (event.target.closest("canvas[tabindex]") && event.key.startsWith("Arrow")) return false;
    act();
    return true;
  }
}

const at = (values, cursor, { stride }) => values[Math.min(Math.round(cursor / stride), values.length - 1)];

// How much an arm moves in both episodes [rad].
function travel(series, arm) {
  const first = 7 * ARMS.indexOf(arm);
  const columns = series.flatMap(({ qpos }) => qpos.slice(first, first + 7));
  return columns.reduce(
    (sum, values) => sum + values.reduce((way, value, row) => way + Math.abs(value - (values[row - 1] ?? value)), 0),
    0,
  );
}

// The shared axis as an episode sees it that may end before the other does: it stays at its last moment.
function held(axis, length) {
  return {
    get step() {
      return Math.min(axis.step, length - 1);
    },
    get cursor() {
      return Math.min(axis.cursor, length - 1);
    },
    get loop() {
      return axis.loop;
    },
    start: 0,
    length,
    onMove: (callback) => axis.onMove((cursor) => callback(Math.min(cursor, length - 1))),
    onChange: (callback) => axis.onChange(callback),
  };
}
