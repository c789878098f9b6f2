// What is done with several chosen episodes at once.
import { button, choice, dialog, element, labelled, write } from "./dom.js";
import { edit } from "./server.js";
import { QUALITIES, count } from "./words.js";

const KEEP = ["", "leave as it is"];

export class Bulk {
  constructor(gallery, actions) {
    this._gallery = gallery;
    this._said = element("b", {});
    this._pair = button("Side by side", () => actions.pair(...gallery.chosen), {
      title: "Two episodes on one time axis",
    });
    this._merge = button("Merge", () => this._join(), { title: "Make one episode of them, in the order of the list" });
    this._remove = button("Delete", () => this._drop(), {});
    this._restore = button("Take back", () => edit("restore", gallery.choice), {});
    this._every = button("", () => gallery.chooseFound(), { class: "ep-button ep-small" });
    this.element = element(
      "div",
      { class: "ep-bulk", role: "toolbar", "aria-label": "Chosen episodes", hidden: true },
      this._said,
      button("Label \u2026", () => this._label(), { class: "ep-button ep-primary" }),
      this._pair,
      this._merge,
      button("Export these", () => actions.export(gallery.choice, gallery.chosenCount), {}),
      this._remove,
      this._restore,
      this._every,
      button("Choose none", () => gallery.chooseNothing(), { class: "ep-button ep-small" }),
    );
  }

  update() {
    const { chosen } = this._gallery;
    this.element.hidden = chosen.size === 0;
    const { chosenCount, total } = this._gallery;
    write(this._said, `${count(chosenCount, "episode")} chosen`);
    write(this._every, `Choose all ${total.toLocaleString("en")}`);
    this._every.hidden = chosenCount >= total;
    this._pair.hidden = chosenCount !== 2;
    this._merge.hidden = chosenCount < 2 || chosenCount > chosen.size;
    const bin = this._gallery.query.values.deleted === "true";
    this._remove.hidden = bin;
    this._restore.hidden = !bin;
  }

  ask(words) {
    write(this._said, words);
  }

  _drop() {
    edit("delete", this._gallery.choice);
    this._gallery.chooseNothing();
  }

  _join() {
    const order = this._gallery.entries.map(({ name }) => name);
    const names = [...this._gallery.chosen].sort((one, other) => order.indexOf(one) - order.indexOf(other));
    edit("merge", { names });
    this._gallery.chooseNothing();
  }

  _label() {
    const fields = {
      success: choice([KEEP, ["true", "success"], ["false", "failure"], ["null", "as measured"]], ""),
      quality: choice(
        [KEEP, ...QUALITIES.map((word, value) => [String(value || "null"), value ? `${value}: ${word}` : "none"])],
        "",
      ),
      instruction: element("input", { type: "text", maxlength: 200, placeholder: "leave as it is" }),
      operator: element("input", { type: "text", maxlength: 80, placeholder: "leave as it is", list: "ep-operators" }),
    };
    const add = element("input", { type: "text", placeholder: "none", list: "ep-tags" });
    const remove = element("input", { type: "text", placeholder: "none", list: "ep-tags" });
    const { choice: chosen, chosenCount: number } = this._gallery;
    const form = element(
      "form",
      { method: "dialog" },
      labelled("Success", fields.success),
      labelled("Quality", fields.quality),
      labelled("Instruction", fields.instruction),
      labelled("Operator", fields.operator),
      labelled("Add tags, with commas between them", add),
      labelled("Remove tags", remove),
      element(
        "div",
        { class: "ep-actions" },
        element("button", { class: "ep-button ep-primary" }, `Label ${count(number, "episode")}`),
      ),
    );
    form.addEventListener("submit", () => this._keep(chosen, fields, listed(add), listed(remove)));
    form.addEventListener("keydown", (event) => event.stopPropagation());
    dialog("Label several episodes", "ep-bulk-dialog", form);
  }

  _keep(chosen, fields, added, removed) {
    const changes = {};
    for (const [field, input] of Object.entries(fields)) {
      const value = input.value.trim();
      if (value) changes[field] = ["success", "quality"].includes(field) ? JSON.parse(value) : value;
    }
    const known = (chosen.names ?? []).map((name) => [name, this._gallery.entryOf(name)?.revision]);
    const seen = Object.fromEntries(known.filter(([, revision]) => revision !== undefined));
    if (Object.keys(changes).length) edit("annotate", { ...chosen, changes, seen });
    if (added.length) edit("tag", { ...chosen, add: added });
    if (removed.length) edit("tag", { ...chosen, remove: removed });
  }
}

const listed = (input) =>
  input.value
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean);
