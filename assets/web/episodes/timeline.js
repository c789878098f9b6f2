// What happened when, over the player's axis: who acted, segments, events, hints, and the part that a trim would keep.
import { element, write } from "./dom.js";
import { CONTROL_HZ, SOURCES, count, seconds } from "./words.js";

const TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300]; // [s] between two figures of the ruler
const WIDE_ENOUGH = 9; // figures on it at most
const EVENTS = {
  take_over: "a person took over",
  hand_back: "handed back",
  rewind: "rewound",
  pause: "paused",
  said: "said",
  mark: "mark",
};

// The frame into which rows are put that share the axis, with the cursor over all of them.
export class AxisFrame {
  constructor(axis, label) {
    this.axis = axis;
    this.cursor = element("div", { class: "ep-cursor", "aria-hidden": "true" });
    this.cutStart = element("div", { class: "ep-cut ep-cut-start", "aria-hidden": "true" });
    this.cutStop = element("div", { class: "ep-cut ep-cut-stop", "aria-hidden": "true" });
    this.over = element("div", { class: "ep-over" }, this.cutStart, this.cutStop, this.cursor);
    this.element = element("div", { class: "ep-axis" }, this._ruler(label), this.over);
    this.element.addEventListener("pointerdown", (event) => this._grab(event));
    axis.onMove((cursor) => this._move(cursor));
    axis.onChange(() => this._cut());
  }

  row(label, content, aside = "", name = "") {
    const row = element("div", { class: `ep-row ${name}` });
    const track = element("div", { class: "ep-track" }, content);
    row.append(
      element("div", { class: "ep-row-label" }, label),
      track,
      element("div", { class: "ep-row-aside" }, aside),
    );
    this.element.insertBefore(row, this.over);
    return row;
  }

  share(step) {
    return step / Math.max(this.axis.length - 1, 1);
  }

  _ruler(label) {
    const total = this.axis.length / CONTROL_HZ;
    const gap = TICKS.find((each) => total / each <= WIDE_ENOUGH) ?? 600;
    const ticks = element("div", { class: "ep-ticks", "aria-hidden": "true" });
    for (let at = 0; at <= total - gap / 3; at += gap) {
      const text = gap < 1 ? at.toFixed(1) : String(Math.round(at));
      ticks.append(element("span", { style: `left:${100 * this.share(at * CONTROL_HZ)}%` }, text));
    }
    this.slider = element(
      "div",
      { class: "ep-ruler", role: "slider", tabindex: 0, "aria-label": label, "aria-valuemin": 0 },
      ticks,
    );
    this.slider.setAttribute("aria-valuemax", this.axis.length - 1);
    const row = element("div", { class: "ep-row ep-ruler-row" }, element("div", { class: "ep-row-label" }, "seconds"));
    this.now = element("div", { class: "ep-row-aside ep-now" });
    row.append(element("div", { class: "ep-track" }, this.slider), this.now);
    return row;
  }

  _move(cursor) {
    const step = Math.floor(cursor);
    this.cursor.style.left = `${100 * this.share(cursor)}%`;
    if (this._step === step) return;
    this._step = step;
    write(this.now, seconds(step));
    this.slider.setAttribute("aria-valuenow", step);
    this.slider.setAttribute("aria-valuetext", `${seconds(step)} of ${seconds(this.axis.length)}`);
  }

  _cut() {
    this.cutStart.style.width = `${100 * this.share(this.axis.start)}%`;
    this.cutStop.style.width = `${100 * (1 - this.share(this.axis.stop - 1))}%`;
    this.element.classList.toggle("ep-marked", this.axis.start > 0 || this.axis.stop < this.axis.length);
  }

  _grab(event) {
    const track = event.target.closest?.(".ep-track");
    if (!track || event.button !== 0 || event.target.closest("button, input")) return;
    const { left, width } = track.getBoundingClientRect();
    const follow = ({ clientX }) => this.axis.seek(((clientX - left) / width) * (this.axis.length - 1));
    follow(event);
    const ends = new AbortController();
    track.setPointerCapture?.(event.pointerId);
    track.addEventListener("pointermove", follow, { signal: ends.signal });
    for (const end of ["pointerup", "pointercancel"])
      track.addEventListener(end, () => ends.abort(), { signal: ends.signal });
    if (track.querySelector(".ep-ruler")) this.slider.focus({ preventScroll: true });
  }
}

