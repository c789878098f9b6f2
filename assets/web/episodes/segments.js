// The segments of an episode as a list: words, from when to when, and how one is begun, ended and removed.
import { button, element } from "./dom.js";
import { seconds } from "./words.js";

const SHORTEST = 5; // [control steps] of a segment that is begun at the very end

export class Segments {
  // keep(segments): store them; draw(segments): show them on the axis, a draft too
  constructor(axis, { keep, draw }) {
    this._axis = axis;
    this._keep = keep;
    this._draw = draw;
    this._stored = [];
    this._draft = null; // a segment that waits for its words: without words nothing is stored
    this._list = element("ol", { class: "ep-segment-list" });
    this._hint = element(
      "p",
      { class: "ep-quiet" },
      "Press B where a part with words of its own begins, E where it ends.",
    );
    this.element = element(
      "section",
      { class: "ep-block ep-segment-block", "aria-label": "Segments" },
      element(
        "h3",
        {},
        "Segments",
        button("Begin here", () => this.begin(), { class: "ep-button ep-small", title: "Key B" }),
      ),
      this._hint,
      this._list,
    );
  }

  update(segments) {
    const unchanged = JSON.stringify(segments) === JSON.stringify(this._stored);
    if (unchanged && this._list.contains(document.activeElement)) return;
    this._stored = segments;
    this._show();
  }

  // A segment from the cursor to the next one, or to the end; the one that is under the cursor ends here.
  begin() {
    const start = Math.min(this._axis.step, this._axis.length - SHORTEST);
    const next = this._stored.map((each) => each.start).filter((each) => each > start);
    this._draft = { start, stop: Math.min(this._axis.length, ...next), text: "" };
    this._axis.pause();
    this._show();
    this.open(this._all().indexOf(this._draft));
  }

  // The segment under the cursor, or the last one before it, ends here.
  end() {
    const { step } = this._axis;
    const all = this._all();
    const index = all.findLastIndex((each) => each.start < step);
    if (index >= 0) this.resize(index, { start: all[index].start, stop: step });
  }

  // Between its neighbours.
  resize(index, { start, stop }) {
    const all = this._all();
    const span = {
      start: Math.max(start, all[index - 1]?.stop ?? 0),
      stop: Math.min(stop, all[index + 1]?.start ?? this._axis.length),
    };
    if (span.stop <= span.start) return this._show();
    if (all[index] !== this._draft)
      return this._store(all.map((each, place) => (place === index ? { ...each, ...span } : each)));
    Object.assign(this._draft, span);
    this._show();
  }

  open(index) {
    const input = this._list.querySelectorAll("input")[index];
    input?.focus();
    input?.select();
  }

  // The stored ones and the draft, which takes its place from them.
  _all() {
    const draft = this._draft;
    if (!draft) return this._stored;
    const others = this._stored
      .filter((each) => each.start !== draft.start)
      .map((each) => (each.start < draft.start && each.stop > draft.start ? { ...each, stop: draft.start } : each));
    return [...others, draft].sort((one, other) => one.start - other.start);
  }

  // What is stored is shown at once; where the server refuses it, the next `update` takes it back.
  _store(all) {
    this._stored = all.filter(({ text }) => text);
    this._keep(this._stored);
    this._show();
  }

  _name(index, text) {
    const all = this._all();
    if (!text) return this._show();
    if (all[index] === this._draft) this._draft = null;
    this._store(all.map((each, place) => (place === index ? { ...each, text } : each)));
  }

  _remove(index) {
    const all = this._all();
    if (all[index] === this._draft) {
      this._draft = null;
      return this._show();
    }
    this._store(all.filter((_, place) => place !== index));
  }

  _show() {
    const all = this._all();
    this._hint.hidden = all.length > 0;
    this._list.replaceChildren(...all.map((segment, index) => this._line(segment, index)));
    this._draw(all);
  }

  _line(segment, index) {
    const { start, stop, text } = segment;
    const words = element("input", {
      type: "text",
      maxlength: 200,
      placeholder: "what happens in it",
      "aria-label": `Words of segment ${index + 1}`,
    });
    words.value = text;
    words.addEventListener("change", () => this._name(index, words.value.trim()));
    words.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (["Enter", "Escape"].includes(event.key)) words.blur();
    });
    const go = button(seconds(start), () => this._axis.seek(start), { class: "ep-time", title: "Go to its beginning" });
    const end = button(seconds(stop), () => this._axis.seek(stop - 1), { class: "ep-time", title: "Go to its end" });
    const drop = button("\u00d7", () => this._remove(index), {
      class: "ep-drop",
      "aria-label": `Remove segment ${index + 1}`,
    });
    return element("li", {}, go, "\u2013", end, words, drop);
  }
}
