// The cases of a prompt: rows of values to try it with, filled in by one click and kept from what is on screen.

import { say, showAlert, toast } from "./alerts.js";
import { drawGrid, forgetGrid, MOST } from "./cases_grid.js";
import { drawRunOver, onResults, openResult, resultOf, shownResults } from "./cases_run.js";
import { $, h, icon, keepPlace } from "./dom.js";
import { base64 } from "./images.js";
import { call, changed, onChange, page } from "./store.js";
import { removed } from "./undo.js";
import { onceLeft } from "./waiting.js";

const BYTES = 2_000_000;

let box,
  grid,
  foot,
  fill,
  chosen = null; // the case whose values were filled in last

/**
 * Puts the cases of the prompt into an element.
 * @param {HTMLElement} root
 * @param {() => void} onFill shows new values in the fields
 */
export function mountCases(root, onFill) {
  box = root;
  grid = h("div", { class: "case-grid" });
  foot = h("div", { class: "case-foot" });
  box.replaceChildren(grid, foot);
  fill = onFill;
  onResults(() => page.form && drawCases());
  onChange((what) => {
    if (what === "all") {
      chosen = null;
      forgetGrid();
      grid.replaceChildren();
    }
  });
}

const cases = () => (page.form.prompt.cases ??= []);
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
  if (chosen === null) {
    const found = rows.findIndex((row) => Object.keys(row).length && shows(row));
    if (found >= 0) chosen = found;
  }
  if (chosen !== null) return `Case ${chosen + 1} of ${rows.length}`;
  const count = `${rows.length} case${rows.length === 1 ? "" : "s"}`;
  return `${shows(example()) ? "Example" : "Own values"}, ${count}`;
}

function keep() {
  const rows = cases();
  const names = new Set([...(page.preview?.variables ?? []), ...(page.preview?.asked_by_checks ?? []), ...caseNames()]);
  const row = structuredClone(Object.fromEntries(Object.entries(page.form.values).filter(([name]) => names.has(name))));
  const same = rows.findIndex((other) => equal(other, row));
  chosen = same < 0 ? rows.push(row) - 1 : same;
  drawCases();
  say(same < 0 ? `Kept as case ${rows.length}` : `These values are case ${same + 1} already`);
  changed("cases");
}

function drop(number) {
  cases().splice(number, 1);
  if (chosen !== null && chosen >= number) chosen = chosen === number ? null : chosen - 1;
  drawCases();
  const next = Math.min(number, cases().length - 1);
  (next < 0 ? $(".keep-case") : $(`tr[data-row="${next}"] .drop`, grid))?.focus();
  changed("cases");
  removed(`Case ${number + 1}`);
}

// A new row is empty: what it leaves out is taken from the example.
function add() {
  const rows = cases();
  if (rows.length >= MOST) return toast(`A prompt has at most ${MOST.toLocaleString("en")} cases`, null, false);
  rows.push({});
  drawCases();
  changed("cases");
  $(`tr[data-row="${rows.length - 1}"] textarea`, grid)?.focus();
}

// The fields show a case while they show its values: what is typed into it is typed there too.
function edit(number, values) {
  const row = cases()[number];
  const isShown = chosen === number && shows(row);
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete row[name];
    else row[name] = value;
  }
  if (isShown) {
    page.form.values = { ...page.form.values, ...structuredClone(row) };
    fill();
  }
}

function paste(number, found) {
  const rows = cases();
  while (rows.length < number + found.length) rows.push({});
  found.forEach((values, i) => edit(number + i, values));
  drawCases();
  changed("cases");
}

// --- cases of a file ----------------------------------------------------------------------------------------

/**
 * Adds the cases of a file to the prompt on screen, or says why not.
 * @param {File} file
 * @returns {Promise<void>}
 */
export async function takeCases(file) {
  const { prompt } = page.form;
  const content = await contentOf(file);
  if (content.alert) return showAlert(content.alert);
  const reply = await call("read_cases", { name: file.name, ...content, taken: page.preview?.variables ?? [] });
  if (reply.alert) return showAlert(reply.alert);
  if (page.form.prompt !== prompt)
    return showAlert({
      message: `${file.name} was not imported.`,
      hint: "Another prompt came onto the screen meanwhile. Choose the file again.",
    });
  append(file.name, reply.imported);
}

