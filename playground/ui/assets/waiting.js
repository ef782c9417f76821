// What is drawn anew waits while somebody is in the middle of something in it: of a word that an input method composes
// ("ni" would become "nin"), or of a press (what is gone by the time the mouse or the key is let go is not clicked).

const busy = new Map(); // why → the element that it is in
const waiting = new Map(); // by the element that is drawn anew: the last of its drawings

// A click comes with the end of its press: what waits is drawn after it.
function ends(why) {
  if (!busy.delete(why)) return;
  setTimeout(() => {
    for (const [box, draw] of [...waiting]) {
      if (isBusy(box)) continue;
      waiting.delete(box);
      if (box.isConnected) draw(true);
    }
  });
}

const isBusy = (box) => [...busy.values()].some((el) => el.isConnected && box.contains(el));

window.addEventListener("compositionstart", (e) => busy.set("word", e.target), true);
window.addEventListener("compositionend", () => ends("word"), true);
window.addEventListener("pointerdown", (e) => e.button === 0 && busy.set("mouse", e.target), true);
// The list of a select takes the end of the press for itself; the next move tells that nothing is held.
window.addEventListener("pointermove", (e) => e.buttons === 0 && ends("mouse"), true);
for (const type of ["pointerup", "pointercancel", "change"]) window.addEventListener(type, () => ends("mouse"), true);
window.addEventListener("keydown", (e) => e.key === " " && busy.set("key", e.target), true);
window.addEventListener("keyup", () => ends("key"), true);
window.addEventListener("blur", (e) => e.target === window && ["mouse", "key"].forEach(ends), true);

/**
 * Draws an element anew, once nobody composes a word or presses something in it; of several that wait, the last.
 * @param {HTMLElement} box
 * @param {(late: boolean) => void} draw told whether it has waited: it knows nothing of what was done meanwhile
 */
export function onceLeft(box, draw) {
  if (isBusy(box)) waiting.set(box, draw);
  else {
    waiting.delete(box);
    draw(false);
  }
}

/**
 * Fills an element with markup that Python has escaped, once it is left.
 * @param {HTMLElement} box
 * @param {string} html
 */
export const fillOnceLeft = (box, html) => onceLeft(box, () => (box.innerHTML = html));
