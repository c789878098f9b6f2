// Small plotly graphs, one a joint, that grow while something runs: each update is short, and only one is made at a
// time, so that the 3D view beside them does not stutter.
const TIME_STEP = 2; // [s] by which the time axis grows, so that panels do not creep
const FIRST_SPAN = 4; // [s]
const LEAST_SPAN = 0.3; // [rad] that a panel shows at least
const RANGE_STEP = 0.2; // [rad] by which the range of values grows
const CONFIG = { displayModeBar: false, doubleClick: false, responsive: false };

export function loadPlotly() {
  window.studioPlotlyLoading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = window.studioPlotly;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("the plot library did not load"));
    document.head.append(script);
  });
  return window.studioPlotlyLoading;
}

// Work that is cut into pieces, with room between them: at most a third of the page's thread is theirs.
export class Slices {
  constructor() {
    this._due = new Set();
    this._asked = false;
  }

  add(piece) {
    this._due.add(piece);
    if (!this._asked) this._ask(0);
  }

  _ask(wait) {
    this._asked = true;
    setTimeout(() => requestAnimationFrame(() => setTimeout(() => this._work(), 0)), wait);
  }

  _work() {
    const started = performance.now();
    const [piece] = this._due;
    this._due.delete(piece);
    if (piece.draw()) this._due.add(piece); // not done: behind all others
    this._asked = false;
    if (this._due.size) this._ask(2 * (performance.now() - started));
  }
}

// One joint: points are gathered at once and drawn when its turn comes.
export class Panel {
  // names: the traces, each {name, line, mode?, marker?}; range: [low, high] that is always shown.
  constructor(element, { names, range, slices }) {
    this.element = element;
    this.inSight = false;
    this._names = names;
    this._slices = slices;
    this.limits = null; // [low, high], beyond which a band is drawn
    this._least = range;
    this._anew = true;
    this.clear();
  }

  clear() {
    this._points = this._names.map(() => ({ x: [], y: [] })); // all of them, for when it is drawn anew
    this._fresh = this._names.map(() => ({ x: [], y: [] })); // not drawn yet
    this._span = FIRST_SPAN;
    this._range = [...this._least];
    this._replaced = new Set(this._names.keys());
    this._relayout = true;
    this._marks = [];
    this.zoom = null;
    this.wake();
  }

  append(trace, xs, ys) {
    for (const store of [this._points[trace], this._fresh[trace]]) {
      store.x.push(...xs);
      store.y.push(...ys);
    }
    this._reach(xs, ys);
    this.wake();
  }

  replace(trace, xs, ys) {
    this._points[trace] = { x: [...xs], y: [...ys] };
    this._fresh[trace] = { x: [], y: [] };
    this._replaced.add(trace);
    this._reach(xs, ys);
    this.wake();
  }

  // A line at a time, across the panel.
  tick(time) {
    this._marks.push(time);
    this._relayout = true;
    this.wake();
  }

  wear(colours) {
    this._colours = colours;
    this._anew = true;
    this.wake();
  }

  zoomTo(range) {
    this.zoom = range;
    this._relayout = true;
    this.wake();
  }

  see(inSight) {
    this.inSight = inSight;
    if (inSight) this.wake();
  }

  wake() {
    if (this.inSight && window.Plotly) this._slices.add(this);
  }

  // Draws the empty panel before anything runs and whoever looks: the first time takes longest.
  prepare() {
    if (this._anew && window.Plotly && this.element.clientWidth) this._drawAnew();
    return false;
  }

  // Does one thing that is due, since each takes long; returns whether more is.
  draw() {
    if (!this.inSight || !window.Plotly || !this.element.clientWidth) return false;
    if (this._anew || this._drawnWidth !== this.element.clientWidth) this._drawAnew();
    else if (this._replaced.size) this._restyle();
    else if (this._fresh.some((store) => store.x.length)) this._extend();
    else if (this._relayout) this._layOut();
    return this._replaced.size > 0 || this._relayout || this._fresh.some((store) => store.x.length);
  }

  get traceCount() {
    return this.element.data?.length ?? 0;
  }

