// The drawer on the right: one at a time, the focus goes into it and comes back to what opened it.

import { $, $$, h, icon, sign } from "./dom.js";
import { fillAnew, patch } from "./patch.js";
import { wordTimes } from "./times.js";

const REACHED_BY_TAB = "button, a[href], input, select, textarea, [tabindex='0']";

let opener = null,
  dismissals = 0;

/**
 * How often somebody has closed a drawer, or has said with Escape that none shall come: what was asked for before that
 * opens none any more.
 * @returns {number}
 */
export const dismissed = () => dismissals;

/** Somebody closes it, or lets what is on its way not come. */
export function dismissDrawer() {
  dismissals++;
  if ($(".drawer")) closeDrawer();
}

/**
 * Opens a drawer, or draws the open one anew.
 * @param {{title: string, body?: string, foot?: string, narrow?: boolean, nodes?: Node[]}} what
 *   `body` and `foot` are markup that Python has escaped; `nodes` stand in place of `body`.
 * @param {boolean} isLook the page asked by itself: the same drawer changes only where it differs
 */
export function openDrawer({ title, body, foot = "", narrow = false, nodes = null }, isLook = false) {
  const before = document.activeElement;
  const open = $(".drawer");
  const isSame = open?.getAttribute("aria-label") === title;
  if (isLook && isSame && !nodes && Boolean(foot) === Boolean($("footer", open))) {
    patch($(".body", open), body);
    wordTimes($(".body", open));
    if (foot) patch($("footer", open), foot);
    return;
  }
  if (!open) opener = before;
  // The same drawer drawn anew stays where it was read, with the focus where it was.
  const again = isSame && {
    sign: open.contains(before) ? sign(before) : "",
    top: $(".body", open).scrollTop,
  };
  closeDrawer(false);
  const bodyBox = h("div", { class: "body" });
  if (nodes) bodyBox.append(...nodes);
  else {
    fillAnew(bodyBox, body);
    wordTimes(bodyBox);
  }
  const footBox = h("footer", { hidden: !foot });
  fillAnew(footBox, foot);
  const kind = `drawer pp ${narrow ? "narrow" : ""}`;
  const drawer = h(
    "div",
    { class: kind, role: "dialog", "aria-modal": "true", "aria-label": title },
    h(
      "header",
      {},
      h("h2", { class: "grow" }, title),
      h("button", { class: "btn quiet icon", "aria-label": "Close", onclick: dismissDrawer }, icon("cross")),
    ),
    h("div", { class: "messages" }),
    bodyBox,
  );
  if (foot) drawer.append(footBox);
  document.body.append(h("div", { class: "scrim", onclick: dismissDrawer }), drawer);
  const same = again && $$("button, select, input, a[href]", drawer).find((el) => sign(el) === again.sign);
  const first = $("[autofocus]", drawer) ?? $("input, select, textarea", bodyBox) ?? $("header button", drawer);
  (same || first).focus({ preventScroll: Boolean(same) });
  if (again) bodyBox.scrollTop = again.top;
  drawer.addEventListener("keydown", (e) => {
    if (e.key !== "Tab") return;
    const all = $$(REACHED_BY_TAB, drawer).filter((el) => !el.disabled && el.offsetParent);
    const edge = e.shiftKey ? all[0] : all.at(-1);
    if (document.activeElement !== edge) return;
    e.preventDefault();
    (e.shiftKey ? all.at(-1) : all[0]).focus();
  });
}

/**
 * Closes it; the focus goes back to what opened it unless another drawer comes.
 * @param {boolean} back
 */
export function closeDrawer(back = true) {
  $$(".drawer, .scrim").forEach((el) => el.remove());
  if (!back) return;
  // What was drawn anew meanwhile is known by what it is.
  const same = opener && (opener.isConnected ? opener : $$(opener.tagName).find((el) => sign(el) === sign(opener)));
  same?.focus();
  opener = null;
}
