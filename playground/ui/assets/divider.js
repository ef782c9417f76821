// The divider between editor and answers: dragged, moved by arrow keys, folded by Enter or two presses, remembered.

import { $, h } from "./dom.js";

const KEPT = "playground.divider"; // {height, folded} of this browser
const STEP = 24;
const LEAST = 96; // what is dragged to less than half of it is folded

let bar = null;
let state = { height: null, folded: false };

const narrow = () => innerWidth < 900; // there the page itself scrolls, and Edit folds
const editor = () => $("#compare .editor");
const most = () => Math.max(LEAST, innerHeight - 304);

/**
 * Puts the divider under the editor.
 * @param {HTMLElement} root where the editor stands
 */
export function mountDivider(root) {
  const controls = editor();
  controls.id = "editor-pane";
  bar = h("div", {
    class: "divider pp",
    role: "separator",
    tabindex: "0",
    "aria-orientation": "horizontal",
    "aria-label": "Height of the editor",
    "aria-controls": controls.id,
    "aria-keyshortcuts": "ArrowUp ArrowDown Home End Enter",
    title: "Drag to resize, press twice to fold",
    onkeydown: press,
    onpointerdown: drag,
    ondblclick: () => setFolded(!state.folded),
  });
  // Where the page itself scrolls there is nothing to drag.
  const fold = h("button", { class: "btn quiet small", onclick: foldByHand }, "Fold the editor");
  root.append(bar, h("div", { class: "fold-editor pp fold" }, fold));
  addEventListener("resize", tell);
  open();
}

// As this browser left it; a phone begins with the answers.
function open() {
  try {
    state = { ...state, ...JSON.parse(localStorage.getItem(KEPT)) };
  } catch {
    /* forbidden or broken: as it is at first */
  }
  if (narrow()) state.folded = true;
  show();
}

/**
 * Folds the editor away, or brings it back.
 * @param {boolean} folded
 */
export function setFolded(folded) {
  state.folded = folded;
  show();
  keep();
}

// The button goes with the editor: who pressed it stands at the one that brings it back.
function foldByHand() {
  setFolded(true);
  $("[data-act=unfold]")?.focus();
}

export const isFolded = () => state.folded;

function setHeight(height) {
  state.folded = false;
  state.height = Math.round(Math.min(Math.max(height, LEAST), most()));
  show();
}

function show() {
  const compare = $("#compare");
  compare.classList.toggle("folded", state.folded);
  compare.classList.toggle("sized", Number.isFinite(state.height));
  if (Number.isFinite(state.height)) compare.style.setProperty("--editor", `${state.height}px`);
  tell();
}

function tell() {
  const now = state.folded ? 0 : Math.round(editor().offsetHeight);
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", String(most()));
  bar.setAttribute("aria-valuenow", String(Math.min(now, most())));
  bar.setAttribute("aria-valuetext", state.folded ? "folded" : `${now} pixels`);
}

// A phone always begins folded: what is folded there says nothing of the next large window.
function keep() {
  try {
    if (!narrow()) localStorage.setItem(KEPT, JSON.stringify(state));
  } catch {
    /* forbidden: only this page remembers */
  }
}

function press(e) {
  const height = state.folded ? 0 : editor().offsetHeight;
  const keys = {
    ArrowUp: () => (height - STEP < LEAST ? setFolded(true) : setHeight(height - STEP)),
    ArrowDown: () => setHeight(height + STEP),
    Home: () => setFolded(true),
    End: () => setHeight(most()),
    Enter: () => setFolded(!state.folded),
  };
  if (!keys[e.key] || e.ctrlKey || e.metaKey || e.altKey) return;
  e.preventDefault();
  keys[e.key]();
  keep();
}

function drag(start) {
  if (start.button !== 0) return;
  const before = { ...state };
  const from = state.folded ? 0 : editor().offsetHeight;
  const listening = new AbortController();
  const on = (target, type, act) =>
    target.addEventListener(type, act, { signal: listening.signal, capture: target === window });
  const end = () => {
    listening.abort();
    bar.classList.remove("dragged");
    keep();
  };
  on(bar, "pointermove", (e) => {
    const by = e.clientY - start.clientY;
    if (Math.abs(by) < 4 && !bar.classList.contains("dragged")) return;
    bar.classList.add("dragged");
    if (from + by >= LEAST / 2) setHeight(from + by);
    else {
      state.folded = true;
      show();
    }
  });
  on(bar, "pointerup", end);
  on(bar, "pointercancel", end);
  // Before the page's own Escape, which stops the run.
  on(window, "keydown", (e) => {
    if (e.key !== "Escape") return;
    e.preventDefault();
    e.stopPropagation();
    state = before;
    show();
    end();
  });
  bar.setPointerCapture(start.pointerId);
}
