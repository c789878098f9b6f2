// An episode on show: 3D replay and the cameras' pictures, moved by one axis.
import { button, choice, element, write } from "./dom.js";
import { Pictures } from "./pictures.js";
import { Replay } from "./replay.js";
import { addresses, bytes } from "./server.js";
import { SPEEDS } from "./axis.js";
import { CAMERA_NAMES, seconds } from "./words.js";

const NO_STATES = "This file holds no simulator states: the arms move as their joints did, objects are not known.";

// The tiles of one episode; the one that is clicked becomes the large one.
export class Stage {
  constructor(entry, series, axis, { compact = false } = {}) {
    this.element = element("div", { class: `ep-stage${compact ? " ep-compact" : ""}`, "data-large": "replay" });
    this._axis = axis;
    const cameras = compact ? series.cameras.slice(0, 1) : series.cameras;
    this._canvases = new Map(cameras.map((camera) => [camera, canvasOf(camera)]));
    this.element.append(this._tile("replay", "3D replay", this._view(entry)));
    for (const [camera, canvas] of this._canvases)
      this.element.append(this._tile(camera, CAMERA_NAMES[camera] ?? camera, canvas));
    if (!cameras.length) this.element.classList.add("ep-no-pictures");
    this._enlarge("replay");
    this._pictures = this._canvases.size ? new Pictures(entry, axis, this._canvases) : null;
    this._replay = new Replay(this._place, axis);
    this._load(entry, series);
  }

  // For tests: what the view says of itself.
  stats() {
    return this._replay.stats();
  }

  dispose() {
    this._gone = true;
    this._pictures?.dispose();
    this._replay.dispose();
  }

  _view({ name }) {
    this._place = element("div", { class: "view3d", "data-view": "episodes", "data-label": `Replay of ${name}` });
    return this._place;
  }

  _tile(key, label, content) {
    const tile = element("figure", { class: "ep-tile", "data-tile": key }, content);
    const enlarge = button(label, () => this._enlarge(key), {
      class: "ep-tile-name",
      title: `Show ${label} large`,
    });
    tile.append(element("figcaption", {}, enlarge));
    return tile;
  }

  _enlarge(key) {
    this.element.dataset.large = key;
    for (const tile of this.element.children) tile.classList.toggle("ep-large", tile.dataset.tile === key);
  }

  async _load(entry, series) {
    const { scene, poses } = series;
    if (!poses.states) this._note(NO_STATES);
    try {
      const frames = new Float32Array(await bytes(addresses.poses(entry)));
      if (!this._gone) this._replay.enter(scene, frames, poses.stride);
    } catch (error) {
      if (!this._gone) this._note(`The replay did not load: ${error.message}`);
    }
  }

  _note(text) {
    this._place.parentElement.append(element("p", { class: "ep-tile-note" }, text));
  }
}

// The buttons under the stage; more: others beside them.
export class Transport {
  constructor(axis, more = []) {
    this._axis = axis;
    const to = (step) => () => axis.seek(step());
    this._toggle = button("Play", () => axis.toggle(), { class: "ep-button ep-play", title: "Play, pause (Space)" });
    this._loop = button("Loop", () => axis.set({ loop: !axis.loop }), { title: "Begin again at the end (L)" });
    const speeds = SPEEDS.map((speed) => [String(speed), `${speed}\u00d7`]);
    this._speed = choice(speeds, "1", { "aria-label": "Speed", title: "Slower (,) and faster (.)" });
    this._speed.addEventListener("change", () => axis.set({ speed: Number(this._speed.value) }));
    this._now = element("output", { class: "ep-clock" });
    this.element = element(
      "div",
      { class: "ep-transport", role: "toolbar", "aria-label": "Player" },
      this._toggle,
      button(
        "|\u2039",
        to(() => axis.start),
        { title: "To the start (Home)", "aria-label": "To the start" },
      ),
      button(
        "\u2039",
        to(() => axis.step - 1),
        { title: "One step back (\u2190)", "aria-label": "One step back" },
      ),
      button(
        "\u203a",
        to(() => axis.step + 1),
        { title: "One step on (\u2192)", "aria-label": "One step on" },
      ),
      button(
        "\u203a|",
        to(() => axis.stop - 1),
        { title: "To the end (End)", "aria-label": "To the end" },
      ),
      this._loop,
      this._speed,
      ...more,
      this._now,
    );
    axis.onMove(() => write(this._now, `${seconds(axis.step)} / ${seconds(axis.length)}`));
    axis.onChange(() => this._show());
  }

  _show() {
    write(this._toggle, this._axis.playing ? "Pause" : "Play");
    this._loop.setAttribute("aria-pressed", this._axis.loop);
    this._speed.value = String(this._axis.speed);
  }
}

function canvasOf(camera) {
  const label = `Camera ${CAMERA_NAMES[camera] ?? camera}`;
  return element("canvas", { width: 320, height: 240, role: "img", "aria-label": label, "data-camera": camera });
}
