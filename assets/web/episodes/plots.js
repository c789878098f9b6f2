// Joints over the player's axis: small plots, one below the other, drawn once; only the cursor over them moves.
import { element, write } from "./dom.js";
import { ARMS, JOINTS } from "./words.js";

const ROW = 34; // [px], as the style has it
const LEAST_RANGE = 0.06; // [rad]; noise is not blown up
const READ_MS = 80; // between two updates of the figures
const GRIPPER = JOINTS.length - 1;

// Both arms of one episode in a row a joint: what was measured, and fainter what was sent.
export function rowsOf(series) {
  return JOINTS.map((label, joint) => ({
    label,
    unit: joint === GRIPPER ? [-0.05, 1.05] : null,
    lines: ARMS.flatMap((arm, side) => [
      { values: series.action[7 * side + joint], stride: series.stride, colour: `--ep-${arm}`, faint: true },
      {
        values: series.qpos[7 * side + joint],
        stride: series.stride,
        colour: `--ep-${arm}`,
        name: arm[0].toUpperCase(),
      },
    ]),
  }));
}

// One arm of two episodes.
export function rowsOfPair(one, other, arm) {
  const side = ARMS.indexOf(arm);
  return JOINTS.map((label, joint) => ({
    label,
    unit: joint === GRIPPER ? [-0.05, 1.05] : null,
    lines: [one, other].map((series, index) => ({
      values: series.qpos[7 * side + joint],
      stride: series.stride,
      colour: index ? "--ep-b" : "--ep-a",
      name: index ? "B" : "A",
    })),
  }));
}

export class Plots {
  constructor(frame, rows) {
    this._frame = frame;
    this._axis = frame.axis;
    this._rows = rows;
    this._canvas = element("canvas", {
      class: "ep-plot",
      role: "img",
      "aria-label": "Joint positions over time [rad]",
    });
    this._values = rows.map(() => element("span", {}));
    this._readAt = 0;
    const labels = element("div", { class: "ep-plot-labels" }, ...rows.map(({ label }) => element("span", {}, label)));
    const values = element("div", { class: "ep-plot-values" }, ...this._values);
    this.element = frame.row(labels, this._canvas, values, "ep-plots");
    this._canvas.style.height = `${ROW * rows.length}px`;
    this._sizes = new ResizeObserver(() => this.draw());
    this._sizes.observe(this._canvas);
    this._axis.onMove(() => this._read());
  }

  replace(rows) {
    this._rows = rows;
    this._readAt = 0;
    this.draw();
    this._read();
  }

  dispose() {
    this._sizes.disconnect();
  }

  draw() {
    const { clientWidth: width } = this._canvas;
    if (!width) return;
    const height = ROW * this._rows.length;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    this._canvas.width = width * ratio;
    this._canvas.height = height * ratio;
    const pen = this._canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this._canvas);
    this._rows.forEach((row, index) => this._drawRow(pen, style, row, index * ROW, width));
  }

  _drawRow(pen, style, { unit, lines }, top, width) {
    const [low, high] = unit ?? range(lines);
    pen.strokeStyle = style.getPropertyValue("--oft-rule");
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(0, top + ROW - 0.5);
    pen.lineTo(width, top + ROW - 0.5);
    pen.stroke();
    for (const { values, stride, colour, faint } of lines) {
      pen.strokeStyle = style.getPropertyValue(colour);
      pen.globalAlpha = faint ? 0.45 : 1;
      pen.lineWidth = faint ? 1 : 1.5;
      pen.setLineDash(faint ? [3, 2] : []);
      pen.beginPath();
      values.forEach((value, index) => {
        const x = this._frame.share(index * stride) * width;
        const y = top + ROW - 4 - ((value - low) / (high - low)) * (ROW - 8);
        if (index) pen.lineTo(x, y);
        else pen.moveTo(x, y);
      });
      pen.stroke();
    }
    pen.globalAlpha = 1;
    pen.setLineDash([]);
  }

  _read() {
    const now = performance.now();
    if (this._axis.playing && now - this._readAt < READ_MS) return;
    this._readAt = now;
    this._rows.forEach(({ lines }, index) => {
      const said = lines
        .filter(({ name }) => name)
        .map(({ name, values, stride }) => `${name} ${figure(values, this._axis.step / stride)}`);
      write(this._values[index], said.join("  "));
    });
  }
}

function figure(values, at) {
  const value = values[Math.min(Math.round(at), values.length - 1)];
  return value === undefined ? "–" : value.toFixed(2).replace("-", "\u2212");
}

function range(lines) {
  let low = Infinity;
  let high = -Infinity;
  for (const { values } of lines) {
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  const spare = Math.max(LEAST_RANGE - (high - low), 0) / 2;
  return [low - spare, high + spare];
}
