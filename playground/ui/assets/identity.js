// What is open, and whether it is still what was opened: signs of the form's parts, compared with those kept in it.
//
//   form.open = {key: "prompt:3f…", draft: "k3…", latest: 2, prompt: "1x…", rest: "9a…", ran: ["p.v.s.m.c", …]}

import { page } from "./store.js";

const PARTS = ["prompt", "values", "sampling", "model", "checks", "technique"]; // of a column's sign, in its order

/**
 * A short random name.
 * @returns {string}
 */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (n) => (n % 36).toString(36)).join("");
}

const inOrder = (_, value) =>
  value && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

// A 53 bit hash: enough to tell a change, and quick for a text of any length.
function digest(value) {
  const text = JSON.stringify(value, inOrder);
  let a = 0xdeadbeef,
    b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
}

const isEmpty = (value) => value === null || value === undefined || value === "" || value?.length === 0;
const given = (values) => Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => !isEmpty(value)));
const inShort = (images) => (images ?? []).map((image) => [image.length, image.slice(-200)]);

/** A sign of what a version would keep: the prompt, and the sampling of its columns. */
const promptSign = (form) =>
  digest([signed(form.prompt), [...new Set(form.columns.map((c) => digest(c.sampling ?? null)))]]);

// A prompt without a technique has the sign that it had before prompts could name one.
const signed = ({ run_with: by, ...rest }) => (by ? { ...rest, run_with: by } : rest);

/** A sign of what is chosen beside the prompt: values, images, own prompts, techniques that it does not name. */
function restSign(form) {
  const own = [...form.columns, ...(form.spare ?? [])].filter((column) => column.own).map((column) => column.turns);
  const named = JSON.stringify(form.prompt.run_with ?? null, inOrder);
  const by = form.columns.map((column) => column.technique ?? null);
  const chosen = by.some((each) => JSON.stringify(each, inOrder) !== named) ? [by] : [];
  return digest([given(form.values), inShort(form.images), own, form.same_text ?? "", ...chosen]);
}

/**
 * Both, to tell one state of a form from another.
 * @param {object} form
 * @returns {string}
 */
export const signOf = (form) => `${promptSign(form)}.${restSign(form)}`;

/**
 * Whether the prompt is another one than was opened or saved.
 * @param {object} form
 * @returns {boolean}
 */
export const isPromptEdited = (form) => promptSign(form) !== form.open.prompt;

/**
 * Whether anything is typed that is not kept elsewhere.
 * @param {object} form
 * @returns {boolean}
 */
export const isEdited = (form) => isPromptEdited(form) || restSign(form) !== form.open.rest;

/**
 * A form that came to the page says what it is of; what was opened just now is what it is compared with from now on.
 * @param {object} form
 * @param {string | null | undefined} run the run that came with it
 */
export function adopt(form, run) {
  const open = (form.open ??= {});
  form.spare ??= [];
  if (!open.key) {
    // Kept by an earlier program: what it was opened as is not known, so nothing of it may be lost.
    open.key = form.prompt_id ? `prompt:${form.prompt_id}` : form.origin ? `pattern:${form.origin}` : `new:${newId()}`;
    open.prompt = open.rest = "unknown";
  }
  open.draft ||= newId();
  open.prompt ||= promptSign(form);
  open.rest ||= restSign(form);
  if (run && !open.ran?.length) open.ran = columnSigns(form);
}

/**
 * What is on screen has been saved: it is what later changes are compared with.
 * @param {object} form
 */
export function settle(form) {
  form.open.key = `prompt:${form.prompt_id}`;
  form.open.latest = Math.max(form.open.latest ?? 0, form.version);
  form.open.prompt = promptSign(form);
}

/**
 * What a person knows the form by.
 * @param {object} form
 * @returns {string}
 */
export function nameOf(form) {
  const texts = [form.prompt, ...form.columns.filter((column) => column.own)].flatMap((part) => part.turns ?? []);
  const words = texts.map((turn) => turn.template.slice(0, 500).trim().replace(/\s+/g, " ")).find(Boolean) ?? "";
  const short = words.length > 40 ? `${words.slice(0, 39)}…` : words;
  return form.prompt.name || short || "Untitled prompt";
}

// --- what an answer was run with ---------------------------------------------------------------------------------

const textSign = ({ turns, inputs, output_schema }) => digest([turns, inputs ?? [], output_schema ?? null]);

/**
 * A sign of each column: what its next answer would be run with.
 * @param {object} form
 * @returns {string[]}
 */
export function columnSigns(form) {
  const { prompt } = form;
  const values = digest([given(form.values), inShort(form.images)]);
  const checks = digest(prompt.checks ?? []);
  return form.columns.map((column) =>
    [
      textSign(column.own ? column : prompt),
      values,
      digest([column.sampling ?? null, Boolean(column.thinking), form.same_text ?? ""]),
      digest(column.model),
      checks,
      digest(column.technique ?? null),
    ].join("."),
  );
}

/**
 * What has changed since a column was run, in words; nothing when it would be run alike.
 * @param {string | undefined} sign the column now
 * @param {number} i
 * @returns {string}
 */
export function changedSince(sign, i) {
  const ran = page.form.open?.ran?.[i];
  if (!page.run || !ran || !sign) return "";
  const then = ran.split("."),
    now = sign.split(".");
  const parts = PARTS.filter((_, n) => n < then.length && then[n] !== now[n]); // an earlier program signed fewer
  if (!parts.length) return "";
  return `changed since: ${parts.join(", ")}`;
}
