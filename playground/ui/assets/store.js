// What the page knows: the form as Python reads it, the fixed lists it was given, and the run on screen.
//
//   page.form = {open, prompt, prompt_id, version, origin, values, columns: [{model, preset, sampling, own, turns}], images, spare}

import { debounce } from "./dom.js";
import { language } from "./language.js";

/** @typedef {"turns" | "values" | "columns" | "sampling" | "checks" | "cases" | "images" | "title" | "name" | "half" | "experiment" | "all"} Changed */
/** @typedef {{role: string, template: string}} Turn */
/** @typedef {{name: string, kind: string, default: any, example: any, choices: string[], fields: Input[]}} Input */
/** @typedef {{temperature: number, top_p: number, seed: number | null, max_tokens: number, stop: string[]}} Sampling */

/** What is said when nothing came back. */
export const AWAY = "The program did not answer.";

export const page = {
  server: null, trigger: null,      // set by the bridge component
  most: 0,                          // columns beside each other, told by the bridge component
  models: [], presets: {}, scorers: [], terms: {}, words: {},
  form: null,
  preview: null,                    // last answer of the server to what is typed
  run: null, busy: new Set(),       // id of the run on screen, columns that are writing
  draftLacksImages: false,          // they could not be kept
  experiment: "",                   // what the Experiments tab shows: the list, "setup", or an experiment's id
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
 * Tells everybody, who keeps the draft too, and asks what the server says of it.
 * @param {Changed} what
 */
export function changed(what) {
  for (const fn of listeners) fn(what);
  if (what === "half" || what === "experiment") return;
  changes++;
  askPreview();
}

/**
 * Asks Python for an action.
 * @param {string} action
 * @param {object} payload what the action reads
 * @returns {Promise<object>} `Update` of ui/update.py, and which action was `asked` for
 */
export async function call(action, payload = {}) {
  let reply;
  try {
    // Only a run needs the images.
    const form = payload.form && { ...payload.form, images: [] };
    const sent = { action, lang: language(), ...payload, ...(form ? { form } : {}) };
    reply = await page.server.call(JSON.stringify(sent));
  } catch (error) {
    reply = null;
  }
  if (reply === null || reply === undefined || typeof reply !== "string")
    return { asked: action, alert: { message: AWAY, hint: "Look at the terminal where it runs, then reload this page." } };
  return { asked: action, ...JSON.parse(reply) };
}

/**
 * Asks for an action with what is open in Compare.
 * @param {string} action
 * @param {object} args
 * @returns {Promise<object>} `Update` of ui/update.py
 */
export const callWithForm = (action, args) =>
  call(action, { ...args, previous: page.previous ?? null, form: page.form, run: page.run });

let asked = 0, changes = 0;
export const previewListeners = [];
export const askPreview = debounce(180, async () => {
  const mine = ++asked, before = changes;
  const reply = await call("preview", { form: page.form });
  if (mine !== asked) return;  // somebody typed on
  page.preview = reply.preview ?? { problems: [{ message: reply.alert?.message ?? "", hint: reply.alert?.hint ?? "", column: null, turn: null }], variables: [] };
  page.preview.is_old = changes !== before;  // the next one is asked for soon
  for (const fn of previewListeners) fn(page.preview);
});

/**
 * Shows so many columns; those beyond keep their settings.
 * @param {number} count
 */
export function setColumns(count) {
  const { columns, spare } = page.form;
  while (columns.length > count) spare.unshift(columns.pop());
  while (columns.length < count) columns.push(spare.shift() ?? structuredClone(columns[columns.length - 1]));
  page.front = Math.min(page.front, count - 1);
  changed("columns");
}
