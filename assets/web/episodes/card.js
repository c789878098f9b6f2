// An episode in the gallery: what it looks like at its end, what was asked, what became of it.
import { element } from "./dom.js";
import { addresses } from "./server.js";
import { OUTCOMES, QUALITIES, count, duration } from "./words.js";

const WIDTH = 320; // [px] of a thumbnail
const STILLS = 8; // that are looked through by moving the mouse over it

export function card(entry, { open, choose, chosen }) {
  const { name, instruction, length, deleted } = entry;
  const pick = element("input", { type: "checkbox", "aria-label": `Choose ${name}` });
  pick.checked = chosen;
  pick.addEventListener("click", (event) => {
    event.stopPropagation();
    choose(name, pick.checked, event.shiftKey);
  });
  const words = element("span", { class: "ep-card-words" }, instruction || "no instruction");
  const title = element("button", { type: "button", class: "ep-card-open", on: { click: () => open(name) } }, words);
  title.setAttribute("aria-label", `Open ${name}: ${instruction}, ${OUTCOMES[entry.success]}`);
  const made = element(
    "article",
    { class: `ep-card${deleted ? " ep-deleted" : ""}`, "data-name": name, "data-chosen": chosen },
    element(
      "div",
      { class: "ep-thumb" },
      picture(entry),
      badges(entry),
      element("span", { class: "ep-length" }, duration(length / 50)),
    ),
    title,
    facts(entry),
    element("label", { class: "ep-pick" }, pick),
  );
  made.querySelector(".ep-thumb").addEventListener("click", () => open(name));
  return made;
}

function picture(entry) {
  const camera = entry.cameras.includes("cam_high") ? "cam_high" : entry.cameras[0];
  if (!camera) return element("div", { class: "ep-no-thumb" }, "no pictures");
  const address = (share) => addresses.frame(entry, camera, Math.round(share * (entry.length - 1)), WIDTH);
  const shown = element("img", {
    src: address(1),
    loading: "lazy",
    decoding: "async",
    alt: "",
    width: 320,
    height: 240,
  });
  shown.addEventListener("error", () =>
    shown.replaceWith(element("div", { class: "ep-no-thumb" }, "the picture cannot be read")),
  );
  // Looking through it costs no click: eight stills from its beginning to its end.
  shown.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return;
    const { left, width } = shown.getBoundingClientRect();
    const still = Math.floor(((event.clientX - left) / width) * STILLS) / (STILLS - 1);
    const wanted = address(Math.min(Math.max(still, 0), 1));
    if (shown.getAttribute("src") !== wanted) shown.src = wanted;
  });
  shown.addEventListener("pointerleave", () => (shown.src = address(1)));
  return shown;
}

function badges({ recovered, deleted }) {
  const made = element("div", { class: "ep-badges" });
  if (recovered) made.append(element("span", { class: "ep-badge", title: "Found again after a crash" }, "recovered"));
  if (deleted) made.append(element("span", { class: "ep-badge" }, "in the bin"));
  return made;
}

function facts({ name, success, success_by_hand: byHand, sources, quality, hints, tags }) {
  const outcome = element("span", { class: `ep-outcome ep-${OUTCOMES[success].replace(" ", "-")}` }, OUTCOMES[success]);
  if (byHand !== null) outcome.title = "judged by hand";
  const parts = [outcome, element("span", {}, sources.join(" + "))];
  if (quality) parts.push(element("span", { title: `Quality ${quality} of 5: ${QUALITIES[quality]}` }, `${quality}/5`));
  if (hints.length) {
    const title = hints.map(({ sentence }) => sentence).join("\n");
    parts.push(element("span", { class: "ep-hinted", title }, count(hints.length, "hint")));
  }
  const marks = tags.slice(0, 3).map((tag) => element("span", { class: "ep-tag" }, tag));
  return element("div", { class: "ep-card-facts" }, ...parts, ...marks, element("small", {}, name));
}
