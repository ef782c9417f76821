// What the page knows: the form as Python reads it, the fixed lists it was given, and the run on screen.
//
//   page.form = {prompt, prompt_id, version, origin, values, columns: [{model, preset, sampling, own, turns}]}

import { debounce } from "./dom.js";

const DRAFT = "playground.draft";

export const page = {
  server: null, trigger: null,      // set by the bridge component
  models: [], presets: {}, scorers: [],
  form: null, spare: [],            // columns beyond the chosen count keep their settings
  preview: null,                    // last answer of the server to what is typed
  run: null, busy: new Set(),       // id of the run on screen, columns that are writing
  streams: new Set(),               // runs under way whose updates this page still wants
  left: new Set(),                  // runs that were left before they told their id
  front: 0,                         // the column a phone shows
};

const listeners = [];
export const onChange = (fn) => listeners.push(fn);

// `what` is "turns", "values", "columns", "checks", "name" or "all".
export function changed(what) {
  for (const fn of listeners) fn(what);
  saveDraft();
  askPreview();
}

export async function call(action, payload = {}) {
  let reply;
  try {
    reply = await page.server.call(JSON.stringify({ action, ...payload }));
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
  try { localStorage.setItem(DRAFT, JSON.stringify({ form: page.form, run: page.run })); } catch { /* full or forbidden: the draft is a comfort */ }
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

export function setColumns(count) {
  const { columns } = page.form;
  while (columns.length > count) page.spare.unshift(columns.pop());
  while (columns.length < count) columns.push(page.spare.shift() ?? structuredClone(columns[columns.length - 1]));
  page.front = Math.min(page.front, count - 1);
  changed("columns");
}
