// The live channel: paints what the server posts to the page's named slots, and carries commands to the server.
// Only the latest content of a slot counts, so that a slow page skips pictures and never falls behind.
(() => {
  "use strict";

  const UNKNOWN_TICKET = 4401;
  const PICTURE = 1;
  const FLOATS = 2;
  const SILENCE = 3500; // [ms] without a sign of life, after which the server counts as lost: it gives one a second
  const latest = new Map(); // slot -> {picture} | {floats} | {html} | {data} | {header, epoch, start, items}
  const listeners = new Map(); // slot -> callbacks
  const waiting = []; // commands given while there is no connection
  const narrowPage = window.matchMedia("(max-width: 720px)");
  const decoder = new TextDecoder();
  let socket = null;
  let ticket = null;
  let patience = 500; // [ms] before the next attempt to connect

  // ------------------------------------------------------------------------------------------------ painting

  const elementsOf = (slot) => document.querySelectorAll(`[data-slot="${slot}"]`);

  function paint(slot) {
    const content = latest.get(slot);
    if (!content || content.data || content.floats || content.items) return;
    for (const element of elementsOf(slot)) {
      if (content.picture) paintPicture(element, slot);
      else if (element.paintedHtml !== content.html) {
        element.innerHTML = content.html;
        element.paintedHtml = content.html;
        fold(element);
      }
    }
  }

  // A card stays as the visitor left it.
  function fold(element) {
    const card = element.querySelector("details");
    if (!card) return;
    card.open = element.unfolded ?? false;
    card.querySelector("summary").addEventListener("click", () => (element.unfolded = !card.open));
  }

  // One picture is decoded at a time, and then the latest: a slow browser shows fewer, never none.
  async function paintPicture(canvas, slot) {
    if (canvas.painting) return;
    canvas.painting = true;
    try {
      for (let content; canvas.paintedContent !== (content = latest.get(slot)); ) {
        canvas.paintedContent = content;
        const bitmap = await createImageBitmap(content.picture);
        // The size is changed only when it differs: setting it clears the canvas and would flicker.
        if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
        if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
        canvas.getContext("2d").drawImage(bitmap, 0, 0);
        bitmap.close();
        canvas.dataset.painted = String(Number(canvas.dataset.painted || 0) + 1);
      }
    } finally {
      canvas.painting = false;
    }
  }

  function paintAll(root) {
    const slots = root.querySelectorAll ? [...root.querySelectorAll("[data-slot]")] : [];
    if (root.dataset && root.dataset.slot) slots.push(root);
    for (const element of slots) paint(element.dataset.slot);
  }

  // Gradio builds parts of the page late.
  const additions = new MutationObserver((records) => {
    for (const record of records) {
      for (const node of record.addedNodes) {
        if (!(node instanceof HTMLElement) || node.closest("[data-slot] *")) continue;
        paintAll(node);
      }
    }
  });

  // ------------------------------------------------------------------------------------------------ the channel

  const studio = (window.studio = { connect, command, listen, drop, connected: false, lastNews: 0 });

  function connect(newTicket) {
    ticket = newTicket;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const line = new WebSocket(`${scheme}://${location.host}/studio/live`);
    socket = line;
    line.binaryType = "arraybuffer";
    line.onopen = () => {
      line.send(JSON.stringify({ ticket, narrow: narrowPage.matches }));
      studio.lastNews = performance.now();
    };
    line.onmessage = (event) => {
      if (line !== socket) return;
      if (!studio.connected) welcome();
      studio.lastNews = performance.now();
      receive(event.data);
    };
    line.onclose = (event) => {
      if (line !== socket) return;
      lose();
      if (event.code === UNKNOWN_TICKET) return reloadWhenSeen(); // away for so long that the seat was given back
      setTimeout(() => connect(ticket), patience);
      patience = Math.min(2 * patience, 8000);
    };
  }

  function welcome() {
    patience = 500;
    studio.connected = true;
    document.dispatchEvent(new Event("studio:connected"));
    while (waiting.length) socket.send(waiting.shift());
  }

  // While the page starts, gradio loses some of what is pressed: it is pressed again until it is heard. What was only
  // slow is heard more than once then, and counts once.
  const INSISTENT = { "run-run": "run", "compare-run": "compare", "listen-ask": "listen" }; // what each commands
  const STARTING = 10_000; // [ms]
  const ECHOING = 5000; // [ms] for which a press may be on its way
  let given = 0; // commands so far
  let first = null; // the command that the latest press has given
  let repeated = -Infinity; // when it was last pressed again
  function insist(button, tries) {
    const before = given;
    setTimeout(() => {
      if (given !== before || tries === 0) return;
      repeated = performance.now();
      button.click();
      insist(button, tries - 1);
    }, 500);
  }
  function pressed(event) {
    const button = event.target.closest?.("button");
    const meant = event.type === "keydown" ? event.key === "Enter" : button?.id in INSISTENT;
    if (!event.isTrusted || !meant) return;
    first = null;
    repeated = -Infinity;
    if (event.type === "click" && performance.now() < STARTING) insist(button, 8);
  }
  for (const kind of ["click", "keydown"]) document.addEventListener(kind, pressed, true); // before gradio hears of it

  function isEcho(message, text) {
    if (!Object.values(INSISTENT).includes(message.do) || performance.now() > repeated + ECHOING) return false;
    if (first === text) return true;
    first = text;
    return false;
  }

  function lose() {
    if (!studio.connected) return;
    studio.connected = false;
    document.dispatchEvent(new Event("studio:lost"));
  }

  // A line that is cut without a word stays open for minutes: whoever gives no sign of life is called again.
  setInterval(() => {
    if (!studio.connected || performance.now() - studio.lastNews < SILENCE) return;
    const line = socket;
    lose();
    connect(ticket);
    line.close();
  }, 1000);

  function command(message) {
    const text = JSON.stringify(message);
    if (isEcho(message, text)) return;
    given += 1;
    if (studio.connected && socket.readyState !== WebSocket.OPEN) lose(); // it is closing, and says so later
    if (studio.connected) socket.send(text);
    else if (message.do !== "drive" && waiting.length < 20) waiting.push(text); // hands are not moved afterwards
  }

  // For tests: cut the line as a lost network would.
  function drop() {
    socket.close();
    lose();
  }

  function reloadWhenSeen() {
    if (document.visibilityState === "visible") location.reload();
    else document.addEventListener("visibilitychange", reloadWhenSeen, { once: true });
  }

  function receive(data) {
    if (typeof data === "string") {
      const { slot, ...content } = JSON.parse(data);
      if (slot) keep(slot, content);
      return;
    }
    const bytes = new Uint8Array(data);
    const slot = decoder.decode(bytes.subarray(2, 2 + bytes[1]));
    const payload = bytes.subarray(2 + bytes[1]);
    if (bytes[0] === PICTURE) keep(slot, { picture: new Blob([payload], { type: "image/jpeg" }) });
    else if (bytes[0] === FLOATS) keep(slot, { floats: new Float32Array(payload.slice().buffer) });
  }

  function keep(slot, content) {
    const news = content.items ? gathered(slot, content) : content;
    if (!content.items) latest.set(slot, content);
    paint(slot);
    for (const callback of listeners.get(slot) ?? []) callback(news);
  }

  // A log arrives in parts; whoever listens later is given all of it at once. After a lost connection the server
  // begins from the first item again: what is here already is left out.
  function gathered(slot, part) {
    const log = latest.get(slot);
    if (log?.epoch !== part.epoch) {
      latest.set(slot, { header: part.header, epoch: part.epoch, start: 0, items: [...part.items] });
      return part;
    }
    const known = log.items.length - part.start;
    const items = known > 0 ? part.items.slice(known) : part.items;
    const news = { ...part, start: log.items.length, items };
    log.items.push(...items);
    return news;
  }

  function listen(slot, callback) {
    if (!listeners.has(slot)) listeners.set(slot, []);
    listeners.get(slot).push(callback);
    if (latest.has(slot)) callback(latest.get(slot));
  }

  narrowPage.addEventListener("change", () => {
    command({ do: "narrow", narrow: narrowPage.matches });
  });

  // ------------------------------------------------------------------------------------------------ the page itself

  function wear(theme) {
    document.body.classList.toggle("dark", theme === "dark");
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest('[data-action="theme"]')) return;
    const theme = document.body.classList.contains("dark") ? "light" : "dark";
    localStorage.setItem("oft-theme", theme);
    wear(theme);
  });

  additions.observe(document.body ?? document.documentElement, { childList: true, subtree: true });
  const chosen = localStorage.getItem("oft-theme");
  if (chosen) {
    wear(chosen);
    // Gradio sets its own class once it has started.
    const start = Date.now();
    const timer = setInterval(() => {
      wear(chosen);
      if (Date.now() - start > 3000) clearInterval(timer);
    }, 250);
  }
  for (const early of window.studioTickets ?? []) connect(early);
})();
