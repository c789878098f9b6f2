// What there is altogether: episodes, hours, and of what; a figure that is clicked narrows the list to it.
import { button, element, write } from "./dom.js";
import { ARMS, JOINTS, count, duration, plain } from "./words.js";

const LINES = 12; // instructions that are listed

export class Totals {
  constructor(narrow) {
    this._narrow = narrow;
    this._line = element("span", {}, "Totals");
    this._body = element("div", { class: "ep-totals-body" });
    this._damaged = element("section", { class: "ep-damaged", hidden: true });
    this._unreadable = element("span", { class: "bad" });
    this.element = element(
      "details",
      { class: "ep-totals" },
      element("summary", {}, this._line, this._unreadable),
      this._body,
    );
  }

  fail(message) {
    write(this._line, `The totals did not load: ${message}`);
  }

  update(totals) {
    const { episodes, hours, per_outcome: outcomes } = totals;
    const judged = (outcomes.success ?? 0) + (outcomes.failure ?? 0);
    const share = judged ? `, ${Math.round((100 * (outcomes.success ?? 0)) / judged)} % successes` : "";
    write(this._line, `${count(episodes, "episode")}, ${duration(3600 * hours)}${share}`);
    this.element.hidden = episodes === 0;
    this._body.replaceChildren(
      this._bars("Instructions", totals.per_instruction, "instruction", (text) => text),
      this._bars("Outcomes", outcomes, "success", (text) => text, { success: "true", failure: "false" }),
      this._bars("Who acted", totals.per_source, "source", (text) => text),
      this._bars("Tasks", totals.per_task, "task", plain),
      ranges(totals),
      this._damaged,
    );
  }

  _bars(title, numbers, filter, words, values = null) {
    const lines = Object.entries(numbers).sort((one, other) => other[1] - one[1]);
    const most = Math.max(1, ...lines.map(([, number]) => number));
    const list = element("ul", {});
    for (const [key, number] of lines.slice(0, LINES)) {
      const press = () => this._narrow({ [filter]: values ? (values[key] ?? "") : key });
      const bar = button(words(key) || "none", press, { class: "ep-bar-line", title: "Show only these" });
      bar.append(element("b", {}, number.toLocaleString("en")));
      bar.style.setProperty("--share", number / most);
      list.append(element("li", {}, bar));
    }
    if (lines.length > LINES) list.append(element("li", { class: "ep-quiet" }, `and ${lines.length - LINES} more`));
    return element("section", {}, element("h3", {}, title), list);
  }

  // Files that cannot be read are left alone, and said.
  damaged(damaged) {
    const lines = damaged.map(({ reason }) => element("li", {}, reason));
    this._damaged.hidden = lines.length === 0;
    this._damaged.replaceChildren(element("h3", {}, "Files that cannot be read"), element("ul", {}, ...lines));
    write(this._unreadable, lines.length ? `, ${count(lines.length, "file")} cannot be read` : "");
    if (lines.length) this.element.hidden = false;
  }
}

// Of each joint, what part of its range the recordings reach.
function ranges({ joint_low: low, joint_high: high, limits }) {
  const made = element("section", { class: "ep-ranges" }, element("h3", {}, "Joint ranges"));
  if (!low) return made;
  ARMS.forEach((arm, side) => {
    JOINTS.forEach((joint, index) => {
      const at = 7 * side + index;
      const [least, most] = limits[at];
      const share = (value) => 100 * Math.min(Math.max((value - least) / (most - least), 0), 1);
      const said = `${low[at].toFixed(2)} to ${high[at].toFixed(2)}, possible are ${least.toFixed(2)} to ${most.toFixed(2)}`;
      const reach = element("i", {
        style: `left:${share(low[at])}%;width:${Math.max(share(high[at]) - share(low[at]), 1)}%`,
      });
      const line = element(
        "div",
        { class: `ep-range ep-${arm}`, title: said },
        element("span", {}, `${arm} ${joint}`),
        element("em", { role: "img", "aria-label": said }, reach),
      );
      made.append(line);
    });
  });
  return made;
}
