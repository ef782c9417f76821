// The prompt of a column's own: folded to one line under the head, and open a list of turns that scrolls.

import { toast } from "./alerts.js";
import { setFolded } from "./divider.js";
import { $, h, icon, keepFocus } from "./dom.js";
import { setValue, valueOf, WORDS } from "./settings.js";
import { changed, onChange, page, previewListeners, setColumns } from "./store.js";
import { turnBlock } from "./turns.js";

const unfolded = new Set(); // columns whose own prompt is open
let of = ""; // the draft that was drawn last
const asChosen = new Map(); // by source: its turns before anybody edited them

const keyOf = ({ pattern, prompt_id: id, number }) => `${pattern}|${id}|${number}`;
const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/**
 * Draws the own prompt of a column, or nothing where it has the shared one.
 * @param {number} i
 */
export function drawOwn(i) {
  const column = page.form.columns[i];
  const box = $(`#col${i} .own`);
  box.hidden = !column.own;
  if (column.own) keepFocus(box, () => fill(box, i, column));
  else box.replaceChildren();
}

function fill(box, i, column) {
  const open = unfolded.has(i);
  box.classList.toggle("folded", !open);
  const turns = h("div", { class: "own-turns", role: "group", "aria-label": `Text of column ${i + 1}`, hidden: !open });
  drawTurns(turns, i, column);
  box.replaceChildren(line(box, i, column, open), turns);
}

function drawTurns(box, i, column) {
  const redraw = () => drawTurns(box, i, column);
  const add = () => {
    column.turns.push({ role: column.turns.at(-1)?.role === "user" ? "assistant" : "user", template: "" });
    redraw();
    changed("turns");
    $(`[data-turn="${column.turns.length - 1}"] textarea`, box).focus();
  };
  box.replaceChildren(
    ...column.turns.map((turn, n) =>
      turnBlock(column.turns, turn, n, { onStructure: redraw, label: `Column ${i + 1}, ` }),
    ),
    h("div", { class: "own-add" }, h("button", { class: "btn quiet small", onclick: add }, icon("plus"), "Add turn")),
  );
}

function line(box, i, column, open) {
  const words = column.turns.map((turn) => turn.template.trim().split("\n")[0]).filter(Boolean);
  const count = `${column.turns.length} turn${column.turns.length === 1 ? "" : "s"}`;
  const turn = (wanted) => {
    if (wanted) unfolded.add(i);
    else unfolded.delete(i);
    keepFocus(box, () => fill(box, i, column));
  };
  const fold = h(
    "button",
    {
      class: "bare fold-own grow",
      "data-fold": i,
      "aria-expanded": String(open),
      "aria-label": `${open ? "Fold" : "Show"} the text of column ${i + 1}`,
      title: open ? "Fold to one line" : "Show and edit",
      onclick: () => turn(!open),
    },
    icon(open ? "arrow-down" : "right"),
    h("span", { class: "one mono" }, words.join(" ⏎ ") || "empty"),
    h("span", { class: "hint" }, count),
    h("span", { class: "bad trouble" }),
  );
  const save = h(
    "button",
    {
      class: "btn quiet small",
      "data-act": "save_own",
      "data-column": i,
      title: "Save as a version, a variant or a new prompt",
      "aria-label": `Save the text of column ${i + 1}`,
    },
    icon("save"),
    "Save",
  );
  return h("div", { class: "own-line" }, fold, asked(i, column), save);
}

// What sampling a pattern states is offered: one that changed unseen would make another comparison.
function asked(i, column) {
  const wanted = Object.entries(column.asks ?? {}).filter(([key, value]) => !same(valueOf(column, key), value));
  if (!wanted.length) return "";
  const words = wanted.map(([key, value]) => WORDS[key](value)).join(", ");
  const use = () => {
    for (const [key, value] of wanted) setValue(i, key, value);
    changed("sampling");
  };
  return h(
    "button",
    { class: "btn quiet small", title: `This prompt states ${words}. Press to use it here.`, onclick: use },
    `Use its ${words}`,
  );
}

/** Folds all of them, so that the answers have the room. */
export function foldOwn() {
  if (!unfolded.size) return;
  unfolded.clear();
  page.form.columns.forEach((_, i) => drawOwn(i));
}

