// What was changed, by whom, and how it is undone.
import { button, element } from "./dom.js";
import { addresses, edit, json } from "./server.js";
import { ago, count } from "./words.js";

export class History {
  constructor(name = null) {
    this._name = name;
    this._list = element("ol", { class: "ep-changes", tabindex: 0, "aria-label": "Changes" });
    const undo = button("Undo", () => edit("undo"), { title: "Take back your last change (Ctrl+Z)" });
    const redo = button("Redo", () => edit("redo"), { title: "Do it again (Ctrl+Shift+Z)" });
    this.element = element(
      "details",
      { class: "ep-history" },
      element("summary", {}, name ? "What was changed" : "All changes"),
      element("div", { class: "ep-actions" }, undo, redo),
      this._list,
    );
    this.element.addEventListener("toggle", () => this.update());
  }

  async update() {
    if (!this.element.open) return;
    try {
      const { changes } = await json(addresses.history(this._name));
      const lines = changes.map((change) => line(change));
      this._list.replaceChildren(...(lines.length ? lines : [element("li", { class: "ep-quiet" }, "Nothing yet.")]));
    } catch (error) {
      this._list.replaceChildren(element("li", { class: "bad" }, error.message));
    }
  }
}

function line({ when, by, sentence, names, undone }) {
  const of = names.length > 1 ? ` (${count(names.length, "episode")})` : "";
  const made = element("li", undone ? { class: "ep-undone" } : {});
  made.append(
    element("span", {}, `${sentence}${of}`),
    element("small", {}, `${by || "somebody"}, ${ago(when)}${undone ? ", undone" : ""}`),
  );
  return made;
}
