// One sentence behind a "?" for each term without a plain name; the sentences come from ui/terms.py.

import { say } from "./alerts.js";
import { h } from "./dom.js";
import { page } from "./store.js";

let note = null, // the sentence that is open
  opener = null;

/**
 * A "?" that opens the term's sentence with pointer, finger or key; nothing for a term that needs none.
 * @param {string} term as it is written beside it
 * @returns {HTMLElement | string}
 */
export function about(term) {
  return explained(term, page.terms?.[term]);
}

/**
 * The same for a sentence that comes with what it explains.
 * @param {string} term
 * @param {string | undefined} text
 * @returns {HTMLElement | string}
 */
export function explained(term, text) {
  if (!text) return "";
  const attrs = { type: "button", class: "about", "data-text": text, title: text };
  return h("button", { ...attrs, "aria-label": `What is ${term}?` }, "?");
}

function open(button) {
  opener = button;
  note = h("div", { class: "term-note pp", role: "note" }, button.dataset.text);
  document.body.append(note);
  const at = button.getBoundingClientRect();
  const fits = at.bottom + 4 + note.offsetHeight <= innerHeight - 8;
  note.style.left = `${Math.max(8, Math.min(at.left, innerWidth - note.offsetWidth - 8))}px`;
  note.style.top = `${fits ? at.bottom + 4 : Math.max(8, at.top - note.offsetHeight - 4)}px`;
  say(button.dataset.text);
}

function close() {
  note?.remove();
  note = null;
}

document.addEventListener("click", (e) => {
  const button = e.target.closest?.(".about");
  const isSame = note && button === opener;
  if (note && !note.contains(e.target)) close();
  if (!button) return;
  e.preventDefault();
  if (!isSame) open(button);
});
// Before the page's own Escape, which closes what the word stands in.
window.addEventListener(
  "keydown",
  (e) => {
    if (e.key !== "Escape" || !note) return;
    e.preventDefault();
    e.stopPropagation();
    close();
  },
  true,
);
