// An element with data-poll="action" asks for that action again and again while its tab is in view; one timer for
// all of them, set anew after each answer. Where none comes the page says so once and goes on asking: a program that
// was started again is found again, and nobody has to reload.

import { showAlert } from "./alerts.js";
import { $$ } from "./dom.js";
import { call, page } from "./store.js";
import { apply, onShown } from "./updates.js";

const EVERY_MS = 700,
  AWAY_MS = 3000;

let timer = null,
  told = null, // the alert about a look that got no answer
  isLook = false;
const drawn = new Map(); // what looks have drawn since anything else did, by its place

const inView = () => $$("[data-poll]").filter((el) => el.parentElement.offsetParent);

async function ask(el) {
  const { poll: action, ...args } = el.dataset;
  const { form, run } = page;
  const reply = await call(action, { ...args, previous: page.previous ?? null, form, run });
  if (reply.alert && !reply.html) {
    told ??= showAlert(reply.alert);
    again(AWAY_MS);
    return;
  }
  told?.remove();
  told = null;
  // What was drawn anew meanwhile is newer, and asks for itself.
  if (el.isConnected) draw(reply);
}

// What is on screen as it comes stays: the focus, a text that somebody selects, and what a pointer is over.
function draw(reply) {
  const all = Object.entries(reply.html ?? {}),
    at = (id) => document.getElementById(id);
  const news = all.filter(([id, html]) => drawn.get(id) !== html).map(([id]) => at(id));
  for (const [id, html] of all) {
    if (drawn.get(id) === html && !news.some((box) => box?.contains(at(id)))) delete reply.html[id];
    drawn.set(id, html);
  }
  isLook = true;
  apply(reply);
  isLook = false;
}

function again(wait) {
  clearTimeout(timer);
  timer = setTimeout(() => inView().forEach(ask), wait);
}

onShown((update) => {
  if (!isLook && update.html) drawn.clear();
  if (update.alert && !update.html) return;
  const all = inView();
  clearTimeout(timer);
  if (all.length) again(Math.min(...all.map((el) => Number(el.dataset.every ?? EVERY_MS))));
});
