// Loads the geometry of scenes; views that show the same scene share what was loaded.
import { GLTFLoader } from "../three/addons/GLTFLoader.js";
import { finished } from "./finish.js";

const models = new Map(); // url -> {template: Promise<Object3D>, users}

// The scene under `url`, until `release(url)`; `tell(bytes)` hears of the progress of a first load.
export function acquire(url, tell) {
  const model = models.get(url) ?? { template: load(url, tell), users: 0 };
  models.set(url, model);
  model.users += 1;
  model.template.catch(() => models.delete(url)); // the next attempt asks the server again
  return model.template;
}

export async function release(url) {
  const model = models.get(url);
  if (!model || --model.users > 0) return;
  models.delete(url);
  const template = await model.template.catch(() => null);
  template?.traverse((object) => {
    object.geometry?.dispose();
    object.material?.dispose();
  });
}

async function load(url, tell) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const { scene } = await new GLTFLoader().parseAsync(await received(response, tell), "");
  const finishes = new Map(); // one for each material of the file
  scene.traverse((object) => {
    if (!object.isMesh) return;
    const { material } = object;
    if (!finishes.has(material)) finishes.set(material, finished(material));
    object.material = finishes.get(material);
  });
  return scene;
}

async function received(response, tell) {
  const parts = [];
  let size = 0;
  const reader = response.body.getReader();
  for (let part; !(part = await reader.read()).done; ) {
    parts.push(part.value);
    size += part.value.length;
    tell?.(size);
  }
  return new Blob(parts).arrayBuffer();
}

// The objects of a scene in the order of its poses: MuJoCo's bodies 1 .. n.
export function bodiesOf(template, count) {
  const bodies = [];
  for (let body = 1; body <= count; body++) bodies.push(template.getObjectByName(`body_${body}`)?.clone() ?? null);
  return bodies;
}
