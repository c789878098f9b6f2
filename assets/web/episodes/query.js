// What the gallery shows: words, filters and order, as the server is asked for them.
import { button, choice, element } from "./dom.js";
import { plain } from "./words.js";

const ORDERS = [
  ["newest", "newest first"],
  ["oldest", "oldest first"],
  ["longest", "longest first"],
  ["shortest", "shortest first"],
  ["worst", "most hints first"],
];
const TYPING_MS = 180;
const ANY = ["", "any"];

// The filters: name of the parameter, what it is called, and what can be chosen; the server names the others.
const FILTERS = [
  ["success", "outcome", [ANY, ["true", "success"], ["false", "failure"]]],
  ["source", "who acted", [ANY, ["policy", "policy"], ["human", "human"], ["expert", "expert"]]],
  [
    "quality",
    "quality",
    [ANY, ["1", "1 and more"], ["2", "2 and more"], ["3", "3 and more"], ["4", "4 and more"], ["5", "5"]],
  ],
  ["task", "task", null],
  ["instruction", "instruction", null],
  ["tag", "tag", null],
  ["operator", "operator", null],
  ["hint", "hint", null],
  ["recovered", "recovered", [ANY, ["true", "after a crash"], ["false", "not"]]],
  [
    "deleted",
    "bin",
    [
      ["", "kept"],
      ["true", "in the bin"],
    ],
  ],
];

export class Query {
  constructor(changed) {
    this._changed = changed;
    this.values = { order: "newest" };
    this._text = element("input", {
      type: "search",
      placeholder: "Search words, tags, notes",
      "aria-label": "Search episodes",
      class: "ep-search",
    });
    this._text.addEventListener("input", () => {
      clearTimeout(this._typing);
      this._typing = setTimeout(() => this.set({ text: this._text.value.trim() }), TYPING_MS);
    });
    this._order = choice(ORDERS, "newest", { "aria-label": "Order" });
    this._order.addEventListener("change", () => this.set({ order: this._order.value }));
    this._selects = new Map();
    this._filters = element("div", { class: "ep-filters", hidden: true, id: "ep-filters" });
    for (const [name, label, options] of FILTERS) this._filters.append(this._filter(name, label, options ?? [ANY]));
    this._more = button("Filters", () => this._fold(), { "aria-expanded": "false", "aria-controls": "ep-filters" });
    this._active = element("div", { class: "ep-active" });
    this.element = element("div", { class: "ep-query" }, this._text, this._order, this._more);
    this.below = element("div", {}, this._filters, this._active);
  }

  // Parameters of the address; nothing for what was not chosen.
  get parameters() {
    return new URLSearchParams(Object.entries(this.values).filter(([, value]) => value !== "" && value !== undefined));
  }

  get narrowed() {
    return Object.entries(this.values).some(([name, value]) => name !== "order" && value);
  }

  set(values) {
    Object.assign(this.values, values);
    this._show();
    this._changed();
  }

  clear() {
    this._text.value = "";
    this.values = { order: this.values.order };
    this._show();
    this._changed();
  }

  focus() {
    this._text.focus();
    this._text.select();
  }

  // What there is to choose from, by parameter.
  offer(choices) {
    for (const [name, , options] of FILTERS) {
      if (options) continue;
      const select = this._selects.get(name);
      const known = [...(choices[name] ?? [])];
      if (this.values[name] && !known.includes(this.values[name])) known.push(this.values[name]);
      select.replaceChildren(
        new Option("any", ""),
        ...known.map((each) => new Option(name === "instruction" ? each : plain(each), each)),
      );
      select.value = this.values[name] ?? "";
      select.disabled = known.length === 0;
    }
  }

  _filter(name, label, options) {
    const select = choice(options, "", { "data-filter": name });
    select.addEventListener("change", () => this.set({ [name]: select.value }));
    this._selects.set(name, select);
    return element("label", { class: "ep-field" }, element("span", {}, label), select);
  }

  _fold() {
    this._filters.hidden = !this._filters.hidden;
    this._more.setAttribute("aria-expanded", !this._filters.hidden);
  }

  _show() {
    const chosen = FILTERS.filter(([name]) => this.values[name]);
    for (const [name, select] of this._selects) select.value = this.values[name] ?? "";
    const chips = chosen.map(([name, label]) => {
      const select = this._selects.get(name);
      const words = select.selectedOptions[0]?.textContent ?? this.values[name];
      const drop = button("\u00d7", () => this.set({ [name]: "" }), { class: "ep-drop", "aria-label": `Any ${label}` });
      return element("span", { class: "ep-tag" }, `${label}: ${words}`, drop);
    });
    if (chosen.length > 1) chips.push(button("Clear all", () => this.clear(), { class: "ep-button ep-small" }));
    this._active.replaceChildren(...chips);
  }
}
