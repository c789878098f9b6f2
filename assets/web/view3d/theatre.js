// One scene with its ghost, paths and point of view, drawn into one canvas.
import { Group, WebGLRenderer } from "../three/three.module.js";
import { Ghost } from "./ghost.js";
import { CHANGED, MOVING } from "./playback.js";
import { place } from "./poses.js";
import { Sharpness } from "./sharpness.js";
import { Shadows, makeStage } from "./stage.js";
import { Trails } from "./trails.js";
import { Viewpoint } from "./viewpoint.js";

const SHADOWS = [
  [/\/left_finger_link$/, 0.12],
  [/^vx300s_(left|right)$/, 0.3],
  [/^(table|midair)$|^vx300s_/, 0], // those of the links in between would only blur the picture
  [/^(pot|socket|peg)$/, 0.25],
  [/./, 0.11],
]; // [m] across, on the table

export class Theatre {
  // `changed()` is called when the picture has to be drawn again.
  constructor(renderer, canvas, changed) {
    this.ghost = new Ghost();
    this._renderer = renderer;
    this._viewpoint = new Viewpoint(canvas, changed);
    this.software = drawnInSoftware(renderer.getContext());
    this._sharpness = new Sharpness(this.software);
    this._trails = new Trails(0.0022, 1);
    this._group = new Group();
    this._bodies = [];
    this._shadows = null;
    this._size = [1, 1];
    this._scene = makeStage();
    this._scene.add(this._group, this.ghost, this._trails);
    this._scene.visible = false;
  }

  // Whether there is something to draw, and it is known where it stands.
  get shown() {
    return this._scene.visible;
  }

  get stats() {
    const { triangles, calls } = this._renderer.info.render;
    return { triangles, calls, bodies: this._bodies.length, ghost: this.ghost.visible, ratio: this._sharpness.ratio };
  }

  // Take these bodies (objects or null, in the order of the poses) in; they are seen once they are posed.
  async enter(bodies, names, view) {
    this.leave();
    this._bodies = bodies;
    this._group.add(...bodies.filter(Boolean));
    const shadowed = bodies.map((object, index) => ({ object, size: shadowOf(names[index]) }));
    this._shadows = new Shadows(shadowed.filter(({ object, size }) => object && size));
    this._group.add(this._shadows);
    this.ghost.embody(bodies, names);
    this._viewpoint.settle(view);
    await this._compile();
  }

  leave() {
    this._scene.visible = false;
    this._shadows?.dispose();
    this._shadows = null;
    this._group.clear();
    this._bodies = [];
  }

  // Something that people hold on to: objects in the scene that turn the pointer's drags into something else.
  furnish(...objects) {
    this._scene.add(...objects);
  }

  get camera() {
    return this._viewpoint.camera;
  }

  // Whether drags turn the view.
  orbit(allowed) {
    this._viewpoint.orbit(allowed);
  }

  lookFrom(name) {
    this._viewpoint.glideTo(name);
  }

  paths(paths) {
    const lines = paths.flatMap(({ color, points }) => Object.values(points).map((arm) => ({ color, points: arm })));
    this._trails.show(lines);
  }

  resize(width, height) {
    this._size = [width, height];
    this._viewpoint.resize(width, height);
    this._fit(this._sharpness.ratio);
  }

  // Draw the moment `now` [ms]; returns whether the next frame will differ by itself. `playback` says where the bodies
  // are, or is null while that is not known; this frame was asked for `waited` [ms] ago.
  draw(now, playback, waited) {
    const seconds = now / 1000;
    const news = playback ? playback.advance(seconds) : 0;
    if (news & CHANGED) {
      place(this._bodies, playback.poses);
      this._shadows.advance();
      this._scene.visible = true;
    }
    const haunted = this.ghost.advance(seconds);
    const turning = this._viewpoint.advance(now);
    this._sharpness.frame(waited);
    this._fit(this._sharpness.ratio);
    this._renderer.render(this._scene, this._viewpoint.camera);
    return haunted || turning || (news & MOVING) !== 0;
  }

  // The same picture once more with all the pixels that it deserves, for it will stand still.
  refine() {
    if (this._sharpness.still <= this._sharpness.ratio) return;
    this._fit(this._sharpness.still);
    this._renderer.render(this._scene, this._viewpoint.camera);
  }

  dispose() {
    this.leave();
    this._viewpoint.dispose();
    this.ghost.dispose();
    this._trails.dispose();
    this._renderer.dispose();
    this._renderer.forceContextLoss();
  }

  // The graphics card is told of all that may be seen: nothing is compiled while the robot moves.
  async _compile() {
    const apart = this._renderer.extensions.has("KHR_parallel_shader_compile");
    if (apart) await this._renderer.compileAsync(this._scene, this._viewpoint.camera);
    else this._renderer.compile(this._scene, this._viewpoint.camera);
  }

  _fit(ratio) {
    const [width, height] = this._size;
    const { domElement } = this._renderer;
    const fits = domElement.width === Math.floor(width * ratio) && domElement.height === Math.floor(height * ratio);
    if (fits) return; // setting the size clears the picture
    this._renderer.setPixelRatio(ratio);
    this._renderer.setSize(width, height, false);
  }
}

// A renderer for a canvas, or null where the browser has no WebGL 2.
export function rendererOf(canvas) {
  const probe = document.createElement("canvas").getContext("webgl2");
  if (!probe) return null;
  const attributes = { antialias: !drawnInSoftware(probe) && (window.devicePixelRatio || 1) < 2, alpha: true };
  probe.getExtension("WEBGL_lose_context")?.loseContext();
  const context = canvas.getContext("webgl2", attributes);
  if (!context) return null;
  const renderer = new WebGLRenderer({ canvas, context });
  renderer.setClearColor(0x000000, 0); // the page's own ground shows
  return renderer;
}

// Without a graphics card, smoothing the edges costs more than everything else together.
function drawnInSoftware(context) {
  const info = context.getExtension("WEBGL_debug_renderer_info");
  const name = context.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : context.RENDERER);
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

const shadowOf = (name) => SHADOWS.find(([pattern]) => pattern.test(name))[1];
