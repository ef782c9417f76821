// Including another prompt: a tag goes in where the caret last stood in a turn.

import { say } from "./alerts.js";
import { $, $$ } from "./dom.js";
import { closeDrawer } from "./drawer.js";

let area = null;
document.addEventListener("focusin", (e) => {
  if (e.target.matches?.("#editor .turn textarea, .own .turn textarea")) area = e.target;
});

/**
 * Puts an include tag where the caret last stood in a turn.
 * @param {string} text
 */
export function insertPartial(text) {
  const place = area?.isConnected ? area : $$("#editor .turn textarea").at(-1);
  closeDrawer(false);
  place.focus();
  place.setRangeText(text, place.selectionStart, place.selectionEnd, "end");
  place.dispatchEvent(new Event("input", { bubbles: true }));
  say(`Included ${text}`);
}
