// Building pieces of the page: text from people only ever becomes text.

// element("button", {class: "quiet", on: {click}}, "words", child): null and false leave an attribute out.
export function element(tag, { on = {}, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [event, listener] of Object.entries(on)) made.addEventListener(event, listener);
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function button(label, press, attributes = {}) {
  return element("button", { type: "button", class: "ep-button", ...attributes, on: { click: press } }, label);
}

export function labelled(text, control, attributes = {}) {
  return element("label", { class: "ep-field", ...attributes }, element("span", {}, text), control);
}

// options: [[value, label], ...]
export function choice(options, value, attributes = {}) {
  const select = element("select", attributes);
  for (const [each, label] of options) select.append(new Option(label, each, each === value, each === value));
  return select;
}

// A dialog that is taken out of the page when it closes.
export function dialog(title, className, ...children) {
  const heading = element("h2", {}, title);
  const close = button("Close", () => made.close(), { class: "ep-button ep-close", "aria-label": `Close: ${title}` });
  const made = element("dialog", { class: `ep-dialog ${className}`, "aria-label": title });
  made.append(element("header", {}, heading, close), ...children);
  made.addEventListener("close", () => made.remove());
  document.querySelector(".ep").append(made);
  made.showModal();
  return made;
}

// Touching a value or a place in the page many times a second costs layout: only what differs is written.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
