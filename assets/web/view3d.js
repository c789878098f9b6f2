// A scene in 3D inside an element of the page: draws what its slots say, only while it is looked at and changes.
import { acquire, bodiesOf, release } from "./view3d/model.js";
import { Playback } from "./view3d/playback.js";
import { Theatre, rendererOf } from "./view3d/theatre.js";
import { takeTurn } from "./view3d/turns.js";

const PRESETS = { home: "Front", top: "Top", left: "Left", right: "Right" };
const QUIET_MS = 2500; // without news while the robot should be moving
const REST_MS = 700; // without a change, before a picture is drawn once more and better
const NO_WEBGL =
  "This browser draws no 3D: WebGL 2 is off. Turn on hardware acceleration in its settings and load the page " +
  "again, or use another browser. Everything else on this page works, the robot's camera pictures too.";

export class SceneView {
  constructor(element) {
    this.element = element;
    this.name = element.dataset.view;
    this.running = false; // whether news should be arriving
    this._description = null; // the scene that the server shows
    this._url = null; // of the geometry that is on the stage
    this._theatre = undefined; // until it is first in sight; null where there is no WebGL
    this._playback = new Playback();
    this._ghost = null;
    this._paths = [];
    this._asked = false; // for a frame
    this._askedAt = 0; // [ms]
    this._resting = null; // a timer for the time when nothing moves any more
    this._loading = true;
    this._frames = 0;
    this._furnishers = [];
    this.drawn = () => {}; // called after each picture
    this._inSight = false;
    this._notes = { loading: "Waiting for the scene…", stale: "" };
    this._build();
    element.sceneView = this;
  }

  // ------------------------------------------------------------------------------------------------ what arrives

  describe(description) {
    this._description = description;
    if (this._theatre && description.url !== this._url) this._load();
    else this._invalidate();
  }

  poses(floats) {
    this._playback.take(floats, performance.now() / 1000);
    this._invalidate();
  }

  ghost(floats) {
    this._ghost = floats;
    this._theatre?.ghost.play(floats, performance.now() / 1000);
    if (floats[2] > 0) this.element.dataset.ghost = String(floats[0]);
    else delete this.element.dataset.ghost;
    this._invalidate();
  }

  paths(paths) {
    this._paths = paths;
    this._theatre?.paths(paths);
    this._invalidate();
  }

  // Put on the colours of the page's theme.
  wear() {
    const accent = getComputedStyle(this.element).getPropertyValue("--oft-action").trim();
    this._theatre?.ghost.tint(accent || "orange");
    this._invalidate();
  }

  // Whether the line to the server is up, and how long nothing came over it [ms].
  hear(connected, silence) {
    const seconds = Math.max(Math.round(silence / 1000), 1);
    let text = "";
    if (!connected) text = "Connection lost. Reconnecting…";
    else if (this.running && silence > QUIET_MS) text = `No news from the server for ${seconds} s`;
    this.element.classList.toggle("stale", text !== "");
    this._say("stale", text);
  }

  // Call `furnish(theatre, canvas)` once there is a stage.
  whenOpen(furnish) {
    if (this._theatre) furnish(this._theatre, this._canvas);
    else this._furnishers.push(furnish);
  }

  // Something in the scene changed that no message told of.
  touch() {
    this._invalidate();
  }

  // For tests and measurements.
  stats() {
    const nothing = { triangles: 0, calls: 0, bodies: 0, ghost: false, ratio: 1 };
    const { epoch, time } = this._playback;
    return { frames: this._frames, epoch, time, paths: this._paths.length, ...nothing, ...this._theatre?.stats };
  }

  dispose() {
    this._inSight = false;
    clearTimeout(this._resting);
    this._sight.disconnect();
    this._sizes.disconnect();
    document.removeEventListener("visibilitychange", this._wake);
    this._description = null;
    this._theatre?.dispose();
    if (this._url) release(this._url);
    delete this.element.sceneView;
  }

  // ------------------------------------------------------------------------------------------------ the element

