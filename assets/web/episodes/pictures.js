// The cameras' pictures around the cursor: fetched a second at a time, a little ahead, and painted when decoded.
import { addresses, bytes } from "./server.js";

const PICTURES = 25; // in a block
const STRIDE = 2; // control steps between two pictures: 25 a second
const STEPS = PICTURES * STRIDE;
const KEPT = 90; // blocks of all cameras, about 200 kB each
const AT_ONCE = 3; // requests; more would only wait for each other on the server
const AHEAD = 2; // blocks

export class Pictures {
  // cameras: names; canvases: canvas of each
  constructor(entry, axis, canvases, width = 320) {
    this._entry = entry;
    this._axis = axis;
    this._canvases = canvases; // Map camera -> canvas
    this._width = width;
    this._blocks = new Map(); // "camera block" -> array of JPEG blobs; the one used last stands last
    this._wanted = []; // keys, the most urgent first
    this._underWay = new Map(); // key -> AbortController
    this._failed = new Set();
    axis.onMove(() => this._moved());
  }

  get waiting() {
    return this._wanted.length + this._underWay.size;
  }

  dispose() {
    for (const abort of this._underWay.values()) abort.abort();
    this._canvases = new Map();
    this._wanted = [];
  }

  _moved() {
    const { step, length } = this._axis;
    const block = Math.floor(step / STEPS);
    const last = Math.floor((length - 1) / STEPS);
    const wanted = [];
    for (let ahead = 0; ahead <= AHEAD; ahead++) {
      let index = block + ahead;
      if (index > last) index = this._axis.loop ? Math.floor(this._axis.start / STEPS) : last;
      for (const camera of this._canvases.keys()) wanted.push(`${camera} ${index}`);
    }
    this._wanted = [...new Set(wanted)].filter((key) => !this._blocks.has(key) && !this._failed.has(key));
    for (const [key, abort] of this._underWay) if (!wanted.includes(key)) abort.abort();
    this._pump();
    for (const [camera, canvas] of this._canvases) this._paint(camera, canvas);
  }

  _pump() {
    while (this._underWay.size < AT_ONCE) {
      const key = this._wanted.find((each) => !this._underWay.has(each));
      if (!key) return;
      this._fetch(key);
    }
  }

  async _fetch(key) {
    const [camera, block] = key.split(" ");
    const abort = new AbortController();
    this._underWay.set(key, abort);
    try {
      const found = await bytes(addresses.block(this._entry, camera, block, this._width), abort.signal);
      this._blocks.set(key, split(found));
      while (this._blocks.size > KEPT) this._blocks.delete(this._blocks.keys().next().value);
    } catch (error) {
      if (error.name !== "AbortError") this._failed.add(key);
    }
    this._underWay.delete(key);
    this._wanted = this._wanted.filter((each) => each !== key);
    const canvas = this._canvases.get(camera);
    if (canvas) this._paint(camera, canvas);
    this._pump();
  }

  _picture(camera) {
    const { step } = this._axis;
    const key = `${camera} ${Math.floor(step / STEPS)}`;
    const found = this._blocks.get(key);
    if (!found) return null;
    this._blocks.delete(key);
    this._blocks.set(key, found);
    return found[Math.min(Math.floor((step % STEPS) / STRIDE), found.length - 1)] ?? null;
  }

  // One picture is decoded at a time, and then the latest: a slow browser shows fewer, never none.
  async _paint(camera, canvas) {
    if (canvas.painting) return;
    canvas.painting = true;
    try {
      for (let picture; (picture = this._picture(camera)) && canvas.shown !== picture;) {
        canvas.shown = picture;
        const bitmap = await createImageBitmap(picture);
        if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
        if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
        canvas.getContext("2d").drawImage(bitmap, 0, 0);
        bitmap.close();
        canvas.dataset.step = String(this._axis.step);
        canvas.dataset.painted = String(Number(canvas.dataset.painted || 0) + 1);
      }
    } finally {
      canvas.painting = false;
    }
  }
}

// A count, that many lengths, and the pictures, one after the other; numbers are little-endian uint32.
function split(buffer) {
  const view = new DataView(buffer);
  const number = view.getUint32(0, true);
  const found = [];
  let at = 4 + 4 * number;
  for (let index = 0; index < number; index++) {
    const length = view.getUint32(4 + 4 * index, true);
    found.push(new Blob([new Uint8Array(buffer, at, length)], { type: "image/jpeg" }));
    at += length;
  }
  return found;
}
