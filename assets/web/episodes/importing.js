// Import: files go to the server one after the other, are looked at there, and the good ones are added.
import { button, dialog, element, labelled, write } from "./dom.js";
import { command, upload } from "./server.js";
import { count, size } from "./words.js";

export class Importing {
  constructor() {
    window.studio.listen("episodes-import", ({ data }) => this._hear(data));
  }

  show(files = []) {
    this._items = []; // {file, state, told, line}
    this._swap = false;
    this._input = element("input", { type: "file", multiple: true, accept: ".hdf5,.h5", class: "ep-file" });
    this._input.addEventListener("change", () => this._take(this._input.files));
    this._drop = element(
      "div",
      { class: "ep-dropzone" },
      element("p", {}, "Drop ALOHA HDF5 files here, or choose them. Each is checked before anything large is read."),
      element("label", { class: "ep-button ep-primary ep-choose" }, "Choose files", this._input),
    );
    this._drop.addEventListener("dragover", (event) => event.preventDefault());
    this._drop.addEventListener("drop", (event) => {
      event.preventDefault();
      this._take(event.dataTransfer.files);
    });
    this._list = element("ol", { class: "ep-files", tabindex: 0, "aria-label": "Files" });
    this._question = element("div", { class: "ep-channels", hidden: true });
    this._instruction = element("input", {
      type: "text",
      maxlength: 200,
      placeholder: "what the files say, where they say it",
    });
    this._add = button("Add", () => this._ask(), { class: "ep-button ep-primary", disabled: true });
    this._news = element("div", { class: "ep-job", role: "status" });
    this._dialog = dialog(
      "Import",
      "ep-import",
      this._drop,
      this._list,
      this._question,
      labelled("Instruction for all of them", this._instruction),
      element("div", { class: "ep-actions" }, this._add),
      this._news,
    );
    this._dialog.addEventListener("keydown", (event) => event.stopPropagation());
    this._dialog.addEventListener("close", () => this._leave());
    this._take(files);
  }

  // ---------------------------------------------------------------------------------------------- uploading

  _take(files) {
    for (const file of files) {
      const line = element(
        "li",
        {},
        element("b", {}, file.name),
        element("span", { class: "ep-quiet" }, size(file.size)),
      );
      this._list.append(line);
      this._items.push({ file, state: "waiting", told: null, line });
    }
    this._next();
  }

  // One file at a time: together they would not be there sooner.
  async _next() {
    if (this._sending) return;
    const item = this._items.find(({ state }) => state === "waiting");
    this._show();
    if (!item) return;
    item.state = "sending";
    const said = item.line.querySelector("span");
    this._sending = upload(item.file, (share) => write(said, `${Math.round(100 * share)} % sent`));
    try {
      item.told = await this._sending.done;
      if (item.told.reason) throw new Error(item.told.reason);
      item.state = "good";
      write(said, describe(item.told));
    } catch (error) {
      item.state = "bad";
      item.line.classList.add("bad");
      write(said, error.message);
    }
    this._sending = null;
    this._next();
  }

  _show() {
    const good = this._items.filter(({ state }) => state === "good");
    this._add.disabled = good.length === 0 || this._sending != null;
    write(this._add, good.length ? `Add ${count(good.length, "episode")}` : "Add");
    const shown = good.find(({ told }) => told.preview);
    if (shown && this._question.hidden) this._askChannels(shown.told);
    else if (!shown) this._question.hidden = true;
  }

  // Nothing in a file says whether its pictures are RGB or BGR: a person sees it at once.
  _askChannels({ token }) {
    const options = [false, true].map((swap) => {
      const radio = element("input", { type: "radio", name: "ep-channels", checked: swap === this._swap });
      radio.addEventListener("change", () => (this._swap = swap));
      const picture = element("img", {
        src: `/studio/import/${token}/preview.jpg?swap=${Number(swap)}`,
        alt: "",
        width: 320,
        height: 240,
      });
      return element("label", {}, picture, radio, swap ? "red and blue swapped" : "as stored");
    });
    this._question.replaceChildren(
      element("p", {}, "Which picture has the right colours?"),
      element("div", {}, ...options),
    );
    this._question.hidden = false;
  }

  // ---------------------------------------------------------------------------------------------- adding

  _ask() {
    const tokens = this._items.filter(({ state }) => state === "good").map(({ told }) => told.token);
    this._add.disabled = true;
    this._asked = true;
    command("import", { tokens, swap: this._swap, instruction: this._instruction.value.trim() || null });
    this._news.replaceChildren(element("p", {}, "Adding \u2026"));
  }

  _hear(told) {
    if (!told || !this._asked || !this._dialog?.open) return;
    for (const { token, name, reason } of told.results) {
      const item = this._items.find((each) => each.told?.token === token);
      if (!item) continue;
      item.state = "done";
      item.line.classList.toggle("bad", name === null);
      write(item.line.querySelector("span"), name === null ? reason : `added as ${name}`);
    }
    const progress = told.state === "running" ? [element("progress", { max: told.total, value: told.done })] : [];
    this._news.replaceChildren(
      ...progress,
      element("p", { class: told.state === "failed" ? "bad" : "" }, told.sentence),
    );
    if (told.state !== "running") this._show();
  }

  _leave() {
    this._sending?.stop();
    const left = this._items.filter(({ state }) => state === "good").map(({ told }) => told.token);
    if (left.length && !this._asked) command("import-forget", { tokens: left });
    this._asked = false;
  }
}

const describe = ({ sentence, bytes }) => `${sentence}, ${size(bytes)}`;
