// A small panel beside what opened it: one at a time; the focus goes into it and comes back.

import { $, $$, h, icon, sign } from "./dom.js";

let opener = null,
  known = "";

/**
 * Opens a panel beside an element that may be drawn anew meanwhile.
 * @param {HTMLElement} anchor
 * @param {string} title
 * @param {Node[]} nodes
 * @param {string} kind a class of its own
 * @returns {HTMLElement}
 */
export function openPop(anchor, title, nodes, kind = "") {
  closePop(false);
  opener = anchor;
  known = anchor.getAttribute("aria-label") ?? "";
  const close = h(
    "button",
    { class: "btn quiet icon close", "aria-label": "Close", onclick: () => closePop() },
    icon("cross"),
  );
  const head = h("div", { class: "pop-head" }, h("h2", { class: "grow" }, title), close);
  const pop = h("div", { class: `pop pp ${kind}`, role: "dialog", "aria-label": title }, head, ...nodes);
  document.body.append(pop);
  place(pop, anchor.getBoundingClientRect());
  ($("[autofocus]", pop) ?? $("input", pop) ?? $("button:not(.close)", pop) ?? close).focus({ preventScroll: true });
  return pop;
}

function place(pop, at) {
  const { offsetWidth: width, offsetHeight: height } = pop;
  const left = Math.max(8, Math.min(at.left, innerWidth - width - 8));
  const top = at.bottom + 4 + height <= innerHeight - 8 ? at.bottom + 4 : Math.max(8, innerHeight - height - 8);
  pop.style.left = `${left}px`;
  pop.style.top = `${top}px`;
}

/**
 * Closes it; with `back` the focus goes to what opened it, or to what stands in its place by now.
 * @param {boolean} back
 */
export function closePop(back = true) {
  $(".pop")?.remove();
  if (!back || !opener) return;
  const same = opener.isConnected ? opener : $$("button").find((el) => el.getAttribute("aria-label") === known);
  (same ?? $$("button").find((el) => sign(el) === sign(opener)))?.focus({ preventScroll: true });
  opener = null;
}
