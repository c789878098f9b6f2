// One opened episode: player, axis and labels, so that one labels while watching.
import { TimeAxis } from "./axis.js";
import { button, element, write } from "./dom.js";
import { History } from "./history.js";
import { Labels } from "./labels.js";
import { Plots, rowsOf } from "./plots.js";
import { Stage, Transport } from "./player.js";
import { Segments } from "./segments.js";
import { addresses, edit, json, lastEdit } from "./server.js";
import { AxisFrame, Timeline } from "./timeline.js";
import { CONTROL_HZ, count, seconds } from "./words.js";

const TRIM_HINT =
  "[ and ] mark where it should begin and end, T trims it to that. S splits it in two. Everything can be undone.";
const TYPING = "input, textarea, select, dialog";

export class Detail {
  // leave(): back to the gallery; go(direction): the next or previous one; pair(name): beside another
  constructor({ leave, go, pair }) {
    this._go = go;
    this._leave = leave;
    this.name = null;
    this._title = element("h2", {});
    this._facts = element("p", { class: "ep-quiet ep-facts" });
    this._body = element("div", { class: "ep-opened" });
    this._download = element("a", { class: "ep-button", download: "" }, "HDF5");
    this._restore = button("Take back from the bin", () => edit("restore", { names: [this.name] }), {
      class: "ep-button ep-primary",
    });
    this._delete = button("Delete", () => this._drop(), { title: "To the bin (Delete)" });
    this.element = element(
      "section",
      { class: "ep-detail", "aria-label": "Opened episode", hidden: true },
      element(
        "header",
        { class: "ep-head" },
        button("\u2039 All episodes", leave, { title: "Back to the list (Escape)" }),
        element("div", { class: "ep-title" }, this._title, this._facts),
        element(
          "div",
          { class: "ep-actions" },
          button("Previous", () => go(-1), { title: "Previous (K, Page up)" }),
          button("Next", () => go(1), { title: "Next (J, Page down)" }),
          button("Compare with \u2026", () => pair(this.name), { title: "Choose another one to see beside it" }),
          this._download,
          this._restore,
          this._delete,
        ),
      ),
      this._body,
    );
  }

  async open(name) {
    this.name = name;
    this.element.hidden = false;
    try {
      const entry = await json(addresses.entry(name));
      const series = await json(addresses.series(entry));
      if (this.name !== name) return;
      this._build(entry, series);
    } catch (error) {
      if (this.name !== name) return;
      this._clear();
      write(this._title, name);
      write(this._facts, "");
      this._body.replaceChildren(element("p", { class: "bad", role: "alert" }, error.message));
    }
  }

  close() {
    this.name = null;
    this.element.hidden = true;
    write(this._title, "");
    write(this._facts, "");
    this._clear();
  }

  // Somebody changed something: what is shown here follows.
  async follow() {
    const { name } = this;
    const edits = lastEdit();
    if (!name || !this._entry || edits === null) return;
    let entry;
    try {
      entry = await json(addresses.entry(name));
    } catch (error) {
      if (error.status === 404 && this.name === name) this._leave(); // it was split or merged away, or that was undone
      return;
    }
    if (this.name !== name || lastEdit() !== edits) return; // older than what is seen here
    if (entry.content !== this._entry.content) return this.open(name);
    this._entry = entry;
    this._describe();
    this._labels.update(entry);
    this._showSegments();
    this._history.update();
  }

  conflict(told) {
    if (told.name !== this.name) return;
    this._labels?.conflict(told);
    this.follow();
  }

  wear() {
    this._plots?.draw();
  }

  // ---------------------------------------------------------------------------------------------- building

  _build(entry, series) {
    this._clear();
    this._entry = entry;
    this._series = series;
    const axis = (this.axis = new TimeAxis(series.length));
    this._stage = new Stage(entry, series, axis);
    this._trim = element("div", { class: "ep-trim", role: "group", "aria-label": "Trim" });
    const frame = new AxisFrame(axis, `Time in ${entry.name}`);
    this._segments = new Segments(axis, {
      keep: (segments) => this._annotate({ segments: segments.map(stored) }),
      draw: (segments) => this._timeline.segments(segments),
    });
    const dragged = {
      open: (index) => this._segments.open(index),
      resize: (index, span) => this._segments.resize(index, span),
    };
    this._timeline = new Timeline(frame, series, entry, dragged);
    this._plots = new Plots(frame, rowsOf(series));
    this._labels = new Labels(entry, (changes, revision) => this._annotate(changes, revision));
    this._history = new History(entry.name);
    this._body.replaceChildren(
      element(
        "div",
        { class: "ep-watch" },
        this._stage.element,
        new Transport(axis, this._edits(axis)).element,
        this._trim,
        frame.element,
        element(
          "p",
          { class: "ep-quiet ep-plot-note" },
          "Joints in rad, grippers from 0 (closed) to 1. ",
          element("span", { class: "ep-key ep-left" }, "left arm"),
          element("span", { class: "ep-key ep-right" }, "right arm"),
          " Dashed: the recorded action, the target that was sent.",
        ),
      ),
      element(
        "div",
        { class: "ep-side" },
        this._labels.element,
        this._segments.element,
        this._hints(entry),
        this._history.element,
      ),
    );
    axis.onChange(() => this._showTrim());
    this._describe();
    this._showSegments();
  }

  _clear() {
    this.axis?.dispose();
    this._stage?.dispose();
    this._plots?.dispose();
    this.axis = this._stage = this._plots = this._labels = this._entry = null;
    this._body.replaceChildren();
  }