  _reach(xs, ys) {
    const end = xs.reduce((most, x) => Math.max(most, x ?? 0), 0);
    const values = ys.filter((y) => y !== null);
    const low = RANGE_STEP * Math.floor((Math.min(...values) - 0.05) / RANGE_STEP);
    const high = RANGE_STEP * Math.ceil((Math.max(...values) + 0.05) / RANGE_STEP);
    const span = Math.max(this._span, TIME_STEP * Math.ceil(end / TIME_STEP));
    const range = [Math.min(this._range[0], low), Math.max(this._range[1], high)];
    if (span === this._span && range[0] === this._range[0] && range[1] === this._range[1]) return;
    this._span = span;
    this._range = range;
    this._relayout = true;
  }

  _drawAnew() {
    const data = this._names.map((trace, index) => ({
      type: "scatter",
      mode: "lines",
      hovertemplate: "%{y:.3f} at %{x:.2f} s",
      ...trace,
      line: trace.line && { ...trace.line, color: this._colours[trace.line.color] ?? trace.line.color },
      x: [...this._points[index].x],
      y: [...this._points[index].y],
    }));
    window.Plotly.react(this.element, data, this._layout(), CONFIG);
    this._fresh = this._names.map(() => ({ x: [], y: [] }));
    this._anew = this._relayout = false;
    this._replaced.clear();
    this._drawnWidth = this.element.clientWidth;
    if (this._wired) return;
    this._wired = true;
    this.element.on("plotly_relayout", (change) => this._zoomed(change));
    this.element.on("plotly_doubleclick", () => this.onZoom?.(null));
    this.element.on("plotly_click", (event) => this.onClick?.(event.points[0].x));
  }

  _zoomed(change) {
    const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    if (from !== undefined && to !== undefined) this.onZoom?.([from, to]);
  }

  _extend() {
    const indices = this._fresh.flatMap((store, index) => (store.x.length ? [index] : []));
    if (!indices.length) return;
    const update = { x: indices.map((i) => this._fresh[i].x), y: indices.map((i) => this._fresh[i].y) };
    this._fresh = this._names.map(() => ({ x: [], y: [] }));
    window.Plotly.extendTraces(this.element, update, indices);
  }

  _restyle() {
    const indices = [...this._replaced];
    this._replaced.clear();
    for (const index of indices) this._fresh[index] = { x: [], y: [] };
    const update = { x: indices.map((i) => [...this._points[i].x]), y: indices.map((i) => [...this._points[i].y]) };
    window.Plotly.restyle(this.element, update, indices);
  }

  _layOut() {
    this._relayout = false;
    const { xaxis, yaxis, shapes } = this._layout();
    window.Plotly.relayout(this.element, { "xaxis.range": xaxis.range, "yaxis.range": yaxis.range, shapes });
  }

  _layout() {
    const { ink, rule } = this._colours;
    const axis = { gridcolor: rule, linecolor: rule, zeroline: false, nticks: 4, tickfont: { size: 9, color: ink } };
    return {
      width: this.element.clientWidth,
      height: this.element.clientHeight,
      margin: { l: 30, r: 4, t: 4, b: 18 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      showlegend: false,
      hovermode: "closest",
      dragmode: "zoom",
      xaxis: { ...axis, range: this.zoom ?? [0, this._span], ticksuffix: " s" },
      yaxis: { ...axis, range: this._visible(), fixedrange: true },
      shapes: [...this._bands(), ...this._marks.map((time) => this._line(time))],
    };
  }

  // A tremor must not fill the panel.
  _visible() {
    const [low, high] = this._range;
    if (!(low <= high)) return [-LEAST_SPAN / 2, LEAST_SPAN / 2];
    const spare = Math.max(0, LEAST_SPAN - (high - low)) / 2;
    return [low - spare, high + spare];
  }

  // What lies beyond the joint's limits.
  _bands() {
    if (!this.limits) return [];
    const [low, high] = this.limits;
    const band = (y0, y1) => ({
      type: "rect", xref: "paper", x0: 0, x1: 1, y0, y1, layer: "below", line: { width: 0 },
      fillcolor: this._colours.band,
    });
    return [band(low - 10, low), band(high, high + 10)];
  }

  _line(time) {
    const line = { color: this._colours.ink, width: 1, dash: "dot" };
    return { type: "line", yref: "paper", x0: time, x1: time, y0: 0, y1: 1, line };
  }
}
