// The labels of an episode: every change is kept at once and can be undone.
import { button, choice, element, labelled, write } from "./dom.js";
import { addresses, json } from "./server.js";
import { OUTCOMES, QUALITIES, ago, plain } from "./words.js";

const STAGES = ["", "0", "25", "50", "75", "100"];
const FIELD_WORDS = {
  instruction: "the instruction",
  success: "the success",
  quality: "the quality",
  tags: "the tags",
  notes: "the notes",
  paraphrases: "the other wordings",
  segments: "the segments",
  operator: "the operator",
  stage_score: "the stage score",
};

export class Labels {
  // change(changes, revision): keep them, as of what was seen at that revision
  constructor(entry, change) {
    this._change = change;
    this._entry = entry;
    this._seen = new Map(); // field that is being typed in -> the revision that was seen when typing began
    this.element = element("section", { class: "ep-labels", "aria-label": "Labels" });
    this._conflict = element("div", { class: "ep-conflict", role: "alert", hidden: true });
    this._outcome = element("div", { class: "ep-group", role: "group", "aria-label": "Success, by hand" });
    this._automatic = element("p", { class: "ep-quiet" });
    this._ending = element("div", { class: "ep-ending" });
    this._quality = element("div", { class: "ep-group", role: "group", "aria-label": "Quality" });
    this._build();
    this.update(entry);
  }

  update(entry) {
    this._entry = entry;
    for (const [field, input] of Object.entries(this._inputs)) if (!this._seen.has(field)) this._show(field, input);
    for (const each of this._outcome.children) {
      each.setAttribute("aria-pressed", each.dataset.value === String(entry.success_by_hand));
    }
    for (const each of this._quality.children)
      each.setAttribute("aria-pressed", Number(each.dataset.value) === entry.quality);
    const points = entry.points === null ? "" : `, ${Math.round(entry.points)} of 100 points`;
    write(this._automatic, `Measured: ${OUTCOMES[entry.success_automatic]}${points}.`);
    this._showTags();
    this._look();
  }

  // Somebody else changed the same label since it was seen here: nothing was written.
  conflict({ field, by, when, theirs, yours, revision }) {
    const name = FIELD_WORDS[field] ?? field;
    const mine = button("Use mine", () => {
      this._close(field);
      this._change({ [field]: yours }, revision);
    });
    const keep = button("Keep theirs", () => this._close(field));
    this._conflict.replaceChildren(
      element(
        "p",
        {},
        element("b", {}, `${by} changed ${name} ${ago(when)}`),
        ", after you had seen it. Yours was not kept.",
      ),
      element("dl", {}, element("dt", {}, "theirs"), element("dd", {}, said(theirs))),
      element("dl", {}, element("dt", {}, "yours"), element("dd", {}, said(yours))),
      element("div", { class: "ep-actions" }, keep, mine),
    );
    this._conflict.hidden = false;
    keep.focus();
  }

  focus(field) {
    this._inputs[field]?.focus();
  }

  // ---------------------------------------------------------------------------------------------- the form

  _build() {
    for (const [value, label, key] of [
      ["true", "Success", "Y"],
      ["false", "Failure", "N"],
      ["null", "As measured", "0"],
    ]) {
      this._outcome.append(pressable(label, key, value, () => this._change({ success: JSON.parse(value) })));
    }
    for (let value = 1; value < QUALITIES.length; value++) {
      const press = () => this._change({ quality: this._entry.quality === value ? null : value });
      this._quality.append(pressable(String(value), null, String(value), press, `${QUALITIES[value]} (key ${value})`));
    }
    this._inputs = {
      instruction: element("input", { type: "text", maxlength: 200 }),
      paraphrases: element("textarea", { rows: 2, placeholder: "one a line" }),
      stage_score: choice(
        STAGES.map((each) => [each, each || "as measured"]),
        "",
      ),
      operator: element("input", { type: "text", maxlength: 80, list: "ep-operators" }),
      notes: element("textarea", { rows: 2, maxlength: 4000 }),
    };
    for (const [field, input] of Object.entries(this._inputs)) this._wire(field, input);
    this._tags = element("div", { class: "ep-tags" });
    this.element.append(
      this._conflict,
      element("div", { class: "ep-block" }, element("h3", {}, "Success"), this._outcome, this._automatic, this._ending),
      labelled("Instruction", this._inputs.instruction),
      element(
        "div",
        { class: "ep-pair" },
        element("div", { class: "ep-block" }, element("h3", {}, "Quality"), this._quality),
        labelled("Stage score", this._inputs.stage_score),
      ),
      element("div", { class: "ep-block" }, element("h3", {}, "Tags"), this._tags),
      labelled("Other wordings that fit", this._inputs.paraphrases),
      element(
        "div",
        { class: "ep-pair" },
        labelled("Operator", this._inputs.operator),
        labelled("Notes", this._inputs.notes),
      ),
    );
  }