  _describe() {
    const { name, instruction, length, sources, seed, task, deleted, recovered } = this._entry;
    write(this._title, instruction || "no instruction");
    const marks = [deleted && "in the bin", recovered && "recovered after a crash"].filter(Boolean);
    const facts = [
      name,
      task && `${task.replaceAll("_", " ")}, seed ${seed}`,
      seconds(length),
      sources.join(" + "),
      ...marks,
    ];
    write(this._facts, facts.filter(Boolean).join(" \u00b7 "));
    this._download.href = addresses.file(name);
    this._restore.hidden = !deleted;
    this._delete.hidden = deleted;
  }

  _edits(axis) {
    return [
      button("[ In", () => axis.mark({ start: axis.step }), {
        class: "ep-button ep-apart",
        title: "It should begin here ([)",
      }),
      button("Out ]", () => axis.mark({ stop: axis.step + 1 }), { title: "It should end here (])" }),
      button("Split", () => this._split(), { title: "Make two episodes of it here (S)" }),
      button("Undo", () => edit("undo"), {
        class: "ep-button ep-apart",
        title: "Take back your last change (Ctrl+Z)",
      }),
      button("Redo", () => edit("redo"), { title: "Do it again (Ctrl+Shift+Z)" }),
    ];
  }

  _hints({ hints }) {
    if (!hints.length) return "";
    const lines = hints.map(({ step, sentence }) =>
      element(
        "li",
        {},
        sentence,
        step === null ? "" : button(seconds(step), () => this.axis.seek(step), { class: "ep-time" }),
      ),
    );
    return element(
      "section",
      { class: "ep-block ep-hints" },
      element("h3", {}, "Worth a look"),
      element("ul", {}, ...lines),
    );
  }

  _showSegments() {
    this._segments.update(this._entry.segments ?? this._series.segments);
  }

  _showTrim() {
    const { start, stop, length } = this.axis;
    const marked = start > 0 || stop < length;
    this._trim.classList.toggle("ep-marked", marked);
    if (!marked) return this._trim.replaceChildren(element("span", {}, TRIM_HINT));
    const kept = ((stop - start) / CONTROL_HZ).toFixed(2);
    this._trim.replaceChildren(
      element(
        "span",
        {},
        `Keep ${seconds(start)} to ${seconds(stop)}: ${kept} s of ${seconds(length)}. The file stays whole.`,
      ),
      button("Trim", () => this._cut(), { class: "ep-button ep-primary", title: "Key T" }),
      button("Forget the marks", () => this.axis.mark({ start: null, stop: null }), { title: "Escape" }),
    );
  }

  // ---------------------------------------------------------------------------------------------- editing

  // Steps count from where the episode began when it was seen; somebody else may have trimmed it since.
  _seen(revision = this._entry.revision) {
    return { [this.name]: revision };
  }

  _annotate(changes, revision = this._entry.revision) {
    edit("annotate", { names: [this.name], changes, seen: this._seen(revision) });
  }

  _cut() {
    const { start, stop, length } = this.axis;
    if (start > 0 || stop < length) edit("trim", { name: this.name, start, stop, seen: this._seen() });
  }

  _split() {
    edit("split", { name: this.name, at: this.axis.step, seen: this._seen() });
  }

  _drop() {
    edit("delete", { names: [this.name] });
    this._go(1, true);
  }

  // Returns whether the key means something here.
  press(event) {
    if (!this.axis) return event.key === "Escape" && (this._leave(), true);
    if (event.target.closest?.(TYPING)) return false;
    const { axis } = this;
    const far = event.shiftKey ? CONTROL_HZ : 1;
    const keys = {
      " ": () => axis.toggle(),
      ArrowLeft: () => axis.seek(axis.step - far),
      ArrowRight: () => axis.seek(axis.step + far),
      Home: () => axis.seek(axis.start),
      End: () => axis.seek(axis.stop - 1),
      l: () => axis.set({ loop: !axis.loop }),
      ",": () => axis.faster(-1),
      ".": () => axis.faster(1),
      y: () => this._annotate({ success: true }),
      n: () => this._annotate({ success: false }),
      0: () => this._annotate({ success: null }),
      "[": () => axis.mark({ start: axis.step }),
      "]": () => axis.mark({ stop: axis.step + 1 }),
      t: () => this._cut(),
      s: () => this._split(),
      b: () => this._segments.begin(),
      e: () => this._segments.end(),
      i: () => this._labels.focus("instruction"),
      Delete: () => this._drop(),
      j: () => this._go(1),
      k: () => this._go(-1),
      N: () => this._go(1),
      P: () => this._go(-1),
      PageDown: () => this._go(1),
      PageUp: () => this._go(-1),
      Escape: () =>
        axis.marks.start !== null || axis.marks.stop !== null ? axis.mark({ start: null, stop: null }) : this._leave(),
    };
    for (let quality = 1; quality <= 5; quality++) keys[quality] = () => this._annotate({ quality });
    const act = keys[event.key] ?? (event.shiftKey ? undefined : keys[event.key.toLowerCase()]);
    if (!act) return false;
    if (event.key === " " && event.target.closest("button, a, summary, [role=tab]")) return false; // it presses that
    if (event.target.closest("canvas[tabindex]") && event.key.startsWith("Arrow")) return false; // the 3D view turns
    act();
    return true;
  }
}

const stored = ({ start, stop, text }) => ({ start, stop, text });

export function hintWords(hints) {
  return hints.length ? count(hints.length, "hint") : "";
}