/**
 * Opens the prompt of a column for writing; one that has the shared one begins with its text.
 * @param {number} i
 * @param {number} turn which turn has the focus
 */
export function writeOwn(i, turn = 0) {
  const column = page.form.columns[i];
  if (!column.own && !column.turns.length) {
    column.turns = structuredClone(page.form.prompt.turns);
    column.source = null;
  }
  column.own = true;
  unfolded.add(i);
  changed("columns");
  $(`#col${i} .own [data-turn="${turn}"] textarea`)?.focus();
}

/**
 * A column has the shared prompt again; its own text stays for the next time.
 * @param {number} i
 */
export function shareAgain(i) {
  page.form.columns[i].own = false;
  changed("columns");
}

/**
 * A column takes a prompt: a pattern, a version, or what a column of a run had.
 * @param {object} into `Into` of ui/update.py
 */
export function takePrompt({ column: i, turns, inputs, output_schema, source, asks, technique, values }) {
  if (i >= page.form.columns.length) setColumns(i + 1);
  const column = page.form.columns[i];
  Object.assign(column, { own: true, turns, inputs, output_schema, source, asks });
  if (technique) column.technique = technique;
  if (source && !source.edited) asChosen.set(keyOf(source), JSON.stringify(turns));
  const filled = Object.keys(values).filter((name) => isEmpty(page.form.values[name]));
  for (const name of filled) page.form.values[name] = values[name];
  unfolded.delete(i);
  page.front = i;
  changed("columns");
  if (filled.length) toast(`Filled with the example of ${source?.name ?? "that prompt"}: ${filled.join(", ")}`);
}

/**
 * An answer becomes a turn, and an empty turn after it waits for what comes next: in its column alone, or in all, which
 * then share its conversation.
 * @param {{column: number, template: string, everywhere: boolean}} answered the answer as a template
 */
export function goOn({ column: i, template, everywhere }) {
  const { columns, prompt } = page.form;
  const column = columns[i];
  const turns = structuredClone(column.own ? column.turns : prompt.turns);
  // A beginning that the model went on from is a part of its answer.
  if (turns.at(-1)?.role === "assistant") turns.at(-1).template += template;
  else turns.push({ role: "assistant", template });
  turns.push({ role: "user", template: "" });
  if (everywhere) {
    shareConversation(column, turns);
    return;
  }
  if (!column.own) Object.assign(column, { own: true, source: null });
  if (column.source) column.source.edited = true;
  column.turns = turns;
  writeOwn(i, turns.length - 1);
}

function shareConversation(column, turns) {
  const { columns, prompt } = page.form;
  const known = new Set(prompt.inputs.map((input) => input.name));
  if (column.own) prompt.inputs.push(...(column.inputs ?? []).filter((input) => !known.has(input.name)));
  prompt.turns = turns;
  const others = columns.filter((one) => one.own).length;
  for (const one of columns) one.own = false;
  changed("all");
  if (others) toast("All columns share this conversation now; a text of their own is still there to choose");
  setFolded(false);
  $(`.editor [data-turn="${turns.length - 1}"] textarea`)?.focus();
}

const isEmpty = (value) => value === undefined || value === null || value === "" || same(value, []);

function noteEdits() {
  for (const { own, source, turns } of page.form.columns) {
    const before = own && source ? asChosen.get(keyOf(source)) : undefined;
    if (before !== undefined) source.edited = before !== JSON.stringify(turns);
    else if (own && source) source.edited = true;
  }
}

onChange((what) => {
  if (what === "turns") noteEdits();
  if (what !== "all") return;
  if (of !== page.form.open?.draft) unfolded.clear(); // undone or done again, it stays as it is
  of = page.form.open?.draft;
  for (const { source, turns } of page.form.columns)
    if (source && !source.edited) asChosen.set(keyOf(source), JSON.stringify(turns));
});

// Folded, the line says that there is something wrong inside.
previewListeners.push(({ problems }) => {
  page.form.columns.forEach((_, i) => {
    const place = $(`#col${i} .own .trouble`);
    const mine = problems.filter((problem) => problem.column === i);
    if (place) place.textContent = mine.length && !unfolded.has(i) ? mine[0].message : "";
  });
});
