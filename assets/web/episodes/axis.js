// The one time axis of a player: where the cursor is, how fast it goes, and which part is marked.
import { CONTROL_HZ } from "./words.js";

export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8];
const LONGEST_GAP = 0.25; // [s] between two frames; a page that was hidden does not leap ahead

export class TimeAxis {
  constructor(length) {
    this.length = length; // [control steps]
    this.cursor = 0; // a step, or between two
    this.playing = false;
    this.speed = 1;
    this.loop = false;
    this.marks = { start: null, stop: null }; // of a trim that is thought of
    this._moved = [];
    this._changed = [];
    this._frame = null;
    this._last = 0;
  }

  onMove(callback) {
    this._moved.push(callback);
    callback(this.cursor);
  }

  onChange(callback) {
    this._changed.push(callback);
    callback();
  }

  get step() {
    return Math.min(Math.floor(this.cursor), this.length - 1);
  }

  get start() {
    return this.marks.start ?? 0;
  }

  get stop() {
    return this.marks.stop ?? this.length;
  }

  seek(step) {
    const cursor = Math.min(Math.max(step, 0), this.length - 1);
    if (cursor === this.cursor) return;
    this.cursor = cursor;
    for (const callback of this._moved) callback(cursor);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.cursor >= this.stop - 1.01 || this.cursor < this.start) this.seek(this.start);
    this.playing = true;
    this._last = performance.now();
    this._frame = requestAnimationFrame(this._tick);
    this._tell();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this._frame);
    this._tell();
  }

  faster(direction) {
    const index = SPEEDS.indexOf(this.speed) + direction;
    this.speed = SPEEDS[Math.min(Math.max(index, 0), SPEEDS.length - 1)];
    this._tell();
  }

  set(values) {
    Object.assign(this, values);
    this._tell();
  }

  mark(values) {
    const marks = { ...this.marks, ...values };
    if (marks.start !== null && marks.stop !== null && marks.start >= marks.stop) {
      if ("start" in values) marks.stop = null;
      else marks.start = null;
    }
    if (marks.start === 0) marks.start = null;
    if (marks.stop === this.length) marks.stop = null;
    this.marks = marks;
    this._tell();
  }

  dispose() {
    this.pause();
    this._moved = [];
    this._changed = [];
  }

  _tick = (now) => {
    if (!this.playing) return;
    const gap = Math.min((now - this._last) / 1000, LONGEST_GAP);
    this._last = now;
    const next = this.cursor + gap * this.speed * CONTROL_HZ;
    if (next < this.stop - 1) this.seek(next);
    else if (this.loop) this.seek(this.start);
    else {
      this.seek(this.stop - 1);
      this.pause();
      return;
    }
    this._frame = requestAnimationFrame(this._tick);
  };

  _tell() {
    for (const callback of this._changed) callback();
  }
}
