// An element with data-poll="action" asks for that action again and again while its tab is in view; one timer for
// all of them, set anew after each answer that is no alert.

import { send } from "./actions.js";
import { $$ } from "./dom.js";
import { onShown } from "./updates.js";

const EVERY_MS = 700;

let timer = null;

const inView = () => $$("[data-poll]").filter((el) => el.parentElement.offsetParent);

function ask(el) {
  const { poll: action, ...args } = el.dataset;
  send(action, args);
}

onShown((update) => {
  if (update.alert) return;
  clearTimeout(timer);
  const all = inView();
  if (!all.length) return;
  const wait = Math.min(...all.map((el) => Number(el.dataset.every ?? EVERY_MS)));
  timer = setTimeout(() => inView().forEach(ask), wait);
});
