// Fewer pixels where frames take too long: a slow machine shows a smooth robot before a sharp one.
const SLOW = 30; // [ms] from one frame to the next
const JUDGED = 12; // frames
const LEAST = 0.6; // pixels for a CSS pixel
const MOST = 2;
const SOFTWARE = 0.5; // without a graphics card every pixel is missed by the rest of the page

export class Sharpness {
  // `software`: there is no graphics card.
  constructor(software) {
    this.ratio = software ? SOFTWARE : Math.min(window.devicePixelRatio || 1, MOST); // while something moves
    this.still = software ? MOST : this.ratio; // of a picture that stands still: there is time to smooth its edges
    this._sum = 0;
    this._frames = 0;
    this._before = null; // {ratio, pace} before the last step down, while it is not known whether that has helped
    this._settled = software;
  }

  // Hear of a frame that had to wait this long [ms] for those before it.
  frame(waited) {
    if (this._settled) return;
    this._sum += waited;
    this._frames += 1;
    if (this._frames < JUDGED) return;
    this._judge(this._sum / this._frames);
    this._sum = this._frames = 0;
  }

  _judge(pace) {
    if (this._before && pace > 0.95 * this._before.pace) {
      this.ratio = this._before.ratio; // it is not the pixels that take the time
      this._settled = true;
    } else if (pace > SLOW && this.ratio > LEAST) {
      this._before = { ratio: this.ratio, pace };
      this.ratio = Math.max(0.8 * this.ratio, LEAST);
    } else {
      this._before = null;
    }
  }
}
