// A variable that goes from the text while another one comes has been renamed, or so it seems: what it had is offered.

import { declared } from "./declare.js";
import { h, icon } from "./dom.js";
import { changed, onChange, page, previewListeners } from "./store.js";

let before = [];
const gone = [], // names that had something and are used no more, the last one at the end
  offers = new Map(); // the name that one was given, it seems, by the new one: {old, element}

const isEmpty = (value) => value === null || value === undefined || value === "" || value?.length === 0;
const hasSomething = (name) => !isEmpty(page.form.values[name]) || Boolean(declared(name));

onChange((what) => {
  if (what !== "all") return;
  before = [];
  gone.length = 0;
  offers.clear();
});

/**
 * Notices which names went and which came.
 * @param {object} preview the server's answer to what is typed
 */
export function noticeNames(preview) {
  const names = preview.variables ?? [];
  // What cannot be read yet names nothing.
  if (!names.length && preview.problems?.length) return;
  const still = [...names, ...(preview.asked_by_checks ?? [])];
  for (const name of before) if (!names.includes(name) && hasSomething(name) && !gone.includes(name)) gone.push(name);
  for (const name of [...gone]) if (names.includes(name) || !hasSomething(name)) gone.splice(gone.indexOf(name), 1);
  const came = names.filter((name) => before.length && !before.includes(name) && !hasSomething(name));
  for (const [name, { old }] of offers)
    if (!still.includes(name) || hasSomething(name) || !gone.includes(old)) offers.delete(name);
  const old = gone.at(-1);
  if (came.length === 1 && old) offers.set(came[0], { old, element: offer(came[0], old) });
  before = names;
}

/**
 * What is offered at a variable's field.
 * @param {string} name
 * @returns {HTMLElement[]}
 */
export const offerFor = (name) => (offers.has(name) ? [offers.get(name).element] : []);

function offer(name, old) {
  const words = `Take over what ${old} had`;
  const title = `${old} is used no more: its value, type and cases become those of ${name}`;
  return h(
    "div",
    { class: "var offer" },
    h("button", { class: "btn quiet small", title, onclick: () => carry(old, name) }, icon("redo"), words),
  );
}

function carry(old, name) {
  const { prompt, values, sources } = page.form;
  const move = (row) => {
    if (!row || !(old in row)) return;
    row[name] = row[old];
    delete row[old];
  };
  const input = declared(old);
  if (input) {
    prompt.inputs = prompt.inputs.filter((other) => other.name !== name);
    input.name = name;
  }
  for (const row of [values, sources, ...(prompt.cases ?? [])]) move(row);
  const asked = new RegExp(`(\\{\\{-?\\s*)${old}(?![\\w])`, "g");
  const renamed = (part) =>
    typeof part === "string"
      ? part.replace(asked, `$1${name}`)
      : Array.isArray(part)
        ? part.map(renamed)
        : part;
  for (const check of prompt.checks ?? [])
    check.options = Object.fromEntries(Object.entries(check.options).map(([key, part]) => [key, renamed(part)]));
  const { preview } = page;
  changed("all");
  if (preview) for (const fn of previewListeners) fn(preview);
  document.getElementById(`v-${name}`)?.focus();
}
