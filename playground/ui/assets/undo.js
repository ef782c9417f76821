// One undo and redo for all that a person changes in the form: text, turns, cases, examples, checks, types, columns,
// sampling. What is typed without a rest is one step. The browser's own undo knows nothing of the form, so it is kept
// out of the form's fields.

import { say, toast } from "./alerts.js";
import { $, $$ } from "./dom.js";
import { onChange, page, previewListeners, changed } from "./store.js";

const WORK = ["prompt", "values", "columns", "common", "spare", "same_text", "sources", "experiment"];
const REST_MS = 500;
const MOST_STEPS = 300,
  MOST_CHARS = 20_000_000,
  MOST_THINGS = 8;
const TEXT = "input:not([type=checkbox], [type=radio], [type=file]), textarea";
// One such piece after the other is one step; anything else begins a step of its own.
const TYPED = ["insertText", "insertCompositionText", "deleteContentBackward", "deleteContentForward"];

/** @typedef {{text: string, images: string[]}} Step */

const things = new Map(); // {past, future} of what was open, by its draft
let past = [],
  future = [],
  now = null, // the form when it last rested
  thing = "",
  moving = false, // the form has changed since
  typing = { field: null, deletes: false },
  restoring = false,
  timer = null;

function snapshot() {
  const work = Object.fromEntries(WORK.map((name) => [name, page.form[name]]));
  return { text: JSON.stringify(work), images: [...(page.form.images ?? [])] };
}

const isSame = (a, b) =>
  a.text === b.text && a.images.length === b.images.length && a.images.every((image, i) => image === b.images[i]);

function rest() {
  clearTimeout(timer);
  if (!moving) return;
  moving = false;
  now = snapshot();
  if (past.length && isSame(past.at(-1), now)) past.pop();
  let chars = past.reduce((sum, step) => sum + step.text.length, 0);
  while (past.length > MOST_STEPS || (chars > MOST_CHARS && past.length > 1)) chars -= past.shift().text.length;
}

// Something else is open: it has steps of its own, which are there again when it is opened again.
function turnTo(draft) {
  clearTimeout(timer);
  moving = false;
  things.delete(thing);
  if (thing) things.set(thing, { past, future });
  if (things.size > MOST_THINGS) things.delete(things.keys().next().value);
  thing = draft;
  ({ past, future } = things.get(draft) ?? { past: [], future: [] });
  now = snapshot();
}

onChange((what) => {
  if (restoring || what === "half") return;
  const { draft } = page.form.open;
  if (what === "all" && draft !== thing && !isCopy()) return turnTo(draft);
  thing = draft;
  if (what === "name") {
    now = snapshot(); // it was saved, and that is not undone
    return;
  }
  if (!moving) past.push(now);
  moving = true;
  future = [];
  clearTimeout(timer);
  timer = setTimeout(rest, REST_MS);
});

// The same form under another name: another tab has the draft.
const isCopy = () => now !== null && isSame(now, snapshot());

// --- going back and forth ---------------------------------------------------------------------------------------

function step(from, to, words) {
  rest();
  if (!from.length) return say(`Nothing to ${words}`);
  to.push(now);
  now = from.pop();
  restore();
  say(words === "undo" ? "Undone" : "Done again");
}

export const undo = () => step(past, future, "undo");
export const redo = () => step(future, past, "redo");

/**
 * Says that something has been removed, with the way back.
 * @param {string} what
 */
export function removed(what) {
  rest();
  const before = past.at(-1);
  const back = () => {
    rest();
    if (!past.includes(before)) return say("That is not on screen any more");
    while (past.includes(before)) {
      future.push(now);
      now = past.pop();
    }
    restore();
  };
  toast(`${what} removed`, { label: "Undo", act: back });
}

function restore() {
  const before = new Map(fields().map((el) => [placeOf(el), el.value]));
  const scrolled = $$("#compare .turns, #compare .inputs, #compare .own-turns").map((el) => [el, el.scrollTop]);
  const held = placeOf(document.activeElement);
  restoring = true;
  Object.assign(page.form, JSON.parse(now.text), { images: [...now.images] });
  $(".pop")?.remove();
  changed("all");
  if (page.preview) for (const fn of previewListeners) fn(page.preview);
  restoring = false;
  for (const [el, top] of scrolled) el.scrollTop = top;
  goToChange(before, held);
}

// The caret goes to what has changed: so one sees what it was.
function goToChange(before, held) {
  const all = fields();
  const turned = all.filter((el) => before.get(placeOf(el)) !== el.value);
  const same = all.find((el) => placeOf(el) === held);
  const field = turned.includes(same) ? same : (turned[0] ?? same);
  if (!field) return;
  field.focus({ preventScroll: true });
  field.closest("[data-turn], [data-v]")?.scrollIntoView({ block: "nearest" });
  if (!["TEXTAREA"].includes(field.tagName) && field.type !== "text") return;
  const old = before.get(placeOf(field)) ?? "",
    text = field.value;
  let same_end = 0;
  const most = Math.min(old.length, text.length);
  let start = 0;
  while (start < most && old[start] === text[start]) start += 1;
  while (same_end < most - start && old.at(-1 - same_end) === text.at(-1 - same_end)) same_end += 1;
  field.setSelectionRange(text.length - same_end, text.length - same_end);
}

const fields = () => $$(TEXT, $("#compare")).concat($$(`.drawer :is(${TEXT})`));

// What a field is known by when it is drawn anew.
function placeOf(el) {
  const near = (selector, name) => el?.closest?.(selector)?.[name] ?? "";
  const turn = el?.closest?.("[data-turn]")?.dataset.turn ?? "";
  const parts = [near("[id^=col]", "id"), turn, el?.closest?.("[data-v]")?.dataset.v ?? "", el?.tagName, el?.id ?? ""];
  return [...parts, el?.getAttribute?.("aria-label") ?? ""].join(" ");
}

// --- keys -------------------------------------------------------------------------------------------------------

// Fields that are not the form's, such as a search or the name in a drawer, keep the browser's own undo.
function isOurs(el) {
  if (![$("#compare"), $("#exp-setup")].some((place) => place?.offsetParent) || !page.form?.open) return false;
  if ("half" in (el.dataset ?? {})) return false; // it is not the form's yet
  const ours = "#compare, #exp, .drawer, .pop";
  return !el.matches?.(TEXT) || Boolean(el.closest(ours) && !el.closest("[data-form], #vote"));
}

addEventListener(
  "keydown",
  (e) => {
    const key = e.key.toLowerCase();
    if ((e.ctrlKey || e.metaKey) && !e.altKey && (key === "z" || (key === "y" && !e.shiftKey)) && isOurs(e.target)) {
      e.preventDefault();
      e.stopPropagation();
      (key === "y" || e.shiftKey ? redo : undo)();
    } else if (moving && (e.ctrlKey || e.metaKey || ["Enter", "Tab", " "].includes(e.key) && !e.target.matches(TEXT)))
      rest();
  },
  true,
);

addEventListener(
  "beforeinput",
  (e) => {
    if (["historyUndo", "historyRedo"].includes(e.inputType) && isOurs(e.target)) {
      e.preventDefault();
      (e.inputType === "historyUndo" ? undo : redo)();
      return;
    }
    const deletes = e.inputType.startsWith("delete");
    const goesOn = TYPED.includes(e.inputType) && e.target === typing.field && deletes === typing.deletes;
    if (moving && !goesOn) rest();
    typing = { field: e.target, deletes };
  },
  true,
);

// What is pressed may change the form: what was typed until then is a step of its own.
addEventListener("pointerdown", () => rest(), true);
