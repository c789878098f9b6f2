// The Episodes tab: a gallery, an opened episode, or two beside each other; and the keys of all three.
import { Detail } from "./episodes/detail.js";
import { element } from "./episodes/dom.js";
import { Exporting } from "./episodes/exporting.js";
import { Gallery } from "./episodes/gallery.js";
import { Importing } from "./episodes/importing.js";
import { showKeys } from "./episodes/keys.js";
import { Pair } from "./episodes/pair.js";
import { edit, person, rename } from "./episodes/server.js";

const RECORD_TAB = "Record";

class Episodes {
  constructor(place) {
    this._place = place;
    const leave = () => this.leave();
    const actions = {
      import: () => this.importing.show(),
      export: (chosen = this.gallery.found, number = this.gallery.total) => this.exporting.show(chosen, number),
      pair: (one, other) => this.pairUp([one, other]),
      keys: showKeys,
    };
    this.exporting = new Exporting();
    this.importing = new Importing();
    this.gallery = new Gallery({
      open: (name) => this.open(name),
      record: () => tabNamed(RECORD_TAB)?.click(),
      actions,
    });
    this.detail = new Detail({
      leave,
      go: (direction, gone) => this.go(direction, gone),
      pair: (name) => this.choosePair(name),
    });
    this.pair = new Pair({ leave, open: (name) => this.open(name) });
    place.replaceChildren(this.gallery.element, this.detail.element, this.pair.element, this._person());
    window.studio.listen("episodes-news", ({ data }) => this.news(data));
    window.studio.listen("episodes-done", ({ data }) => this.done(data));
    window.studio.listen("episodes-conflict", ({ data }) => data && this.detail.conflict(data));
    document.addEventListener("episodes:heard", () => this.news({}));
    window.studio.listen("record-queue", ({ data }) => this.accepted(data));
    place.addEventListener("dragover", (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
    place.addEventListener("drop", (event) => this._dropped(event));
    new IntersectionObserver(([seen]) => seen.isIntersecting && this.shown()).observe(place);
    new MutationObserver(() => this.wear()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  // Whether the tab is the one that is open.
  get visible() {
    return this._place.offsetParent !== null;
  }

  // ---------------------------------------------------------------------------------------------- what is open

  open(name) {
    this.scrolled ??= window.scrollY;
    this.pair.close();
    this.gallery.element.hidden = true;
    this.detail.open(name);
    document.querySelector(".ep").scrollIntoView({ block: "start" });
    this.gallery.ensureMore(name);
  }

  pairUp(names) {
    this.detail.close();
    this.gallery.element.hidden = true;
    this.gallery.chooseNothing();
    this.pair.open(names);
  }

  // The other one is chosen in the gallery.
  choosePair(name) {
    this.leave();
    this.gallery.choosePartner(name);
    window.scrollTo(0, 0);
  }

  leave() {
    const { name } = this.detail;
    this.detail.close();
    this.pair.close();
    this.gallery.element.hidden = false;
    if (this.scrolled !== undefined) window.scrollTo(0, this.scrolled);
    this.scrolled = undefined;
    if (name)
      this.gallery.element
        .querySelector(`[data-name="${CSS.escape(name)}"] .ep-card-open`)
        ?.focus({ preventScroll: true });
  }

  go(direction, gone = false) {
    const next =
      this.gallery.beside(this.detail.name, direction) ??
      (gone ? this.gallery.beside(this.detail.name, -direction) : undefined);
    if (next) this.open(next);
    else if (gone) this.leave();
  }

  // ---------------------------------------------------------------------------------------------- what happens

  shown() {
    if (this.gallery.element.hidden) return;
    this.gallery.refresh();
  }

  // Somebody changed something: whatever is in sight follows.
  news(data) {
    if (!data) return;
    clearTimeout(this.following);
    this.following = setTimeout(() => {
      this.gallery.refresh();
      this.detail.follow();
    }, 60);
  }

  // What came of one's own edit: a split or merge opens what it made.
  done(data) {
    if (!data || data.id === this.lastDone) return;
    this.lastDone = data.id;
    if (data.open && (!data.undone || this.detail.name)) this.open(data.open);
  }

  // A take was written: it is an episode now.
  accepted(data) {
    const done = (data?.jobs ?? []).filter(({ stage }) => stage === "done").length;
    if (done !== this.acceptedBefore) this.news({});
    this.acceptedBefore = done;
  }

  wear() {
    this.detail.wear();
    this.pair.wear();
  }

  // ---------------------------------------------------------------------------------------------- keys

  press(event) {
    if (document.querySelector(".ep-dialog[open]")) return event.key === "?" && (showKeys(), true);
    if ((event.ctrlKey || event.metaKey) && !event.altKey) return this._edit(event);
    if (event.altKey || event.defaultPrevented) return false;
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select");
    if (event.key === "?" && !typing) return (showKeys(), true);
    if (!this.detail.element.hidden) return this.detail.press(event);
    if (!this.pair.element.hidden) return this.pair.press(event);
    if (event.key === "/" && !typing) return (this.gallery.query.focus(), true);
    if (event.key === "Escape" && this.gallery.chosen.size) return (this.gallery.chooseNothing(), true);
    return false;
  }

  _edit(event) {
    if (event.target.closest?.("input:not([type=checkbox]), textarea")) return false; // undoes what is typed there
    const key = event.key.toLowerCase();
    if (key === "z") edit(event.shiftKey ? "redo" : "undo");
    else if (key === "y") edit("redo");
    else return false;
    return true;
  }

  // ---------------------------------------------------------------------------------------------- the rest

  _person() {
    const name = element("input", {
      type: "text",
      value: person(),
      maxlength: 60,
      "aria-label": "Your name, for the list of changes",
    });
    name.addEventListener("change", () => (name.value = rename(name.value)));
    name.addEventListener("keydown", (event) => event.stopPropagation());
    return element("p", { class: "ep-person ep-quiet" }, "Your changes are noted, and undone, under the name ", name);
  }

  _dropped(event) {
    if (!event.dataTransfer.files.length || event.target.closest("dialog")) return;
    event.preventDefault();
    this.importing.show(event.dataTransfer.files);
  }
}

// On a narrow page gradio puts tabs into a menu.
function tabNamed(name) {
  const tabs = document.querySelectorAll("[role=tab], .overflow-dropdown button");
  return [...tabs].find((tab) => tab.textContent.trim() === name);
}

let episodes = null;

function build() {
  const place = document.querySelector("[data-episodes]");
  if (place && !place.firstElementChild) episodes = window.studioEpisodes = new Episodes(place);
}

// Before the page's other keys: here they mean something else.
document.addEventListener(
  "keydown",
  (event) => {
    if (!episodes?.visible || !episodes.press(event)) return;
    event.preventDefault();
    event.stopPropagation();
  },
  { capture: true },
);

// Gradio builds parts of the page late.
new MutationObserver(build).observe(document.body, { childList: true, subtree: true });
build();
