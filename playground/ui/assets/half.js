// What is typed into a drawer and not sent yet is there again when the drawer is: after Esc, and after a reload.
//
//   form.half = {"Save a version": {"save-message": "Shorter system turn"}}

import { $, $$ } from "./dom.js";
import { changed, page } from "./store.js";

const TEXT = "input:not([type]), input[type=text], input[type=number], textarea";
const SECRET = /key|token|secret|password/i;
const MOST_CHARS = 200_000;

const titleOf = (drawer) => drawer.getAttribute("aria-label");
const nameOf = (field) => field.id || field.name;
// Fields of the page's own drawers are the form's, except for what cannot be read yet.
const isHalf = (field) => Boolean(field.closest("[data-form]")) || field.getAttribute("aria-invalid") === "true";

document.addEventListener("input", (e) => {
  const drawer = e.target.closest?.(".drawer");
  if (!drawer || !page.form?.open || !e.target.matches(TEXT)) return;
  if (SECRET.test(`${nameOf(e.target)} ${e.target.name}`)) return;
  const half = (page.form.half ??= {}),
    kept = { ...half[titleOf(drawer)] };
  if (isHalf(e.target) && e.target.value.length < MOST_CHARS) {
    kept[nameOf(e.target)] = e.target.value;
    e.target.dataset.half = "";
  } else {
    delete kept[nameOf(e.target)];
    delete e.target.dataset.half;
  }
  if (Object.keys(kept).length) half[titleOf(drawer)] = kept;
  else delete half[titleOf(drawer)];
  changed("half");
});

/** What was typed into the open drawer has been sent. */
export function forgetHalf() {
  const drawer = $(".drawer");
  if (!drawer || !page.form?.half?.[titleOf(drawer)]) return;
  delete page.form.half[titleOf(drawer)];
  changed("half");
}

// The page's own fields hear it as if it was typed again, and say what is wrong with it.
new MutationObserver(() => {
  const drawer = $(".drawer:not([data-known])");
  if (!drawer) return;
  drawer.dataset.known = "";
  const kept = page.form?.half?.[titleOf(drawer)];
  if (!kept) return;
  for (const field of $$(TEXT, drawer)) {
    const text = kept[nameOf(field)];
    if (typeof text !== "string" || text === field.value) continue;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}).observe(document.body, { childList: true });
