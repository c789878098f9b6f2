// Turns poses that arrive now and then into poses for every frame of the display: it shows the moment that lies a
// little in the past, between two that are known, so that neither the network's jitter nor 25 Hz can be seen.
import { STRIDE, blend } from "./poses.js";

export const CHANGED = 1; // they differ from those of the last frame
export const MOVING = 2; // those of the next frame will differ

const HEADER = 4; // epoch, stamp, time, count
const KEPT = 64; // messages that wait to be shown; a view that is out of sight keeps no more
const HEARD = 32; // messages from which the server's clock and the jitter are judged
const GLIDE = 0.12; // [s] in which a pose that comes after a pause is reached
const LATEST = 0.25; // [s] behind the server; what comes later than that is seen to jump
const SILENCE = 1.0; // [s] after which the server's clock is judged anew

export class Playback {
  constructor() {
    this.epoch = null;
    this.time = 0; // [s] simulated, of what is shown
    this.count = 0; // bodies
    this.poses = new Float32Array(0); // of this frame
    this._messages = [];
    this._offsets = new Float64Array(HEARD); // arrival less stamp [s]: the clocks' difference and the delay on the way
    this._heard = 0;
    this._interval = 0.04;
    this._delay = 0.06;
    this._arrived = 0;
    this._shown = null;
    this._shownFraction = 0;
  }

  // A message that arrived at `now` [s], on the clock that `advance` is asked with.
  take(floats, now) {
    if (floats.length < HEADER || floats.length !== HEADER + floats[3] * STRIDE) return;
    if (floats[0] !== this.epoch || floats[3] !== this.count) this._begin(floats);
    this._judge(floats[1], now);
    this._messages.push(floats);
    if (this._messages.length > KEPT) this._messages.shift();
  }

  // The next frame counts as changed: somebody new looks.
  repeat() {
    this._shown = null;
  }

  // Work out the poses of this frame; CHANGED and MOVING, or neither, say what became of them.
  advance(now) {
    const messages = this._messages;
    if (!messages.length) return 0;
    const moment = now - this._offset() - this._delay;
    while (messages.length > 1 && messages[1][1] <= moment) messages.shift();
    const [current, next] = messages;
    let fraction = 0;
    if (next) {
      const start = Math.max(current[1], next[1] - Math.max(GLIDE, 2 * this._interval));
      fraction = Math.min(Math.max((moment - start) / (next[1] - start), 0), 1);
    }
    const changed = current !== this._shown || fraction !== this._shownFraction;
    if (changed) {
      blend(this.poses, current, HEADER, next ?? current, HEADER, this.count, fraction);
      this.time = next ? current[2] + (next[2] - current[2]) * fraction : current[2];
      this._shown = current;
      this._shownFraction = fraction;
    }
    return (changed ? CHANGED : 0) | (next ? MOVING : 0);
  }

  _begin(floats) {
    this.epoch = floats[0];
    this.count = floats[3];
    this.time = floats[2];
    this.poses = new Float32Array(this.count * STRIDE);
    this._messages.length = 0;
    this._heard = 0;
    this._shown = null;
  }

  _judge(stamp, now) {
    if (now - this._arrived > SILENCE) this._heard = 0;
    const last = this._messages.at(-1);
    const gap = last ? stamp - last[1] : 0;
    if (this._heard && gap > 0.005 && gap < 0.5) this._interval += 0.1 * (gap - this._interval);
    this._offsets[this._heard++ % HEARD] = now - stamp;
    this._arrived = now;
    // One and a half intervals, and more where messages come late: as late as all but the latest few.
    const wanted = Math.min(this._interval + Math.max(0.5 * this._interval, this._jitter()), LATEST);
    this._delay += (wanted > this._delay ? 0.25 : 0.02) * (wanted - this._delay);
  }

  // The least that any recent message took: its delay on the way was nearly none.
  _offset() {
    let least = Infinity;
    for (let index = Math.min(this._heard, HEARD) - 1; index >= 0; index--) least = Math.min(least, this._offsets[index]);
    return least;
  }

  _jitter() {
    const least = this._offset();
    let sum = 0;
    let squares = 0;
    const heard = Math.min(this._heard, HEARD);
    for (let index = 0; index < heard; index++) {
      const late = this._offsets[index] - least;
      sum += late;
      squares += late * late;
    }
    const mean = sum / heard;
    return mean + 1.3 * Math.sqrt(Math.max(squares / heard - mean * mean, 0));
  }
}
