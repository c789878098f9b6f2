// The 3D view of an episode: the same stage as everywhere, moved by the player's cursor instead of by the server.
import { SceneView } from "../view3d.js";
import { CHANGED } from "../view3d/playback.js";
import { STRIDE, blend } from "../view3d/poses.js";

// Poses of a whole episode, read at any moment; stands in for the queue of poses that arrive one after the other.
class Track {
  constructor(frames, bodies, stride) {
    this.epoch = 0;
    this.count = bodies;
    this.time = 0;
    this.poses = new Float32Array(bodies * STRIDE);
    this._frames = frames;
    this._rows = frames.length / (bodies * STRIDE);
    this._stride = stride; // control steps between two rows
    this._step = 0;
    this._shown = null;
  }

  seek(step) {
    this._step = step;
  }

  take() {}

  repeat() {
    this._shown = null;
  }

  advance() {
    if (this._shown === this._step || this._rows === 0) return 0;
    this._shown = this._step;
    const row = Math.min(this._step / this._stride, this._rows - 1);
    const before = Math.floor(row);
    const after = Math.min(before + 1, this._rows - 1);
    const size = this.count * STRIDE;
    blend(this.poses, this._frames, before * size, this._frames, after * size, this.count, row - before);
    return CHANGED;
  }
}

export class Replay extends SceneView {
  constructor(element, axis) {
    super(element);
    axis.onMove((cursor) => this._seek(cursor));
    this._cursor = axis.cursor;
  }

  // scene: what the server says of it; frames: float32, rows of bodies.
  enter(scene, frames, stride) {
    this._playback = new Track(frames, scene.bodies.length, stride);
    this._playback.seek(this._cursor);
    this.describe({ ...scene, epoch: 0 });
  }

  hear() {} // what it shows is here already, whatever becomes of the line

  _seek(cursor) {
    this._cursor = cursor;
    if (!(this._playback instanceof Track)) return;
    this._playback.seek(cursor);
    this._invalidate();
  }
}