  _wire(field, input) {
    input.dataset.field = field;
    input.addEventListener("input", () => this._seen.has(field) || this._seen.set(field, this._entry.revision));
    input.addEventListener("change", () => this._keep(field, input));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && input.tagName === "INPUT") input.blur();
      if (event.key === "Escape") {
        this._close(field);
        input.blur();
      }
      event.stopPropagation(); // what is typed is no key of the player
    });
  }

  _keep(field, input) {
    const revision = this._seen.get(field) ?? this._entry.revision;
    this._seen.delete(field);
    this._change({ [field]: valueOf(field, input) }, revision);
  }

  _close(field) {
    this._seen.delete(field);
    this._conflict.hidden = true;
    if (this._inputs[field]) this._show(field, this._inputs[field]);
  }

  _show(field, input) {
    const value = this._entry[field];
    const text = Array.isArray(value) ? value.join("\n") : (value ?? "");
    if (input.value !== String(text)) input.value = String(text);
  }

  _showTags() {
    const { tags } = this._entry;
    const typed = element("input", {
      type: "text",
      placeholder: tags.length ? "" : "add a tag",
      "aria-label": "Add a tag",
      list: "ep-tags",
      maxlength: 60,
    });
    const add = () => typed.value.trim() && this._tag([...new Set([...tags, typed.value.trim()])]);
    typed.addEventListener("change", add);
    typed.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Backspace" && !typed.value && tags.length) this._tag(tags.slice(0, -1));
    });
    const chips = tags.map((tag) => {
      const drop = () => this._tag(tags.filter((each) => each !== tag));
      return element(
        "span",
        { class: "ep-tag" },
        tag,
        button("\u00d7", drop, { class: "ep-drop", "aria-label": `Remove the tag ${tag}` }),
      );
    });
    const focused = this._tags.contains(document.activeElement);
    this._tags.replaceChildren(...chips, typed);
    if (focused) typed.focus();
  }

  // What is said next builds on it, however long the server takes.
  _tag(tags) {
    this._entry = { ...this._entry, tags };
    this._change({ tags });
    this._showTags();
  }

  // ---------------------------------------------------------------------------------------------- what the scene says

  async _look() {
    const { name, instruction } = this._entry;
    const asked = `${name} ${instruction} ${this._entry.success}`;
    if (this._looked === asked) return;
    this._looked = asked;
    try {
      const found = await json(addresses.ending(name));
      if (this._looked === asked) this._suggest(found);
    } catch {
      this._ending.replaceChildren(); // a suggestion less
    }
  }

  _suggest({ places, success, fulfilled }) {
    if (!places.length) return this._ending.replaceChildren(); // no states, nothing known
    const where = places.map(([label, place]) => element("li", {}, element("b", {}, label), ` ${place}`));
    const actions = [];
    if (success !== null && success !== this._entry.success) {
      const outcome = success ? "success" : "failure";
      const take = button(`Use: ${outcome}`, () => this._change({ success }), { class: "ep-button ep-small" });
      actions.push(element("p", {}, `So it is a ${outcome} for \u201c${this._entry.instruction}\u201d.`, take));
    }
    for (const words of fulfilled) {
      if (success || words === this._entry.instruction) continue;
      const take = button("Use these words", () => this._change({ instruction: words }), {
        class: "ep-button ep-small",
      });
      actions.push(element("p", {}, `It is what \u201c${words}\u201d asks for.`, take));
    }
    this._ending.replaceChildren(
      element("p", { class: "ep-quiet" }, "At the end:"),
      element("ul", {}, ...where),
      ...actions,
    );
  }
}

function pressable(label, key, value, press, title = "") {
  const made = button(label, press, { "data-value": value, "aria-pressed": "false", title: title || `Key ${key}` });
  if (key) made.append(element("kbd", { "aria-hidden": "true" }, key));
  return made;
}

function valueOf(field, input) {
  const text = input.value.trim();
  if (field === "paraphrases")
    return text
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
  if (field === "stage_score") return text === "" ? null : Number(text);
  if (field === "notes") return text;
  return text || null;
}

function said(value) {
  if (value === null || value === undefined || value === "") return "nothing";
  if (Array.isArray(value)) return value.map((each) => each.text ?? each).join(", ") || "nothing";
  return value === true ? "success" : value === false ? "failure" : plain(String(value));
}
