// An element with data-poll="action" asks for that action again and again while its tab is in view; one timer for
// all of them, set anew after each answer. Where none comes the page says so once and goes on asking: a program that
// was started again is found again, and nobody has to reload.

import { showAlert } from "./alerts.js";
import { $$ } from "./dom.js";
import { withLook } from "./looks.js";
import { callWithForm } from "./store.js";
import { apply, onShown } from "./updates.js";

const EVERY_MS = 700,
  AWAY_MS = 3000;

let timer = null,
  told = null; // the alert about a look that got no answer

const inView = () => $$("[data-poll]").filter((el) => el.parentElement.offsetParent);

async function ask(el) {
  const { poll: action, ...args } = el.dataset;
  const reply = await callWithForm(action, withLook(args));
  if (reply.alert && !reply.html) {
    told ??= showAlert(reply.alert);
    again(AWAY_MS);
    return;
  }
  told?.remove();
  told = null;
  // What was drawn anew meanwhile is newer, and asks for itself.
  if (el.isConnected) apply(reply, { isLook: true });
}

function again(wait) {
  clearTimeout(timer);
  timer = setTimeout(() => inView().forEach(ask), wait);
}

onShown((update) => {
  if (update.alert && !update.html) return;
  const all = inView();
  clearTimeout(timer);
  if (all.length) again(Math.min(...all.map((el) => Number(el.dataset.every ?? EVERY_MS))));
});
