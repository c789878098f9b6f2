// The animation frames of all views of the page. Where there is no graphics card one view is drawn in a frame, each in
// its turn: two in one frame would keep the page from answering for too long.
let waiting = [];
let served = [];
let asked = false;

// Call `draw(now)` in a coming frame, alone or with others.
export function takeTurn(draw, alone) {
  waiting.push({ draw, alone });
  ask();
}

function ask() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(serve);
}

function serve(now) {
  asked = false;
  const turns = waiting;
  waiting = served;
  served = turns;
  let busy = false;
  let late = 0;
  for (const turn of turns) {
    if (turn.alone && busy) {
      waiting.splice(late++, 0, turn); // before those who have just been drawn and ask again
      continue;
    }
    busy ||= turn.alone;
    turn.draw(now);
  }
  served.length = 0;
  if (waiting.length) ask();
}
