// The focus never falls to the body: when what had it goes, what took its place has it, else a neighbour.

import { $, $$, focusAs } from "./dom.js";
import { english, englishOf } from "./language.js";

const CONTROLS = "button, select, input, textarea, a[href], summary, [tabindex]";
const WATCHED = ["hidden", "disabled", "class", "style", "open"];
const NEAR = 6; // boxes around a control that know where in them it was: further out, a number says nothing
const KNOWN = 12; // places the focus was at before, for what opens over the page and goes again

const been = []; // the last places, the latest at the end: {el, sign, trail: [{el, place}]}

const signOf = (el) =>
  [el.tagName, el.id, el.name, englishOf(el, "aria-label"), JSON.stringify(el.dataset), labelOf(el)].join("\n");
const labelOf = (el) => (el.matches("button, a, summary") ? english(el) : "");
const isUsable = (el) => el.isConnected && !el.disabled && el.checkVisibility({ visibilityProperty: true });
const isReached = (el) => el.tabIndex >= 0 && isUsable(el);
const controlsIn = (box) => $$(CONTROLS, box).filter(isReached);

function note(el) {
  if (el === document.body || !el.matches) return;
  const boxes = [];
  for (let box = el.parentElement; box && box !== document.body; box = box.parentElement) boxes.push(box);
  const places = placesOf(el, boxes.slice(0, NEAR));
  if (been.at(-1)?.el === el) been.pop();
  been.push({ el, sign: signOf(el), trail: boxes.map((box, n) => ({ el: box, place: places[n] ?? -1 })) });
  if (been.length > KNOWN) been.shift();
}

// Where it stands among the controls of each of the boxes around it: whether one is in view is asked once, of those
// before it.
function placesOf(el, boxes) {
  const all = $$(CONTROLS, boxes.at(-1) ?? el), at = all.indexOf(el);
  if (at < 0 || !isReached(el)) return [];
  const before = all.slice(0, at).filter(isReached);
  return boxes.map((box) => before.filter((each) => box.contains(each)).length);
}

// The same control drawn anew, as near to where it was as there is one; else what stands at its place.
function nextTo({ sign, trail }) {
  const there = trail.filter(({ el }) => isUsable(el));
  for (const { el: box } of there.slice(0, NEAR)) {
    const same = controlsIn(box).find((el) => signOf(el) === sign);
    if (same) return same;
  }
  for (const { el: box, place } of there.slice(0, NEAR)) {
    const controls = controlsIn(box);
    if (controls.length) return controls[Math.min(Math.max(place, 0), controls.length - 1)];
  }
  return null;
}

// A whole drawer or pop-up has gone: its trail is gone too, and what was there before has the focus.
function before() {
  for (const past of been.toReversed()) {
    if (isUsable(past.el)) return past.el;
    const next = past.trail.some(({ el }) => isUsable(el)) && nextTo(past);
    if (next) return next;
  }
  return $$(".tabitem").find(isUsable) ?? null;
}

// A control that is shut for a while, as Run is while columns write: its place holds the focus until it opens again.
let waits = null; // {sign, box}

function hold({ el, sign }) {
  const box = el.parentElement;
  waits = { sign, box };
  box.dataset.holds = "";
  box.tabIndex = -1;
  box.focus({ preventScroll: true });
}

function release() {
  const { sign, box } = waits;
  const open = controlsIn(box).find((el) => signOf(el) === sign);
  const isLeft = document.activeElement !== box && document.activeElement !== document.body;
  if (!open && !isLeft && box.isConnected) return;
  waits = null;
  delete box.dataset.holds;
  box.removeAttribute("tabindex");
  if (!isLeft) open?.focus({ preventScroll: true });
}

/** Looks after the focus from now on. */
export function keepFocused() {
  document.addEventListener("focusin", (e) => {
    if (e.target !== waits?.box) note(e.target);
  });
  new MutationObserver((records) => {
    if (waits) release();
    else look(records);
  }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: WATCHED });
}

function look(records) {
  const last = been.at(-1);
  const held = document.activeElement;
  if (!last || (held && held !== document.body && held !== last.el)) return;
  // Looked at only when what changed holds the focus, or when something was taken away while nothing has it: that it is
  // in view costs the browser a look at all styles.
  const touched = records.some(({ type, target, removedNodes }) =>
    type === "childList" ? removedNodes.length && held !== last.el : target.contains(last.el),
  );
  if (!touched || isUsable(last.el)) return;
  // Whoever took it away may give the focus to what comes instead.
  queueMicrotask(() => {
    if (document.activeElement !== document.body && document.activeElement !== last.el) return;
    if (isUsable(last.el)) return;
    if (last.el.disabled && last.el.checkVisibility()) hold(last);
    else give((last.trail.some(({ el }) => isUsable(el)) && nextTo(last)) || before(), last.el);
  });
}

function give(el, had) {
  if (!el) return;
  if (!el.matches(CONTROLS)) el.tabIndex = -1;
  focusAs(el, had);
}
