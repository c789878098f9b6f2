// What the Episodes tab asks of the server: reading over HTTP, changing over the page's live line.

const PERSON_KEY = "oft-person";

// Who labels: undo and conflicts are between people, so everybody has a name, if only a made-up one.
export function person() {
  let name = localStorage.getItem(PERSON_KEY);
  if (!name) {
    name = `guest-${Math.random().toString(36).slice(2, 6)}`;
    localStorage.setItem(PERSON_KEY, name);
  }
  return name;
}

export function rename(name) {
  const kept = name.trim().slice(0, 60);
  if (kept) localStorage.setItem(PERSON_KEY, kept);
  return person();
}

export function command(name, more = {}) {
  window.studio.command({ do: `episodes-${name}`, page: "episodes", by: person(), ...more });
}

// Edits are numbered, and the server says when each is done: until then what it tells of an episode may be older than
// what the person sees. An answer that is lost is not waited for.
const PATIENCE = 5000; // [ms]
let sent = Date.now(); // no number of an earlier page comes again
let heard = sent;
let lost = null;

export function edit(name, more = {}) {
  sent += 1;
  clearTimeout(lost);
  lost = setTimeout(hear, PATIENCE, sent);
  command(name, { ...more, number: sent });
}

// The last edit, once all are done; null while one is on its way.
export const lastEdit = () => (heard < sent ? null : sent);

function hear(number) {
  heard = Math.max(heard, number);
  if (lastEdit() === null) return;
  clearTimeout(lost);
  document.dispatchEvent(new Event("episodes:heard"));
}
window.studio.listen("episodes-heard", ({ data }) => hear(data.number));

export async function json(path, signal = undefined) {
  const answer = await fetch(path, { signal });
  if (!answer.ok) throw await refusal(answer);
  return answer.json();
}

export async function bytes(path, signal = undefined) {
  const answer = await fetch(path, { signal });
  if (!answer.ok) throw await refusal(answer);
  return answer.arrayBuffer();
}

async function refusal(answer) {
  let sentence = answer.statusText || `the server answered ${answer.status}`;
  try {
    const { detail } = await answer.json();
    if (typeof detail === "string") sentence = detail;
  } catch {
    // an answer of another kind says no more
  }
  return Object.assign(new Error(sentence), { status: answer.status });
}

const place = (name) => `/studio/episodes/${encodeURIComponent(name)}`;

// `content` changes with the steps that an episode is made of: whatever has it in its address may be kept for ever.
export const addresses = {
  file: (name) => place(name),
  entry: (name) => `${place(name)}/entry`,
  ending: (name) => `${place(name)}/ending`,
  series: ({ name, content }) => `${place(name)}/series?c=${content}`,
  poses: ({ name, content }) => `${place(name)}/poses?c=${content}`,
  frame: ({ name, content }, camera, index, width) =>
    `${place(name)}/frame/${encodeURIComponent(camera)}/${index}.jpg?w=${width}&c=${content}`,
  block: ({ name, content }, camera, block, width) =>
    `${place(name)}/frames/${encodeURIComponent(camera)}/${block}.bin?w=${width}&c=${content}`,
  search: (query) => `/studio/catalog/search?${query}`,
  damaged: () => "/studio/catalog/damaged",
  totals: () => "/studio/catalog/totals",
  history: (name) => `/studio/catalog/history${name ? `?name=${encodeURIComponent(name)}` : ""}`,
};

// One file of this machine to the server, with how far it is; resolves to the server's answer.
export function upload(file, progress) {
  const request = new XMLHttpRequest(); // fetch tells nothing of how much has been sent
  request.open("POST", `/studio/import?name=${encodeURIComponent(file.name)}`);
  request.setRequestHeader("X-Studio-Ticket", window.studioTickets?.at(-1) ?? "");
  request.responseType = "json";
  request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
  const done = new Promise((resolve, reject) => {
    request.onload = () => {
      if (request.status < 300) resolve(request.response);
      else reject(new Error(request.response?.detail ?? `the server answered ${request.status}`));
    };
    request.onerror = () => reject(new Error("the connection was lost"));
    request.onabort = () => reject(new Error("stopped"));
  });
  request.send(file);
  return { done, stop: () => request.abort() };
}
