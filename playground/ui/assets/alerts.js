// What the page says by itself: a toast, an alert, a word to a screen reader, "Copied".

import { $, $$, h, icon } from "./dom.js";

/**
 * Tells a screen reader; nothing is shown.
 * @param {string} text
 */
export function say(text) {
  $("#live").textContent = text;
}

/**
 * A few words that go away by themselves; under the pointer, and while their button has the focus, they stay.
 * @param {string} text
 * @param {{label: string, act: string | (() => void)} | null} doing a button beside them: what it does or asks for,
 *   and what goes along
 * @param {boolean} isDone whether it says what was done, not what was not
 */
export function toast(text, doing = null, isDone = true) {
  const { label, act, ...data } = doing ?? {};
  if (typeof act === "string") data.act = act;
  const asked = Object.fromEntries(Object.entries(data).map(([name, value]) => [`data-${name}`, value]));
  const press = () => {
    el.remove();
    if (typeof act === "function") act();
  };
  const button = label && h("button", { class: "btn quiet small", ...asked, onclick: press }, label);
  const sign = icon(isDone ? "check" : "warn");
  const el = h("div", { class: "toast pp", role: "status" }, sign, h("span", {}, text), button);
  const toasts = $("#toasts");
  if (toasts.parentElement !== document.body) document.body.append(toasts); // the head lies under a drawer
  toasts.append(el);
  let timer = null;
  const stay = () => clearTimeout(timer);
  const go = (ms) => {
    stay();
    timer = setTimeout(() => el.remove(), ms);
  };
  go(label ? 10_000 : 6000);
  for (const name of ["mouseenter", "focusin"]) el.addEventListener(name, stay);
  for (const name of ["mouseleave", "focusout"]) el.addEventListener(name, () => go(2000));
}

/**
 * What went wrong and what to do next, in the open drawer, else in the tab in view; it replaces the one before.
 * @param {{message: string, hint?: string}} alert
 * @param {string} [asked] the action that it is the answer to
 * @returns {HTMLElement}
 */
export function showAlert({ message, hint }, asked = null) {
  const el = h(
    "div",
    { class: "alert pp", role: "alert", "data-asked": asked },
    icon("warn"),
    h("div", { class: "grow" }, h("b", {}, message), hint ?? ""),
    h("button", { class: "btn quiet icon", "aria-label": "Dismiss", onclick: () => el.remove() }, icon("cross")),
  );
  const home = $(".drawer .messages") ?? $$(".messages").find((place) => place.offsetParent) ?? $("#messages");
  home.replaceChildren(el);
  el.scrollIntoView({ block: "nearest" });
  return el;
}

/**
 * Takes away what went wrong with an action, once it is answered anew: it would stand beside "stored".
 * @param {string} asked
 */
export function forgetAlert(asked) {
  for (const el of $$(".messages > .alert")) if (el.dataset.asked === asked) el.remove();
}

/**
 * Saves a file of the server; what it refuses is a download that failed, never another page.
 * @param {string} address
 */
export function download(address) {
  const link = h("a", { href: address, download: "" });
  document.body.append(link);
  link.click();
  link.remove();
}

/**
 * Saves a text as a file.
 * @param {string} name
 * @param {string} text
 */
export function saveText(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * Puts text on the clipboard and says so.
 * @param {string} text
 * @returns {Promise<void>}
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {
    const area = h("textarea", { value: text });
    document.body.append(area);
    area.select();
    if (document.execCommand("copy")) toast("Copied");
    else toast("The browser does not allow copying here", null, false);
    area.remove();
  }
}
