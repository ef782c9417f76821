// A data set on screen: its head, the filter, the grid, the row beside it, and the bar of edits that are not saved.

import { onAct, send } from "./actions.js";
import { say, showAlert, toast } from "./alerts.js";
import { halfTyped } from "./data_cell.js";
import { openColumn } from "./data_column.js";
import { addRow, mountEdits } from "./data_edits.js";
import { drawFilters, mountFilters, showFind } from "./data_filters.js";
import { mountGrid, turnPage, walk } from "./data_grid.js";
import { mountRow } from "./data_row.js";
import { ask, draftOf, edit, isOld, keepDraft, onSheet, redo, sheet, take, told, undo } from "./data_state.js";
import { $, h, icon } from "./dom.js";
import { openPop } from "./pop.js";
import { call, page } from "./store.js";
import { showTab } from "./tabs.js";
import { notePlace } from "./places.js";
import { apply } from "./updates.js";

let root, bar, footer, windowLine;

/** Puts the page of one data set into its place, once. */
export function mountSheet() {
  root = $("#data-sheet");
  if (root.firstChild) return;
  bar = h("div", { class: "bar data-bar" });
  footer = h("div", { class: "data-foot" });
  windowLine = h("span", { class: "hint num", id: "sheet-window" });
  const tools = h("div", { class: "data-tools" }),
    rows = h("div", { class: "sheet-grid" }),
    pane = h("section", { class: "sheet-row", "aria-label": "Chosen row", hidden: true });
  root.replaceChildren(bar, tools, h("div", { class: "sheet-body" }, rows, pane), footer);
  mountFilters(root, tools);
  mountEdits(rows, mountGrid(rows, windowLine));
  mountRow(pane, toCompare);
  rows.addEventListener("click", (e) => {
    const head = e.target.closest("[data-column].column");
    if (head) openColumn(head, head.dataset.column);
  });
}

onSheet((what) => {
  if (!root) return;
  if (what === "open") {
    drawBar();
    drawFooter();
    restoreTyped();
  }
  if (["open", "rows", "window", "facts"].includes(what)) drawFilters();
  if (["edit", "window"].includes(what)) drawFooter();
  if (what === "edit" && sheet.columns.some(({ name }) => !sheet.facts[name]) && factsFor !== signOf()) askFacts();
  if (["open", "rows", "row"].includes(what)) notePlace();
});

// What was typed into a cell when the page went is a step of the draft now.
async function restoreTyped() {
  const cell = halfTyped();
  if (!cell) return;
  const refused = await edit({ cells: [cell] });
  if (refused) showAlert(refused);
  else toast(`${cell[1]} of row ${cell[0]} was being typed: it is kept`);
}

function drawBar() {
  const count = (sheet.count ?? 0).toLocaleString("en");
  const columns = `${sheet.columns.length} column${sheet.columns.length === 1 ? "" : "s"}`;
  const act = (symbol, label, name, kind = "quiet") =>
    h(
      "button",
      { class: `btn ${kind}`, "data-act": name, title: label, "aria-label": label },
      icon(symbol),
      h("span", { class: "word" }, label),
    );
  const rename = { class: "bare", "data-act": "data_name", "data-pop": "", title: "Rename" };
  const name = h("button", rename, sheet.name);
  bar.replaceChildren(
    h("button", { class: "btn quiet back", "data-act": "data_home" }, "Data sets"),
    icon("right", "soft"),
    h("h2", { class: "one", translate: "no" }, name),
    h(
      "span",
      { class: "hint num facts-line" },
      h("button", { class: "bare", "data-act": "data_versions", title: "Versions" }, `version ${sheet.number}`),
      isOld() ? " (an older one, only read)" : "",
      ` · ${count} rows · ${columns}`,
    ),
    h("span", { class: "grow" }),
    isOld() ? act("redo", "Make it the newest", "data_restore_this", "") : "",
    act("upload", "Import", "data_choose"),
    act("download", "Export", "data_export"),
    act("half", "Split and clean", "data_more"),
    isOld() ? "" : act("plus", "Generate rows", "data_generate", ""),
    h(
      "button",
      {
        class: "btn primary run-over",
        "data-act": "run_over_data",
        "data-dataset": sheet.id,
        "data-number": sheet.number,
        title: `Set up an experiment of Compare's columns over version ${sheet.number} as it is stored`,
      },
      icon("play"),
      "Run over this",
    ),
  );
}

// --- edits that are not saved ---------------------------------------------------------------------------------

