// What the Data tab shows now: which data set, which of its rows, and the edits that are not saved.
//
//   sheet = {id, name, number, latest, columns: [{name, kind, role}], words, steps, draft, find, half, sort, …}
//
// Edits are kept by the program, under a draft whose name this browser remembers for each data set.

import { newId } from "./identity.js";
import { showAlert } from "./alerts.js";
import { call } from "./store.js";

const DRAFTS = "playground.data.drafts";

/** The data set that is open; `id` is "" without one. */
export const sheet = {
  id: "",
  old: 0, // the number of an older version that is only read
  columns: [],
  facts: {},
  badges: [],
  twins: {},
  find: "",
  half: "",
  sort: "",
  falls: false,
  row: 0, // the number of the chosen row
  redo: [],
};

const listeners = [];

/**
 * Calls `fn` with what has changed: "open", "rows" (other ones are looked at), "edit", "facts" or "row".
 * @param {(what: string) => void} fn
 */
export const onSheet = (fn) => listeners.push(fn);

/** @param {string} what */
export const told = (what) => listeners.forEach((fn) => fn(what));

/** @returns {Record<string, string>} the draft of each data set */
export function drafts() {
  try {
    return JSON.parse(localStorage.getItem(DRAFTS)) ?? {};
  } catch {
    return {};
  }
}

/**
 * The draft that this browser writes for a data set.
 * @param {string} id
 * @returns {string}
 */
export function draftOf(id) {
  return drafts()[id] ?? keepDraft(id, newId());
}

/**
 * Goes on with another draft.
 * @param {string} id
 * @param {string} draft
 * @returns {string}
 */
export function keepDraft(id, draft) {
  try {
    localStorage.setItem(DRAFTS, JSON.stringify({ ...drafts(), [id]: draft }));
  } catch {
    /* forbidden: it lasts as long as the page */
  }
  return draft;
}

/**
 * Asks Python about the open data set, and says what it refuses.
 * @param {string} action
 * @param {object} args
 * @returns {Promise<object | null>} what it says of the sheet
 */
export async function ask(action, args = {}) {
  const { id, old } = sheet;
  const reply = await call(action, { dataset: id, number: old || "", draft: id ? draftOf(id) : "", ...args });
  if (reply.alert) {
    showAlert(reply.alert);
    return null;
  }
  return reply.sheet ?? {};
}

/** Whether an older version is on screen, which cannot be edited. */
export const isOld = () => sheet.old > 0;

/**
 * Makes one step of edits, which is kept at once.
 * @param {object} edit `cells` as they were typed, `add` rows of texts, `step` edits as Python has them
 * @returns {Promise<object | null>} the alert of a step that was refused
 */
export async function edit(change) {
  const { id } = sheet;
  const reply = await call("data_do", { dataset: id, draft: draftOf(id), edit: change });
  if (reply.alert) return reply.alert;
  if (sheet.id !== id) return null;
  sheet.redo = [];
  take(reply.sheet);
  return null;
}

/**
 * Takes what Python says of the sheet.
 * @param {object} found
 */
export function take(found) {
  Object.assign(sheet, found);
  told("edit");
}

/** Takes the last step back. */
export async function undo() {
  if (isOld() || !sheet.steps) return;
  const redo = sheet.redo;
  const found = await ask("data_undo");
  if (!found) return;
  const { undone, ...rest } = found;
  sheet.redo = undone.length ? [...redo, undone] : redo;
  Object.assign(sheet, rest, { done: null });
  told("edit");
}

/** Makes the step again that was taken back last. */
export async function redo() {
  const step = sheet.redo.at(-1);
  if (!step) return;
  const left = sheet.redo.slice(0, -1);
  const refused = await edit({ step });
  if (refused) showAlert(refused);
  else sheet.redo = left;
  told("edit");
}