// The text of a file, its bytes where it is in another charset than UTF-8, or an alert.
async function contentOf(file) {
  const refused = (message, hint) => ({ alert: { message: `${file.name}${message}`, hint } });
  if (file.size > BYTES)
    return refused(` is larger than ${BYTES.toLocaleString("en")} bytes.`, "Split it and import the parts.");
  let bytes;
  try {
    bytes = await file.arrayBuffer();
  } catch {
    return refused(" cannot be read.", "Check that it is still there and may be read.");
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return { text };
  } catch {
    /* another charset: told there */
  }
  return { data: await base64(file) };
}

function append(name, { cases: found, checks, losses }) {
  const rows = cases(),
    sign = (row) => JSON.stringify(sorted(row)),
    known = new Set(rows.map(sign));
  const fresh = found.filter((row) => !known.has(sign(row)));
  const added = fresh.slice(0, Math.max(0, MOST - rows.length));
  const missing = checks.filter((check) => !page.form.prompt.checks.some((other) => signOf(other) === signOf(check)));
  const left = [...losses];
  if (found.length > fresh.length)
    left.unshift(`${count(found.length - fresh.length, "case")} that the prompt has already`);
  if (fresh.length > added.length)
    left.unshift(`${count(fresh.length - added.length, "case")}: a prompt has at most ${MOST.toLocaleString("en")}`);
  rows.push(...added);
  page.form.prompt.checks.push(...missing);
  const checked = missing.length ? ` and ${count(missing.length, "check")}` : "";
  const done = `${count(added.length, "case")}${checked} added from ${name}`;
  drawCases();
  changed("checks");
  if (!left.length) return toast(done);
  say(done);
  showAlert({
    message: `${done}. Not taken over:`,
    hint: `${left.slice(0, 6).join("; ")}${left.length > 6 ? `; and ${left.length - 6} more` : ""}.`,
  });
}

const sorted = (row) => Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));
const count = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

// Two checks are the same when an option that one leaves out has its default in the other.
function signOf({ scorer, options, negate, weight }) {
  const known = page.scorers.find((row) => row.name === scorer)?.options ?? [];
  const all = { ...Object.fromEntries(known.map((option) => [option.name, option.default])), ...options };
  return JSON.stringify([scorer, sorted(all), Boolean(negate), weight ?? 1]);
}

export function importButton() {
  const file = h("input", {
    type: "file",
    hidden: true,
    accept: ".csv,.tsv,.xlsx,.parquet,.jsonl,.json,.yaml,.yml",
    "aria-label": "File of cases",
    onchange: async () => {
      const [chosen] = file.files;
      if (chosen) await takeCases(chosen);
      file.value = "";
    },
  });
  return [
    file,
    h(
      "button",
      {
        class: "btn quiet small",
        title: "A table (.csv, .tsv, .xlsx, .parquet, also promptfoo's), or one object a case (.jsonl, .json, .yaml)",
        onclick: () => file.click(),
      },
      icon("upload"),
      "Import cases",
    ),
  ];
}

/** The way from here to an experiment. */
export const overButton = () =>
  h(
    "button",
    {
      class: "btn quiet small",
      "data-act": "experiment_from_compare",
      title: "The columns become variants of an experiment",
    },
    icon("rows"),
    "Run over a data set",
  );

export function drawCases() {
  const rows = cases(),
    name = title();
  box.hidden = !rows.length;
  if (!rows.length) return;
  const edited = chosen !== null && !shows(rows[chosen]);
  drawGrid(grid, {
    rows,
    chosen,
    models: shownResults(),
    use,
    drop,
    paste,
    edit: (number, key, value) => {
      edit(number, { [key]: value });
      changed("cases");
      drawCases();
    },
    result: (number, column) => resultOf(rows[number], column),
    open: (number, column) => openResult(rows[number], column),
  });
  onceLeft(foot, () => keepPlace(foot, () =>
    foot.replaceChildren(
      h("span", { class: "num at" }, name, edited ? h("span", { class: "hint" }, ", edited") : ""),
      h(
        "button",
        { class: "btn quiet small", title: "An empty row; paste cells of a spreadsheet into it", onclick: add },
        icon("plus"),
        "Add case",
      ),
      h(
        "button",
        {
          class: "btn quiet small",
          title: "Fill in the example of each variable",
          disabled: chosen === null && shows(example()),
          onclick: () => use(null),
        },
        "Example",
      ),
      drawRunOver(rows.length),
    ),
  ));
}

export const keepButton = () =>
  h(
    "button",
    { class: "btn quiet small keep-case", title: "Add the values on screen to the prompt's cases", onclick: keep },
    icon("plus"),
    "Keep as a case",
  );