// edit: {open(index), resize(index, {start, stop})}, or null where nothing can be edited
export class Timeline {
  constructor(frame, series, entry, edit = null, prefix = "") {
    this._frame = frame;
    this._edit = edit;
    frame.row(`${prefix}who acts`, this._sources(series), legend(series.sources), "ep-who");
    this._segments = element("div", { class: "ep-segments" });
    frame.row(`${prefix}segments`, this._segments, "", "ep-segments-row");
    const marks = this._marks(series.events, entry.hints);
    if (marks.childElementCount)
      frame.row(`${prefix}events`, marks, count(marks.childElementCount, "mark"), "ep-marks-row");
    this.segments(entry.segments ?? series.segments);
  }

  segments(segments) {
    this._segments.replaceChildren(...segments.map((segment, index) => this._segment(segment, index)));
  }

  _sources({ sources, length }) {
    const band = element("div", { class: "ep-sources" });
    sources.forEach(([first, source], index) => {
      const stop = sources[index + 1]?.[0] ?? length;
      const name = SOURCES[source];
      band.append(this._span(first, stop, `ep-source ep-${name}`, `${name}, ${seconds(first)} to ${seconds(stop)}`));
    });
    return band;
  }

  _segment({ start, stop, text }, index) {
    const shown = this._span(
      start,
      stop,
      "ep-segment",
      `${text || "no words yet"}, ${seconds(start)} to ${seconds(stop)}`,
    );
    shown.append(element("span", {}, text || "no words yet"));
    shown.dataset.index = index;
    if (!this._edit) return shown;
    shown.addEventListener("dblclick", () => this._edit.open(index));
    for (const side of ["start", "stop"]) shown.append(this._handle(shown, { start, stop }, side, index));
    return shown;
  }

  _handle(shown, segment, side, index) {
    const handle = element("i", { class: `ep-handle ep-handle-${side}`, "aria-hidden": "true" });
    handle.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      event.preventDefault();
      handle.setPointerCapture(event.pointerId);
      const { left, width } = this._segments.getBoundingClientRect();
      const moved = { ...segment };
      const follow = ({ clientX }) => {
        const step = Math.round(((clientX - left) / width) * (this._frame.axis.length - 1));
        moved[side] =
          side === "start" ? Math.min(Math.max(step, 0), segment.stop - 1) : Math.max(step, segment.start + 1);
        moved.stop = Math.min(moved.stop, this._frame.axis.length);
        this._place(shown, moved.start, moved.stop);
        this._frame.axis.seek(moved[side]);
      };
      handle.onpointermove = follow;
      handle.onpointerup = () => {
        handle.onpointermove = handle.onpointerup = null;
        if (moved.start !== segment.start || moved.stop !== segment.stop) this._edit.resize(index, moved);
      };
    });
    return handle;
  }

  _marks(events, hints) {
    const row = element("div", { class: "ep-marks" });
    for (const { step, kind, text } of events)
      row.append(this._mark(step, `ep-event ep-${kind}`, eventWords(kind, text)));
    for (const { step, sentence } of hints) if (step !== null) row.append(this._mark(step, "ep-hint", sentence));
    return row;
  }

  _mark(step, name, text) {
    const mark = element("button", { type: "button", class: `ep-mark ${name}`, title: `${seconds(step)}: ${text}` });
    mark.setAttribute("aria-label", `${text}, at ${seconds(step)}`);
    mark.style.left = `${100 * this._frame.share(step)}%`;
    mark.addEventListener("click", () => this._frame.axis.seek(step));
    return mark;
  }

  _span(start, stop, name, title) {
    const span = element("div", { class: name, title });
    this._place(span, start, stop);
    return span;
  }

  _place(span, start, stop) {
    const from = this._frame.share(start);
    span.style.left = `${100 * from}%`;
    span.style.width = `${100 * (Math.min(this._frame.share(stop), 1) - from)}%`;
  }
}

export function eventWords(kind, text) {
  return [EVENTS[kind] ?? kind.replaceAll("_", " "), text].filter(Boolean).join(": ");
}

function legend(sources) {
  const present = [...new Set(sources.map(([, source]) => SOURCES[source]))];
  return element(
    "span",
    { class: "ep-legend" },
    ...present.map((name) => element("span", { class: `ep-key ep-${name}` }, name)),
  );
}
