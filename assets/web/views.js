// Gives every [data-view] element of the page its scene in 3D, also those that appear later.
import { SceneView } from "./view3d.js";

const PATIENCE_MS = 500; // between two looks at whether the server is still heard

const views = new Set();

function adopt(element) {
  if (element.sceneView) return;
  const view = new SceneView(element);
  const { listen } = window.studio;
  // A view that has left the page hears no more: its place in the page was built anew.
  const heard = (slot, take) => listen(`${view.name}-${slot}`, (content) => views.has(view) && take(content));
  views.add(view);
  heard("scene", ({ data }) => view.describe(data));
  heard("poses", ({ floats }) => view.poses(floats));
  heard("ghost", ({ floats }) => view.ghost(floats));
  heard("paths", ({ data }) => view.paths(data.paths));
  heard("state", ({ data }) => (view.running = isRunning(data)));
}

const isRunning = (state) => state?.state === "running";

function adoptAll(root) {
  if (root.matches?.("[data-view]")) adopt(root);
  for (const element of root.querySelectorAll?.("[data-view]") ?? []) adopt(element);
}

function dismissGone() {
  for (const view of views) {
    if (view.element.isConnected) continue;
    views.delete(view);
    view.dispose();
  }
}

function listenToTheLine() {
  const { studio } = window;
  for (const view of views) view.hear(studio.connected || !studio.lastNews, performance.now() - studio.lastNews);
}

new MutationObserver((records) => {
  if (records.some((record) => record.removedNodes.length)) dismissGone();
  for (const record of records) record.addedNodes.forEach(adoptAll);
}).observe(document.body, { childList: true, subtree: true });

new MutationObserver(() => {
  for (const view of views) view.wear();
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });

for (const event of ["studio:connected", "studio:lost"]) document.addEventListener(event, listenToTheLine);
setInterval(listenToTheLine, PATIENCE_MS);
adoptAll(document.body);