  _build() {
    this._canvas = document.createElement("canvas");
    this._canvas.tabIndex = 0;
    this._canvas.setAttribute("role", "img");
    const what = this.element.dataset.label || "The simulated robot with its table and objects";
    const keys = "Arrow keys turn the view, plus and minus zoom, Home goes back.";
    this._canvas.setAttribute("aria-label", `${what}, in 3D. ${keys}`);
    this._note = document.createElement("p");
    this._note.className = "view3d-note";
    this._note.setAttribute("role", "status");
    this.element.replaceChildren(this._canvas, this._note, this._presets());
    this._say("loading", this._notes.loading);
    this._wake = () => this._invalidate();
    document.addEventListener("visibilitychange", this._wake);
    this._sizes = new ResizeObserver(() => this._resize());
    this._sizes.observe(this.element);
    this._sight = new IntersectionObserver((entries) => {
      this._inSight = entries.at(-1).isIntersecting;
      if (this._inSight && this._theatre === undefined) this._open();
      this._invalidate();
    });
    this._sight.observe(this.element);
  }

  _presets() {
    const group = document.createElement("div");
    group.className = "view3d-presets";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Point of view");
    for (const [name, label] of Object.entries(PRESETS)) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", () => this._theatre?.lookFrom(name));
      group.append(button);
    }
    return group;
  }

  // What is wrong with the line matters more than what is being loaded.
  _say(kind, text) {
    this._notes[kind] = text;
    const said = this._notes.stale || this._notes.loading;
    if (this._note.textContent !== said) this._note.textContent = said;
    this._note.hidden = said === "";
  }

  // ------------------------------------------------------------------------------------------------ the stage

  // When it is first in sight: a page with four views pays for those that are looked at.
  _open() {
    const renderer = rendererOf(this._canvas);
    this._theatre = renderer && new Theatre(renderer, this._canvas, () => this._invalidate());
    if (!this._theatre) {
      this.element.classList.add("no-webgl");
      this._say("loading", NO_WEBGL);
      return;
    }
    this._canvas.addEventListener("webglcontextrestored", () => this._invalidate());
    this._resize();
    this.wear();
    this._theatre.paths(this._paths);
    if (this._ghost) this._theatre.ghost.play(this._ghost, performance.now() / 1000);
    for (const furnish of this._furnishers.splice(0)) furnish(this._theatre, this._canvas);
    if (this._description) this._load();
  }

  async _load() {
    const { _description: description } = this;
    const { url } = description;
    const wanted = () => this._description?.url === url;
    this._loading = true;
    this._say("loading", "Loading the scene…");
    try {
      const template = await acquire(url, (bytes) => {
        if (wanted()) this._say("loading", `Loading the scene… ${(bytes / 1e6).toFixed(1)} MB`);
      });
      if (!wanted()) return release(url);
      await this._enter(template, description);
      this._loading = !wanted();
      if (wanted()) this._say("loading", "");
    } catch (error) {
      if (!wanted()) return;
      this._url = null;
      this._say("loading", `The scene did not load (${error.message}). Reload the page to try again.`);
    }
    this._invalidate();
  }

  async _enter(template, { url, bodies, view }) {
    const before = this._url;
    this._url = url;
    if (before) release(before);
    this._playback.repeat();
    await this._theatre.enter(bodiesOf(template, bodies.length), bodies, view);
  }

  _resize() {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !clientHeight) return;
    this._theatre?.resize(clientWidth, clientHeight);
    this._invalidate();
  }

  // ------------------------------------------------------------------------------------------------ drawing

  _invalidate() {
    if (this._asked || !this._seen()) return;
    this._asked = true;
    this._askedAt = performance.now();
    takeTurn(this._draw, this._theatre.software);
  }

  _seen() {
    return this._inSight && !this._loading && this._theatre && !document.hidden;
  }

  _draw = (now) => {
    this._asked = false;
    if (!this._seen()) return;
    const playback = this._fitting();
    if (!playback && !this._theatre.shown) return;
    const more = this._theatre.draw(now, playback, performance.now() - this._askedAt);
    this._count();
    clearTimeout(this._resting);
    if (more) this._invalidate();
    else this._resting = setTimeout(() => this._refine(), REST_MS);
  };

  // What is known of where the bodies are, unless it belongs to a scene that is gone or yet to come.
  _fitting() {
    const { epoch, bodies } = this._description;
    return this._playback.epoch === epoch && this._playback.count === bodies.length ? this._playback : null;
  }

  _refine() {
    if (this._asked || !this._seen()) return;
    this._theatre.refine();
    this._count();
  }

  _count() {
    this._frames += 1;
    this._canvas.dataset.painted = String(this._frames);
    this.drawn();
  }
}
