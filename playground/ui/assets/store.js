// What the page knows: the form as Python reads it, the fixed lists it was given, and the run on screen.
//
//   page.form = {prompt, prompt_id, version, origin, values, columns: [{model, preset, sampling, own, turns}], images}

import { debounce } from "./dom.js";

/** @typedef {"turns" | "values" | "columns" | "checks" | "cases" | "images" | "title" | "name" | "all"} Changed */
/** @typedef {{role: string, template: string}} Turn */
/** @typedef {{name: string, kind: string, default: any, example: any, choices: string[], fields: Input[]}} Input */
/** @typedef {{temperature: number, top_p: number, seed: number | null, max_tokens: number, stop: string[]}} Sampling */

const DRAFT = "playground.draft";
const ROOM = 4_000_000; // characters of images that a browser's five million surely hold beside the rest

export const page = {
  server: null, trigger: null,      // set by the bridge component
  most: 0,                          // columns beside each other, told by the bridge component
  models: [], presets: {}, scorers: [],
  form: null, spare: [],            // columns beyond the chosen count keep their settings
  preview: null,                    // last answer of the server to what is typed
  run: null, busy: new Set(),       // id of the run on screen, columns that are writing
  draftLacksImages: false,          // they are too large for the browser to keep
  front: 0,                         // the column a phone shows
  closed: [], closed_why: "",       // actions that are the owner's of this machine, and why they are shut here
};

const listeners = [];
/**
 * Calls `fn` with what has changed; see `changed`.
 * @param {(what: Changed) => void} fn
 */
export const onChange = (fn) => listeners.push(fn);

/**
 * Tells everybody, keeps the draft and asks what the server says of it.
 * @param {Changed} what
 */
export function changed(what) {
  for (const fn of listeners) fn(what);
  saveDraft();
  askPreview();
}

/**
 * Asks Python for an action.
 * @param {string} action
 * @param {object} payload what the action reads
 * @returns {Promise<object>} `Update` of ui/update.py
 */
export async function call(action, payload = {}) {
  let reply;
  try {
    // Only a run needs the images.
    const form = payload.form && { ...payload.form, images: [] };
    reply = await page.server.call(JSON.stringify({ action, ...payload, ...(form ? { form } : {}) }));
  } catch (error) {
    reply = null;
  }
  if (reply === null || reply === undefined || typeof reply !== "string")
    return { alert: { message: "The program did not answer.", hint: "Look at the terminal where it runs, then reload this page." } };
  return JSON.parse(reply);
}

export function takeDraft() {
  try { return JSON.parse(localStorage.getItem(DRAFT)); } catch { return null; }
}

function keepDraft() {
  if (!page.form?.prompt) return;
  const { form, run } = page;
  const put = (kept) => { try { localStorage.setItem(DRAFT, JSON.stringify({ form: kept, run })); return true; } catch { return false; /* full or forbidden: the draft is a comfort */ } };
  const whole = (form.images ?? []).reduce((sum, image) => sum + image.length, 0) <= ROOM && put(form);
  if (!whole) put({ ...form, images: [] });
  const lacks = !whole && Boolean(form.images?.length);
  if (lacks !== page.draftLacksImages) { page.draftLacksImages = lacks; document.dispatchEvent(new Event("draft")); }
}
const saveDraft = debounce(300, keepDraft);
addEventListener("pagehide", keepDraft);

let asked = 0;
export const previewListeners = [];
export const askPreview = debounce(180, async () => {
  const mine = ++asked;
  const reply = await call("preview", { form: page.form });
  if (mine !== asked) return;  // somebody typed on
  page.preview = reply.preview ?? { problems: [{ message: reply.alert?.message ?? "", hint: reply.alert?.hint ?? "", column: null, turn: null }], variables: [] };
  for (const fn of previewListeners) fn(page.preview);
});

/**
 * Shows so many columns; those beyond keep their settings.
 * @param {number} count
 */
export function setColumns(count) {
  const { columns } = page.form;
  while (columns.length > count) page.spare.unshift(columns.pop());
  while (columns.length < count) columns.push(page.spare.shift() ?? structuredClone(columns[columns.length - 1]));
  page.front = Math.min(page.front, count - 1);
  changed("columns");
}
