// Gradio's tabs: one is brought to the front, and whoever wants to know is told when a person opens one.

import { $$ } from "./dom.js";
import { english } from "./language.js";

// A narrow window moves tabs into a menu, where they are plain buttons.
const TABS = "[role=tab], .overflow-dropdown button";
const nameOf = (tab) => english(tab).trim();

/**
 * Brings a tab to the front as if it was pressed.
 * @param {string} name
 */
export function showTab(name) {
  $$(TABS)
    .find((tab) => nameOf(tab) === name)
    ?.click();
}

let walking = false;

/**
 * Goes to a tab by an arrow key: the focus stays among the tabs, for the next arrow.
 * @param {HTMLElement} tab
 */
export function walkTo(tab) {
  walking = true;
  tab.focus();
  tab.click();
  walking = false;
}

/**
 * Calls `opened` with the name of each tab that is pressed, once Gradio has handled it, and whether an arrow led there.
 * @param {(name: string, isWalked: boolean) => void} opened
 */
export function onTab(opened) {
  // In the capture phase: the menu takes a chosen tab out of itself.
  document.addEventListener(
    "click",
    (e) => {
      const tab = e.target.closest?.(TABS);
      if (tab) setTimeout(opened, 0, nameOf(tab), walking);
    },
    true,
  );
}
