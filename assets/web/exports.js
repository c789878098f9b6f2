// Downloads: one button a kind of file, how far the file is, and the link that repeats the run.
// A button is never `disabled`, which would take the focus away from whoever pressed it: it says so with aria-disabled.

const KINDS = {
  hdf5: { label: "HDF5", tells: "an ALOHA episode with the pictures of three cameras" },
  mp4: { label: "MP4", tells: "a video of the scene and of what the policy saw" },
  csv: { label: "CSV", tells: "measured and target joints of every control step" },
  json: { label: "JSON", tells: "settings, outcome, versions and the latency of every chunk" },
};
const PAGES = {
  run: {
    kinds: ["hdf5", "mp4", "csv", "json"],
    link: true,
    hint: "A run can be downloaded once it has ended or was stopped.",
  },
  compare: {
    kinds: ["mp4", "csv", "json"],
    link: false,
    hint: "Two runs can be downloaded once they have ended or were stopped.",
  },
};
const PATIENCE = 8000; // [ms] without a word from the server before a click is taken back
const COPIED = 2000; // [ms] for which the copy button says that it did

class Exports {
  constructor(place) {
    this.place = place;
    this.page = place.dataset.exports;
    this.records = null; // what the server offers: null, or {query}
    this.working = null; // the kind of file that is being made
    this.share = 0; // of it that is done
    this.text = null; // what is said below the buttons
    this.failed = false;
    this.build();
    window.studio.listen(`${this.page}-link`, ({ data }) => this.offered(data));
    window.studio.listen(`${this.page}-export`, ({ data }) => this.told(data));
    document.addEventListener("studio:lost", () => this.show());
    document.addEventListener("studio:connected", () => this.show());
  }

  // ---------------------------------------------------------------------------------------------- what there is

  build() {
    const { kinds, link } = PAGES[this.page];
    this.note = element("span", "exports-note", { id: `${this.page}-export-note` });
    this.news = element("span", "exports-news", { role: "status" });
    this.buttons = new Map(kinds.map((kind) => [kind, this.button(KINDS[kind].label, () => this.ask(kind))]));
    for (const [kind, button] of this.buttons) button.title = `${KINDS[kind].label}: ${KINDS[kind].tells}`;
    this.halt = this.button("Stop", () => this.stop());
    this.halt.title = "Stop making the file";
    const row = element("div", "exports-row", { role: "group", "aria-label": "Download" });
    row.append(element("span", "exports-label", {}, "Download"), ...this.buttons.values());
    if (link) {
      this.copy = this.button("Copy link", () => this.copyLink());
      this.copy.classList.add("copy");
      this.copy.title = "A link that repeats this run: scene, words, policy and weights";
      this.field = element("input", "exports-field", { readonly: "", "aria-label": "Link to this run", hidden: "" });
      this.field.addEventListener("blur", () => (this.field.hidden = true));
      this.field.addEventListener("keydown", (event) => event.key === "Escape" && this.copy.focus());
      row.append(this.copy, this.field);
    }
    row.append(this.halt);
    this.place.replaceChildren(row, this.note, this.news);
    this.show();
  }

  button(label, press) {
    const attributes = { type: "button", "aria-describedby": `${this.page}-export-note` };
    const button = element("button", "exports-button", attributes, label);
    button.dataset.label = label;
    button.addEventListener("click", () => button.getAttribute("aria-disabled") !== "true" && press());
    return button;
  }

  // ---------------------------------------------------------------------------------------------- what happens

  offered(records) {
    this.records = records;
    if (!this.working) [this.text, this.failed] = [null, false];
    this.show();
  }

  ask(kind) {
    this.working = kind;
    this.failed = false;
    this.share = 0;
    this.text = "Starting ...";
    this.announce(`Making ${KINDS[kind].label}.`);
    this.wait();
    window.studio.command({ do: "export", page: this.page, what: kind });
    this.show();
  }

  stop() {
    window.studio.command({ do: "export-stop", page: this.page });
    this.text = "Stopping ...";
    this.show();
  }

  // Where too much was asked for at once, the status line says so and nothing comes here.
  wait() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      if (this.working && window.studio.connected) this.end("No answer; look at the status line and try again.");
      else if (this.working) this.wait();
    }, PATIENCE);
  }

  told(data) {
    if (data === null || !(data.what in KINDS)) return;
    if ("share" in data) return this.progress(data);
    // A page that connects again is told again of a file it fetched long ago.
    if (this.working !== data.what) return;
    if (data.url) save(data.url, data.name);
    this.failed = "error" in data;
    this.end(data.url ? `${KINDS[data.what].label} is ready: ${data.name}` : (data.error ?? data.note));
  }

  progress(data) {
    this.working = data.what;
    this.share = data.share;
    this.text = data.note;
    this.wait();
    this.show();
  }

  end(text) {
    const stopHadFocus = document.activeElement === this.halt;
    const button = this.buttons.get(this.working);
    clearTimeout(this.waiting);
    this.working = null;
    this.text = text;
    this.announce(text);
    this.show();
    if (stopHadFocus) button?.focus(); // else the focus goes with the button
  }

  // ---------------------------------------------------------------------------------------------- the link

  async copyLink() {
    const link = `${location.origin}/?${this.records.query}`;
    if (await copied(link, this.field)) {
      this.field.hidden = true;
      this.copy.textContent = "Copied";
      this.announce("The link to this run was copied.");
      setTimeout(() => (this.copy.textContent = this.copy.dataset.label), COPIED);
      return;
    }
    this.announce("Copy the selected link with the keyboard.");
  }

  // ---------------------------------------------------------------------------------------------- how it looks

  show() {
    const usable = this.records !== null && window.studio.connected !== false;
    for (const [kind, button] of this.buttons) this.showKind(kind, button, usable);
    this.halt.classList.toggle("away", !this.working);
    this.halt.setAttribute("aria-disabled", !this.working);
    this.halt.tabIndex = this.working ? 0 : -1;
    if (this.copy) this.copy.setAttribute("aria-disabled", !this.records?.query);
    this.note.classList.toggle("bad", this.failed);
    this.note.textContent = this.text ?? (this.records === null ? PAGES[this.page].hint : "");
  }

  showKind(kind, button, usable) {
    const { label } = KINDS[kind];
    const working = this.working === kind;
    const percent = Math.floor(100 * this.share);
    button.textContent = working ? `${percent} %` : label;
    button.setAttribute("aria-label", working ? `${label}, ${percent} percent` : label);
    button.setAttribute("aria-busy", working);
    button.setAttribute("aria-disabled", !usable || this.working !== null);
    button.style.setProperty("--share", working ? this.share : 0);
  }

  announce(text) {
    this.news.textContent = text;
  }
}

function element(tag, name, attributes = {}, text = "") {
  const made = document.createElement(tag);
  made.className = name;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function save(url, name) {
  if (!url.startsWith("/studio/downloads/")) return;
  const link = element("a", "", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}

// Browsers give the clipboard only to pages of https and of this machine: for others the text is selected.
async function copied(text, field) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    field.hidden = false;
    field.value = text;
    field.focus();
    field.select();
    return document.execCommand("copy");
  }
}

const wired = new WeakSet();

function wire() {
  for (const place of document.querySelectorAll("[data-exports]")) {
    if (wired.has(place) || !(place.dataset.exports in PAGES)) continue;
    wired.add(place);
    new Exports(place);
  }
}

// Gradio builds parts of the page late.
new MutationObserver(wire).observe(document.documentElement, { childList: true, subtree: true });
wire();
