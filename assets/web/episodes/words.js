// How figures and states are said.

export const JOINTS = ["waist", "shoulder", "elbow", "forearm roll", "wrist angle", "wrist rotate", "gripper"];
export const ARMS = ["left", "right"];
export const SOURCES = ["policy", "human", "expert"]; // in the order of the server's
export const CAMERA_NAMES = { cam_high: "high", cam_left_wrist: "left wrist", cam_right_wrist: "right wrist" };
export const OUTCOMES = { true: "success", false: "failure", null: "not judged" };
export const QUALITIES = ["", "poor", "fair", "usable", "good", "excellent"];
export const CONTROL_HZ = 50;

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

export function seconds(steps) {
  return `${(steps / CONTROL_HZ).toFixed(2)} s`;
}

export function duration(total) {
  if (total < 99.95) return `${total.toFixed(1)} s`;
  if (total < HOUR) return `${Math.floor(total / MINUTE)} min ${Math.round(total % MINUTE)} s`;
  return `${(total / HOUR).toFixed(2)} h`;
}

export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

export function ago(when) {
  const past = Date.now() / 1000 - when;
  if (past < 5) return "just now";
  if (past < MINUTE) return `${Math.round(past)} s ago`;
  if (past < HOUR) return `${Math.round(past / MINUTE)} min ago`;
  if (past < DAY) return `${Math.round(past / HOUR)} h ago`;
  return new Date(when * 1000).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
}

export function size(bytes) {
  if (bytes < 1e6) return `${Math.max(Math.round(bytes / 1e3), 1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

// put_x_into_pot -> put x into pot
export const plain = (name) => name.replaceAll("_", " ");
