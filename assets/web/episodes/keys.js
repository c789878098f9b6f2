// The keys of the Episodes tab as a list.
import { dialog, element } from "./dom.js";

const KEYS = [
  ["Space", "play, pause"],
  ["\u2190 \u2192", "one step; with Shift one second"],
  ["Home End", "to the start, to the end"],
  [", and .", "slower, faster"],
  ["L", "loop"],
  ["Y N 0", "success, failure, as measured"],
  ["1 \u2013 5", "quality, from poor to excellent"],
  ["I", "to the instruction"],
  ["B E", "a segment begins, ends here"],
  ["[ ]", "mark where the episode should begin, end"],
  ["T", "trim to the marks"],
  ["S", "split here into two episodes"],
  ["Delete", "to the bin, and on to the next one"],
  ["Ctrl+Z", "undo; with Shift, or Ctrl+Y: redo"],
  ["J K", "next, previous; also Shift+N, Shift+P and Page down, Page up"],
  ["/", "in the list: search"],
  ["X", "in the list: choose the one with the focus"],
  ["Esc", "forget the marks; back to the list"],
  ["?", "this list"],
];

export function showKeys() {
  const open = document.querySelector(".ep-keys");
  if (open) return open.close();
  const rows = KEYS.flatMap(([key, text]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, text)]);
  dialog("Keys of the Episodes tab", "ep-keys", element("dl", {}, ...rows));
}
