// The cases of a prompt: rows of values to try it with, chosen one at a time and kept from what is on screen.

import { say } from "./columns.js";
import { h, icon, keepPlace } from "./dom.js";
import { changed, onChange, page } from "./store.js";

let box, fill, chosen = null;  // the case whose values were filled in last

// `onFill` shows new values in the fields.
export function mountCases(root, onFill) {
  box = root;
  fill = onFill;
  onChange((what) => { if (what === "all") { chosen = null; box.replaceChildren(); } });
}

const cases = () => page.form.prompt.cases ??= [];
const equal = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
const shows = (row) => Object.entries(row).every(([name, value]) => equal(value, page.form.values[name]));

function example() {
  const pairs = page.form.prompt.inputs.map((input) => [input.name, input.example ?? input.default]);
  return structuredClone(Object.fromEntries(pairs.filter(([, value]) => value !== null && value !== undefined)));
}

// Names that the cases have and the prompt has not: they are for the checks.
export const caseNames = () => [...new Set(cases().flatMap((row) => Object.keys(row)))];

function use(number) {
  chosen = number;
  // A case that leaves a variable out takes the example for it.
  page.form.values = { ...example(), ...(number === null ? {} : structuredClone(cases()[number])) };
  fill();
  changed("values");
  drawCases();
  say(title());
}

function title() {
  const rows = cases();
  if (chosen === null || !rows[chosen]) chosen = null;
  if (chosen === null) { const found = rows.findIndex(shows); if (found >= 0) chosen = found; }
  if (chosen !== null) return `Case ${chosen + 1} of ${rows.length}`;
  const count = `${rows.length} case${rows.length === 1 ? "" : "s"}`;
  return `${shows(example()) ? "Example" : "Own values"}, ${count}`;
}

function keep() {
  const rows = cases();
  const names = new Set([...page.preview?.variables ?? [], ...page.preview?.asked_by_checks ?? [], ...caseNames()]);
  const row = structuredClone(Object.fromEntries(Object.entries(page.form.values).filter(([name]) => names.has(name))));
  const same = rows.findIndex((other) => equal(other, row));
  chosen = same < 0 ? rows.push(row) - 1 : same;
  drawCases();
  say(same < 0 ? `Kept as case ${rows.length}` : `These values are case ${same + 1} already`);
  changed("cases");
}

function drop() {
  cases().splice(chosen, 1);
  say(`Case ${chosen + 1} removed`);
  chosen = null;
  drawCases();
  changed("cases");
}

export function drawCases() {
  const rows = cases(), name = title();
  const edited = chosen !== null && !shows(rows[chosen]);
  const step = (label, symbol, to) => h("button", { class: "btn quiet icon", title: label, "aria-label": label, disabled: to < 0 || to >= rows.length, onclick: () => use(to) }, icon(symbol));
  keepPlace(box, () => box.replaceChildren(...(rows.length ? [
    step("Previous case", "left", chosen === null ? -1 : chosen - 1),
    h("span", { class: "num at" }, name, edited ? h("span", { class: "hint" }, ", edited") : ""),
    step("Next case", "right", chosen === null ? 0 : chosen + 1),
    h("button", { class: "btn quiet small", title: "Fill in the example of each variable", disabled: chosen === null && shows(example()), onclick: () => use(null) }, "Example"),
    h("button", { class: "btn quiet icon", title: "Remove this case", "aria-label": "Remove this case", disabled: chosen === null, onclick: drop }, icon("trash"))] : [])));
  box.hidden = !rows.length;
}

export const keepButton = () => h("button", { class: "btn quiet small", title: "Add the values on screen to the prompt's cases", onclick: keep }, icon("plus"), "Keep these values as a case");
