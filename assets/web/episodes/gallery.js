// The episodes as cards: searched, filtered, in an order, as many as there are; chosen ones are edited together.
import { Bulk } from "./bulk.js";
import { card } from "./card.js";
import { button, element, write } from "./dom.js";
import { History } from "./history.js";
import { Query } from "./query.js";
import { addresses, json } from "./server.js";
import { Totals } from "./totals.js";
import { count } from "./words.js";

const PAGE = 48; // cards that are asked for together
const UNREAD_MS = 1500;
const NOTHING_YET =
  "No episodes yet. Record one: drive the arms yourself, or let the expert or a policy act, on the Record tab. " +
  "Recordings of a real ALOHA, or of another simulation, can be imported here.";
const NOTHING_FOUND = "No episode fits. Take a filter away, or search for other words.";

export class Gallery {
  // open(name); record(): to the Record tab; actions: what the buttons and the bulk bar do
  constructor({ open, record, actions }) {
    this._open = open;
    this._record = record;
    this._actions = actions;
    this.chosen = new Set();
    this._all = false; // whether everything that is found is chosen
    this._entries = [];
    this._total = 0;
    this._asking = null;
    this.query = new Query(() => this.search());
    this._totals = new Totals((values) => this.query.set(values));
    this._bulk = new Bulk(this, actions);
    this._history = new History();
    this._count = element("output", { class: "ep-count" });
    this._cards = element("div", { class: "ep-cards" });
    this._end = element("div", { class: "ep-end" });
    this._empty = element("div", { class: "ep-empty", hidden: true });
    this.element = element(
      "section",
      { class: "ep-gallery", "aria-label": "Episodes" },
      element(
        "div",
        { class: "ep-bar" },
        this.query.element,
        this._count,
        element(
          "div",
          { class: "ep-actions" },
          button("Import", () => actions.import(), { title: "Add ALOHA HDF5 files of this computer" }),
          button("Export", () => actions.export(), { title: "For ACT, openvla-oft, LeRobot, robomimic or RLDS" }),
          button("Keys ?", () => actions.keys(), { "aria-haspopup": "dialog" }),
        ),
      ),
      this.query.below,
      this._totals.element,
      this._bulk.element,
      this._empty,
      this._cards,
      this._end,
      this._history.element,
    );
    this._sight = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && this._more(), {
      rootMargin: "600px",
    });
    this._sight.observe(this._end);
    this._cards.addEventListener("keydown", (event) => this._walk(event));
  }

  get total() {
    return this._total;
  }

  get entries() {
    return this._entries;
  }

  async search(keep = false) {
    const limit = keep ? Math.max(this._entries.length, PAGE) : PAGE;
    const found = await this._ask(0, limit);
    if (!found) return;
    this._entries = found.entries;
    const names = new Set(found.entries.map(({ name }) => name));
    if (!keep) this._all = false;
    if (!keep) for (const name of this.chosen) if (!names.has(name)) this.chosen.delete(name);
    this._total = found.total;
    this._wait(found.unread);
    this._cards.replaceChildren(...found.entries.map((entry) => this._card(entry)));
    this._show();
  }

  // New files are read in the background: what is known of them comes bit by bit.
  _wait(unread) {
    this._unread = unread;
    clearTimeout(this._looking);
    if (unread) this._looking = setTimeout(() => this.refresh(), UNREAD_MS);
  }

  // What is new, what is there to choose from, and the totals.
  async refresh() {
    this._history.update();
    await this.search(true);
    await this.retotal();
    if (!this._unread && !this.query.narrowed && this._everything !== this._total) this._wait(1); // files are being read
  }

  async retotal() {
    try {
      const totals = await json(addresses.totals());
      this._totals.update(totals);
      this.query.offer(totals.choices);
      this._offer("ep-tags", totals.choices.tag);
      this._offer("ep-operators", totals.choices.operator);
      this._everything = totals.episodes;
      this._show();
      this._totals.damaged((await json(addresses.damaged())).damaged);
    } catch (error) {
      this._totals.fail(error.message);
    }
  }

  // The name beside this one in the present order, if it is loaded.
  beside(name, direction) {
    const place = this._entries.findIndex((each) => each.name === name);
    return place < 0 ? undefined : this._entries[place + direction]?.name;
  }

  async ensureMore(name) {
    const place = this._entries.findIndex((each) => each.name === name);
    if (place >= this._entries.length - 2) await this._more();
  }

  choose(name, on) {
    if (on) this.chosen.add(name);
    else this.chosen.delete(name);
    this._all = false;
    this._mark();
  }

  chooseShown() {
    for (const { name } of this._entries) this.chosen.add(name);
    this._mark();
  }

  // Also those that are found and not loaded.
  chooseFound() {
    this.chooseShown();
    this._all = true;
    this._mark();
  }

  // The search itself, as a command is told of it.
  get found() {
    return { query: Object.fromEntries(this.query.parameters) };
  }

  // What a command is told of the choice: names, or the search that finds them.
  get choice() {
    return this._all ? this.found : { names: [...this.chosen] };
  }

  get chosenCount() {
    return this._all ? this._total : this.chosen.size;
  }

  chooseNothing() {
    this._partner = undefined;
    this._all = false;
    this.chosen.clear();
    this._mark();
  }

  entryOf(name) {
    return this._entries.find((each) => each.name === name);
  }

  // ---------------------------------------------------------------------------------------------- asking

  async _ask(offset, limit) {
    this._asking?.abort();
    const asking = (this._asking = new AbortController());
    const parameters = this.query.parameters;
    parameters.set("offset", offset);
    parameters.set("limit", limit);
    try {
      return await json(addresses.search(parameters), asking.signal);
    } catch (error) {
      if (error.name !== "AbortError") write(this._count, `The list did not load: ${error.message}`);
      return null;
    } finally {
      if (this._asking === asking) this._asking = null;
    }
  }

  async _more() {
    if (this._asking || this._entries.length >= this._total) return;
    const found = await this._ask(this._entries.length, PAGE);
    if (!found) return;
    const known = new Set(this._entries.map(({ name }) => name));
    const fresh = found.entries.filter(({ name }) => !known.has(name));
    this._entries.push(...fresh);
    this._total = found.total;
    this._cards.append(...fresh.map((entry) => this._card(entry)));
    this._show();
  }

  // ---------------------------------------------------------------------------------------------- showing

  _card(entry) {
    return card(entry, {
      open: this._open,
      chosen: this.chosen.has(entry.name),
      choose: (name, on, range) => this._pick(name, on, range),
    });
  }

  _show() {
    const nothing = this._entries.length === 0 && this._everything !== undefined;
    this._empty.hidden = !nothing;
    if (nothing) this._empty.replaceChildren(...this._emptiness());
    this.element.classList.toggle("ep-bare", nothing && !this.query.narrowed);
    const found = this.query.narrowed ? `${count(this._total, "episode")} found` : count(this._total, "episode");
    const reading = this._unread ? `, ${count(this._unread, "file")} being read` : "";
    write(this._count, this._everything === undefined ? "" : found + reading);
    this._mark();
  }

  _emptiness() {
    if (this.query.narrowed) {
      return [element("p", {}, NOTHING_FOUND), button("Show all", () => this.query.clear())];
    }
    const actions = element(
      "div",
      { class: "ep-actions" },
      button("Record an episode", this._record, { class: "ep-button ep-primary" }),
      button("Import files", () => this.element.querySelector(".ep-bar .ep-actions button").click()),
    );
    return [element("h2", {}, "Nothing recorded so far"), element("p", {}, NOTHING_YET), actions];
  }

  _pick(name, on, range) {
    const names = this._entries.map((each) => each.name);
    const [from, to] = [names.indexOf(this._picked), names.indexOf(name)];
    if (range && from >= 0) {
      for (const each of names.slice(Math.min(from, to), Math.max(from, to) + 1)) {
        if (on) this.chosen.add(each);
        else this.chosen.delete(each);
      }
    }
    this._picked = name;
    this.choose(name, on);
    if (this._partner === undefined || this.chosen.size !== 2) return;
    this._actions.pair(
      this._partner,
      [...this.chosen].find((each) => each !== this._partner),
    );
    this.chooseNothing();
  }

  // The next one that is chosen is shown beside this one.
  choosePartner(name) {
    this.chooseNothing();
    this.choose(name, true);
    this._partner = name;
    this._bulk.ask("Now choose the one to see beside it.");
  }

  _mark() {
    for (const each of this._cards.children) {
      const chosen = this._all || this.chosen.has(each.dataset.name);
      each.dataset.chosen = chosen;
      each.querySelector("input").checked = chosen;
    }
    this._cards.classList.toggle("ep-choosing", this.chosen.size > 0);
    this._bulk.update();
  }

  // Arrows go from card to card.
  _walk(event) {
    const here = event.target.closest(".ep-card");
    if (!here || event.ctrlKey || event.metaKey) return;
    const columns = getComputedStyle(this._cards).gridTemplateColumns.split(" ").length;
    const far = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (event.key.toLowerCase() === "x") {
      this._pick(here.dataset.name, !this.chosen.has(here.dataset.name), event.shiftKey);
    } else if (far) {
      const cards = [...this._cards.children];
      cards[cards.indexOf(here) + far]?.querySelector(".ep-card-open").focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  _offer(id, values = []) {
    let list = document.getElementById(id);
    if (!list) this.element.append((list = element("datalist", { id })));
    list.replaceChildren(...values.map((value) => element("option", { value })));
  }
}