function drawFooter() {
  const key = (name, what) => h("span", { class: "key-hint hint" }, h("kbd", {}, name), what);
  const turn = (symbol, label, step) =>
    h(
      "button",
      { class: "btn quiet icon", title: label, "aria-label": label, onclick: () => turnPage(step) },
      icon(symbol),
    );
  const quiet = (label, act, symbol = "", rest = {}) =>
    h("button", { class: "btn quiet small", onclick: act, ...rest }, symbol ? icon(symbol) : "", label);
  const changed = sheet.words
    ? [
        icon("pencil"),
        h("b", {}, sheet.words),
        h("span", { class: "soft since" }, `since version ${sheet.number}`),
        h(
          "button",
          { class: "btn small", "data-act": "data_save", "data-saves": "" },
          `Save as version ${Math.max(sheet.latest, sheet.number) + 1}`,
          h("kbd", {}, "Ctrl S"),
        ),
        quiet("Undo", undo, "", { title: "Take the last edit back (Ctrl Z)" }),
        quiet("Discard", () => send_("data_discard")),
      ]
    : [sheet.steps ? quiet("Undo", undo, "", { title: "Take the last edit back (Ctrl Z)" }) : ""];
  const other = (sheet.others ?? [])[0];
  footer.replaceChildren(
    ...(isOld()
      ? [
          h("span", { class: "soft" }, `Version ${sheet.number} of ${sheet.latest}, only read.`),
          quiet("Open the newest", () => send_("data_newest")),
        ]
      : changed),
    sheet.redo.length && !isOld() ? quiet("Redo", redo, "", { title: "Ctrl Shift Z" }) : "",
    isOld() ? "" : quiet("Add row", addRow, "plus"),
    other && !sheet.words && !isOld()
      ? quiet(`Edits of another browser: ${other.steps}`, () => takeOther(other.draft), "pencil", {
          title: "Somebody has edits of this data set that are not saved. Go on with them here.",
        })
      : "",
    h("span", { class: "grow" }),
    h(
      "span",
      { class: "key-hints" },
      isOld() ? "" : key("Enter", "edit"),
      key("F", "filter by this value"),
      isOld() ? "" : key("M", "other half"),
      isOld() ? "" : key("Del", "empty it"),
    ),
    windowLine,
    turn("left", "Rows before", -1),
    turn("right", "Rows after", 1),
  );
}

const send_ = (name) => LOCAL[name]();

async function takeOther(draft) {
  keepDraft(sheet.id, draft);
  await openSheet(sheet.id, {});
}

let isSaving = false;

const LOCAL = {
  data_save: async () => {
    if (!sheet.words || isOld() || isSaving) return;
    isSaving = true;
    $("[data-saves]", root)?.setAttribute("disabled", "");
    const found = await saveNow();
    isSaving = false;
    drawFooter();
    if (found) say(`Saved as version ${found.saved}`);
  },
  data_discard: async () => {
    apply(await callSheet("data_discard"));
    await reopen();
  },
  data_newest: () => openSheet(sheet.id, {}),
  data_restore_this: async () => {
    send("data_restore", { dataset: sheet.id, number: sheet.old });
  },
  data_name: () => {
    const field = h("input", { class: "field", value: sheet.name, maxlength: 200, name: "name", "aria-label": "Name" });
    const form = h(
      "div",
      { class: "pop-form", "data-form": "" },
      field,
      h("button", { class: "btn primary", "data-act": "data_rename", "data-dataset": sheet.id }, "Rename"),
    );
    openPop($("[data-act=data_name]"), "Name of the data set", [form]);
    field.select();
  },
};
for (const [name, act] of Object.entries(LOCAL)) onAct(name, act);

async function callSheet(action, args = {}) {
  return call(action, { dataset: sheet.id, draft: draftOf(sheet.id), ...args });
}

async function saveNow() {
  const reply = await callSheet("data_save");
  apply({ ...reply, sheet: undefined });
  if (reply.alert) return null;
  const found = reply.sheet;
  sheet.redo = [];
  sheet.done = null;
  sheet.others = [];
  if (sheet.row < 0) sheet.row = 0; // it has a number of its own now
  take(found);
  drawBar();
  askFacts();
  return found;
}

async function reopen() {
  const { find, half, sort, falls } = sheet;
  await openSheet(sheet.id, { find, half, sort, falls });
}

// --- opening --------------------------------------------------------------------------------------------------

let opening = 0;

/**
 * Brings a data set onto the screen.
 * @param {string} id
 * @param {{number?: number, find?: string, half?: string, sort?: string, falls?: boolean, row?: number}} how
 * @returns {Promise<boolean>} whether it is there
 */
export async function openSheet(id, how) {
  const mine = ++opening;
  mountSheet();
  Object.assign(sheet, { id, old: how.number ?? 0, facts: {}, badges: [], twins: {} });
  Object.assign(sheet, { find: "", half: "", sort: "", falls: false, row: 0, redo: [], done: null, others: [] });
  const found = await ask("data_open");
  if (mine !== opening) return false;
  if (!found) {
    sheet.id = "";
    return false;
  }
  const { find: filter = "", half = "", sort = "", falls = false, row = 0 } = how;
  Object.assign(sheet, found, { find: filter, half, sort, falls });
  told("open");
  sheet.row = row;
  showFind(filter);
  askFacts();
  return true;
}

let factsFor = ""; // the columns that facts were asked for
const signOf = () => JSON.stringify(sheet.columns);

async function askFacts() {
  const { id } = sheet;
  factsFor = signOf();
  const found = await ask("data_facts");
  if (!found || sheet.id !== id) return;
  Object.assign(sheet, { facts: found.facts, badges: found.badges, twins: found.twins });
  told("facts");
}

// --- into Compare ---------------------------------------------------------------------------------------------

async function toCompare(row) {
  const whole = await ask("data_values", { row: row.n });
  if (!whole) return;
  apply({ form: { ...page.form, values: { ...page.form.values, ...whole.values } } });
  showTab("Compare");
  toast(`Row ${row.n > 0 ? row.n : "that is new"} of “${sheet.name}” is the case on screen`);
}

document.addEventListener("keydown", (e) => {
  const held = e.ctrlKey || e.metaKey;
  if (!root?.offsetParent || e.defaultPrevented || e.target.matches?.("input, textarea, select")) return;
  if (held && e.key.toLowerCase() === "z") {
    e.preventDefault();
    (e.shiftKey ? redo : undo)();
  } else if (!held && !e.altKey && (e.key === "j" || e.key === "k") && !$(".drawer")) walk(e.key === "j" ? 1 : -1);
});
