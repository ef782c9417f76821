// While an input method composes (Chinese, Japanese, Korean), its keys are its own: the Enter that takes a word runs
// and saves nothing, Escape closes nothing, arrows choose among its words. No other listener of the page hears them,
// and a search field, which empties itself at Escape, does not either: only what was being composed is dropped.
// What is drawn anew waits, where the field stands in it: "ni" would become "nin".

const COMPOSING = 229; // what browsers say whose input method ends before the key is told

let field = null;
const waiting = new Map(); // by the element that is drawn anew: the last of its drawings

for (const type of ["keydown", "keyup"])
  window.addEventListener(
    type,
    (e) => {
      if (!e.isComposing && e.keyCode !== COMPOSING) return;
      e.stopImmediatePropagation();
      if (e.isTrusted && e.key === "Escape") e.preventDefault();
    },
    true,
  );
window.addEventListener("compositionstart", (e) => (field = e.target), true);
window.addEventListener(
  "compositionend",
  () => {
    field = null;
    setTimeout(() => {
      const draws = [...waiting.values()];
      waiting.clear();
      draws.forEach((draw) => draw(true));
    });
  },
  true,
);

/**
 * Draws an element anew, once no word is being composed in it; of several drawings that wait, the last.
 * @param {HTMLElement} box
 * @param {(late: boolean) => void} draw told whether it has waited: it knows nothing of the word then
 */
export function onceComposed(box, draw) {
  if (field?.isConnected && box.contains(field)) waiting.set(box, draw);
  else draw(false);
}
