// Export: for whom, at what rate, which episodes; then how far it is, what the validator found, and where it lies.
import { button, choice, dialog, element, labelled } from "./dom.js";
import { command } from "./server.js";
import { count, size } from "./words.js";

const FORMATS = [
  ["act", "ACT / ALOHA HDF5", "One file an episode, all of the same length, as ACT's own loader stacks them."],
  [
    "oft",
    "openvla-oft",
    "256\u00d7256 pictures in train and val folders named after the instruction, as its RLDS builder reads them.",
  ],
  ["lerobot", "LeRobot v3", "Parquet and MP4 with tasks and statistics, for LeRobot's dataset class."],
  ["robomimic", "robomimic", "One HDF5 with demos and filter keys; actions are scaled to [-1, 1]."],
  ["rlds", "RLDS / TFDS", "Episodes with a builder script that makes the TFDS dataset in openvla-oft's environment."],
];
const RATES = [
  ["50", "50 Hz, as recorded"],
  ["25", "25 Hz, as OFT acts on ALOHA"],
];
const SPLIT = ["oft", "rlds", "robomimic"]; // formats with a part for validation
const SLOW = ["oft", "rlds"]; // usually at the rate at which OFT acts

export class Exporting {
  constructor() {
    this._told = null;
    window.studio.listen("episodes-export", ({ data }) => this._hear(data));
  }

  // chosen: {names} or {query}, number of them
  show(chosen, number) {
    this._chosen = chosen;
    const formats = element("div", { class: "ep-formats", role: "radiogroup", "aria-label": "Format" });
    for (const [value, label, hint] of FORMATS) {
      const radio = element("input", { type: "radio", name: "ep-format", value, checked: value === "act" });
      formats.append(
        element("label", {}, radio, element("span", {}, element("b", {}, label), element("small", {}, hint))),
      );
    }
    this._rate = choice(RATES, "50");
    this._share = element("input", { type: "number", min: 0, max: 0.9, step: 0.05, value: 0.05 });
    this._seed = element("input", { type: "number", min: 0, step: 1, value: 0 });
    this._folder = element("input", { type: "text", maxlength: 80, placeholder: "named after format and time" });
    this._start = element("button", { class: "ep-button ep-primary" }, `Export ${count(number, "episode")}`);
    this._halt = button("Stop", () => command("export-stop"), { hidden: true });
    this._split = [labelled("Share for validation", this._share), labelled("Seed of the split", this._seed)];
    formats.addEventListener("change", ({ target }) => this._suit(target.value));
    this._form = element(
      "form",
      {},
      formats,
      element("div", { class: "ep-three" }, labelled("Rate", this._rate), ...this._split),
      labelled("Folder, inside exports/ of the data folder", this._folder),
      element("div", { class: "ep-actions" }, this._start, this._halt),
    );
    this._form.addEventListener("submit", (event) => this._ask(event));
    this._suit("act");
    this._news = element("div", { class: "ep-job", role: "status" });
    this._dialog = dialog("Export", "ep-export", this._form, this._news);
    this._dialog.addEventListener("keydown", (event) => event.stopPropagation());
    if (this._told?.state === "running") this._hear(this._told);
  }

  // What each format usually wants.
  _suit(format) {
    for (const field of this._split) field.hidden = !SPLIT.includes(format);
    this._rate.value = SLOW.includes(format) ? "25" : "50";
  }

  _ask(event) {
    event.preventDefault();
    const format = this._form.querySelector("input[name=ep-format]:checked").value;
    command("export", {
      format,
      hz: Number(this._rate.value),
      validation_share: Number(this._share.value),
      seed: Number(this._seed.value),
      folder: this._folder.value.trim(),
      ...this._chosen,
    });
    this._hear({ state: "running", done: 0, total: 0, sentence: "Starting \u2026" });
  }

  _hear(told) {
    this._told = told;
    if (!told || !this._dialog?.open) return;
    const running = told.state === "running";
    this._start.disabled = running;
    this._halt.hidden = !running;
    const parts = running ? this._progress(told) : this._result(told);
    this._news.replaceChildren(...parts);
  }

  _progress({ done, total, sentence }) {
    return [element("progress", { max: total || 1, value: done }), element("p", {}, sentence)];
  }

  _result({ state, sentence, report, where, url, bytes }) {
    const parts = [element("p", { class: state === "done" ? "good" : "bad" }, sentence)];
    if (where) parts.push(element("p", {}, "It lies in ", element("code", {}, where), "."));
    if (url)
      parts.push(
        element("a", { class: "ep-button ep-primary", href: url, download: "" }, `Download as zip, ${size(bytes)}`),
      );
    if (report) parts.push(verdict(report));
    return parts;
  }
}

export function verdict({ ok, checked_for: tool, findings }) {
  const made = element("section", { class: "ep-report" });
  const found = ok ? "Checked and fit for" : "Checked, and not fit for";
  made.append(element("p", { class: ok ? "good" : "bad" }, `${found} ${tool}.`));
  if (!findings.length) return made;
  const lines = findings.map(({ level, where, sentence }) =>
    element("li", { class: `ep-${level}` }, element("b", {}, where ? `${where}: ` : ""), sentence),
  );
  const list = element("ul", {}, ...lines);
  made.append(element("details", { open: !ok }, element("summary", {}, count(findings.length, "remark")), list));
  return made;
}
