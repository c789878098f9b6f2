// What a person says about a take before it is kept.
const byId = (id) => document.getElementById(id);
const FIELDS = ["success", "quality", "tags", "notes"];
let shown = null; // the take whose fields these are

export function follow(take) {
  const card = byId("take-review");
  if (!card) return;
  const before = card.hidden;
  card.hidden = take.state !== "review";
  if (card.hidden) return;
  card.querySelector("[data-suggestion]").textContent = take.suggestion ?? "";
  if (take.take !== shown) empty(take);
  if (!before) return;
  byId("take-keep").focus();
  card.scrollIntoView({ block: "nearest" });
}

export function labels() {
  const value = (name) => byId(`review-${name}`).value.trim();
  return {
    success: { yes: true, no: false }[value("success")] ?? null,
    quality: Number(value("quality")) || null,
    instruction: value("instruction") || null,
    tags: value("tags").split(",").map((tag) => tag.trim()).filter(Boolean),
    notes: value("notes"),
  };
}

function empty(take) {
  shown = take.take;
  for (const name of FIELDS) byId(`review-${name}`).value = "";
  byId("review-instruction").value = take.instruction ?? "";
}
