// What changes the rows of the grid: keys, typing in a cell, a block that is pasted, rows added and taken away.

import { say, showAlert, toast } from "./alerts.js";
import { editCell } from "./data_cell.js";
import { activeCell, activeRow, choose, cursor, draw, moveTo } from "./data_grid.js";
import { ask, edit, isOld, redo, sheet, told, undo } from "./data_state.js";
import { bring, looked, rowAt } from "./data_window.js";
import { block } from "./pasted.js";

const PORTION = 500; // rows under a block that are looked at together

let box, grid;

/**
 * Lets the grid be edited.
 * @param {HTMLElement} root the element that it stands in
 * @param {HTMLElement} scroller the grid itself
 */
export function mountEdits(root, scroller) {
  box = root;
  grid = scroller;
  grid.addEventListener("keydown", onKey);
  grid.addEventListener("dblclick", () => !isOld() && begin());
  // These come to where the selection is, not to what has the focus.
  document.addEventListener("paste", onPaste);
  document.addEventListener("copy", onCopy);
}

const KEYS = {
  Enter: () => begin(),
  F2: () => begin(),
  m: moveHalf,
  Delete: empty,
  Backspace: empty,
};
const HELD = {
  z: () => undo(),
  y: () => redo(),
};

function onKey(e) {
  if (e.target !== grid || e.altKey || e.isComposing) return;
  const held = e.ctrlKey || e.metaKey;
  const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
  const does = held ? (e.shiftKey && key === "z" ? redo : HELD[key]) : KEYS[key];
  if (!does) return;
  e.preventDefault();
  does();
}

async function change(what) {
  if (isOld()) return toast("An older version is only read", null, false);
  const refused = await edit(what);
  if (refused) showAlert(refused);
  return refused;
}

async function moveHalf() {
  const row = activeRow();
  if (!row || row.gone) return;
  const half = row.half === "train" ? "held-out" : "train";
  if (!(await change({ step: [{ do: "half", row: row.n, half }] }))) say(`Row ${row.n} moved`);
}

function empty() {
  const row = activeRow();
  if (row && !row.gone) change({ cells: [[row.n, sheet.columns[cursor().column].name, ""]] });
}

/** Edits the cell that has the cursor. */
async function begin() {
  const row = activeRow(),
    column = sheet.columns[cursor().column];
  if (!row || !activeCell() || row.gone || isOld()) return;
  let text = row.v[column.name] ?? "";
  if (row.long?.[column.name]) {
    const whole = (await ask("data_row", { row: row.n }))?.row;
    if (!whole) return;
    const chars = whole.long?.[column.name];
    if (chars)
      return toast(`${column.name} has ${chars.toLocaleString("en")} characters: too long for a cell`, null, false);
    text = whole.v[column.name];
  }
  editCell(box, {
    cell: activeCell,
    row: row.n,
    column,
    text,
    choices: sheet.facts[column.name]?.choices ?? [],
    done: (key) => {
      const { at, column: here } = cursor();
      if (key === "Enter") moveTo(at + 1, here);
      else if (key === "Tab") moveTo(at, here + 1);
      else draw();
      grid.focus({ preventScroll: true });
    },
  });
}

// --- a block of cells -----------------------------------------------------------------------------------------

function onCopy(e) {
  const row = activeRow();
  if (!row || document.activeElement !== grid || String(getSelection())) return;
  e.preventDefault();
  e.clipboardData.setData("text/plain", row.v[sheet.columns[cursor().column].name] ?? "");
  say("Copied");
}

async function onPaste(e) {
  if (document.activeElement !== grid || !grid.offsetParent) return;
  e.preventDefault();
  const text = e.clipboardData.getData("text/plain");
  const cells = block(text, /<table|<td/i.test(e.clipboardData.getData("text/html"))) ?? [[text]];
  const { at, column } = cursor();
  await pasteAt(at, column, cells);
}

// Over the rows in the order on screen, then as new ones. Only so many rows are here at a time: they come in portions.
async function pasteAt(at, column, cells) {
  const names = sheet.columns.slice(column).map((each) => each.name);
  const beyond = Math.max(0, ...cells.map((row) => row.length)) - names.length;
  const over = Math.min(cells.length, looked.total - at);
  const found = [];
  for (let n = 0; n < over; n++) {
    if (n % PORTION === 0) await bring(at + n, at + Math.min(over, n + PORTION));
    const row = rowAt(at + n);
    if (!row) return toast("The rows under the block could not be read: nothing is pasted", null, false);
    if (!row.gone) cells[n].slice(0, names.length).forEach((text, i) => found.push([row.n, names[i], text]));
  }
  const add = cells
    .slice(Math.max(0, over))
    .map((row) => row.slice(0, names.length))
    .filter((texts) => texts.some((text) => text !== ""))
    .map((texts) => Object.fromEntries(texts.map((text, i) => [names[i], text])));
  if (await change({ cells: found, add })) return;
  const done = `${cells.length.toLocaleString("en")} row${cells.length === 1 ? "" : "s"} pasted`;
  if (cells.length > 1 || beyond > 0)
    toast(beyond > 0 ? `${done}. Left out: ${beyond} column${beyond === 1 ? "" : "s"} beyond the last` : done);
}

/** A new row at the end, ready to type into. */
export async function addRow() {
  if (sheet.find || sheet.half || sheet.sort) {
    Object.assign(sheet, { find: "", half: "", sort: "", falls: false });
    told("rows");
  }
  if (await change({ add: [{}] })) return;
  await bring(0, 1); // it tells how many there are now
  await bring(Math.max(0, looked.total - 1), looked.total);
  moveTo(looked.total - 1, 0);
  const row = activeRow();
  if (row) choose(row.n);
  begin();
}

/** Takes the chosen row away, or puts it back. */
export async function dropRow() {
  const row = activeRow();
  if (!row) return;
  if (row.gone) return toast("Removed when you save. Ctrl+Z takes the removal back");
  if (await change({ step: [{ do: "drop", row: row.n }] })) return;
  toast(`Row ${row.n > 0 ? row.n : "that was new"} removed`, { label: "Undo", act: () => undo() });
}
