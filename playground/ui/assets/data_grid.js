// The rows of a data set as a grid: only those in view are drawn, and they come from the program a hundred at a time.
// The grid itself has the focus; its active cell is told by aria-activedescendant, so that a redraw moves nothing.

import { say, showAlert, toast } from "./alerts.js";
import { editCell, placeCell } from "./data_cell.js";
import { ask, edit, isOld, onSheet, redo, sheet, told, undo } from "./data_state.js";
import { $, h, icon } from "./dom.js";
import { block } from "./pasted.js";

const HEIGHT = 34,
  SOME = 100, // rows of one request
  BEYOND = 12, // rows drawn above and below the window
  MOST_COLUMNS = 40,
  SLOW_MS = 500;

let box, scroller, table, foot;
let pages = new Map(), // rows by the number of their hundred
  asked = new Map(), // requests that are under way or done, by the same
  turn = 0; // answers to an earlier question are passed over
let total = 0,
  halves = {},
  words = "";
let active = { at: 0, column: 0 },
  firstColumn = 0,
  waiting = null;

export const grid = {
  get total() {
    return total;
  },
  get halves() {
    return halves;
  },
  get words() {
    return words;
  },
};

/**
 * Puts the grid into an element.
 * @param {HTMLElement} root
 * @param {HTMLElement} footer where the window is told
 */
export function mountGrid(root, footer) {
  box = root;
  foot = footer;
  table = h("table", { role: "presentation" });
  scroller = h(
    "div",
    {
      class: "sheet-scroll",
      id: "sheet-grid",
      tabindex: "0",
      role: "grid",
      "aria-label": "Rows",
      "aria-multiselectable": "false",
      onscroll: () => requestAnimationFrame(draw),
      onkeydown: onKey,
      // A row that is drawn again between pressing and letting go gets no click.
      onpointerdown: (e) => e.pointerType === "mouse" && e.button === 0 && onClick(e),
      onclick: onClick,
      ondblclick: () => !isOld() && begin(),
    },
    table,
  );
  box.replaceChildren(scroller);
  // These come to where the selection is, not to what has the focus.
  document.addEventListener("paste", onPaste);
  document.addEventListener("copy", onCopy);
  new ResizeObserver(() => draw()).observe(scroller);
}

onSheet((what) => {
  if (what === "open" || what === "rows") reload(true);
  else if (what === "edit") afterEdit();
  else if (what === "facts") draw();
});

/** Asks for the rows anew: others are looked at. */
function reload(top) {
  if (!scroller) return;
  turn++;
  pages = new Map();
  asked = new Map();
  if (top) {
    active = { at: 0, column: Math.min(active.column, Math.max(0, sheet.columns.length - 1)) };
    firstColumn = 0;
    scroller.scrollTop = 0;
  }
  total = top ? 0 : total;
  clearTimeout(waiting);
  const mine = turn;
  waiting = setTimeout(() => {
    if (mine === turn && !pages.size) foot.textContent = `reading ${(sheet.count ?? 0).toLocaleString("en")} rows`;
  }, SLOW_MS);
  fetchPage(0);
}

// What a step has touched is drawn again where it stands; after one that adds rows the window is asked for anew.
function afterEdit() {
  if (sheet.done?.length) {
    for (const row of sheet.done) put(row);
    sheet.done = null;
    draw();
  } else reload(false);
}

function put(row) {
  for (const rows of pages.values()) {
    const n = rows.findIndex((other) => other.n === row.n);
    if (n >= 0) rows[n] = row;
  }
}

/** The hundred rows of a number, asked for once. */
function fetchPage(page) {
  if (!asked.has(page)) asked.set(page, bring(page));
  return asked.get(page);
}

async function bring(page) {
  const mine = turn;
  const { find, half, sort, falls } = sheet;
  const found = await ask("data_rows", {
    find,
    half,
    sort,
    falls: falls ? "yes" : "no",
    start: page * SOME,
    count: SOME,
  });
  if (mine !== turn) return;
  if (!found) {
    asked.delete(page);
    return;
  }
  const wasEmpty = !pages.size;
  pages.set(page, found.rows);
  if (pages.size > 30) {
    const [oldest] = pages.keys();
    pages.delete(oldest);
    asked.delete(oldest);
  }
  const count = total;
  total = found.total;
  halves = found.halves;
  words = found.asked;
  if (active.at >= total) active.at = Math.max(0, total - 1);
  draw();
  if (wasEmpty || count !== total) told("window");
  if (wasEmpty && sheet.row) choose(sheet.row);
}

const rowAt = (at) => pages.get(Math.floor(at / SOME))?.[at % SOME] ?? null;
/** The columns that are drawn: all, or some of very many. */
const columns = () => sheet.columns.slice(firstColumn, firstColumn + MOST_COLUMNS);
/** @returns {object | null} the row that has the cursor */
export const activeRow = () => rowAt(active.at);

// --- drawing --------------------------------------------------------------------------------------------------

const EMPTY = "–";
const wide = (column) => column.kind === "text" && (sheet.facts[column.name]?.longest ?? 40) > 24;

function widthOf(column) {
  const facts = sheet.facts[column.name];
  if (column.kind === "number" || column.kind === "boolean") return 136;
  if (facts?.choices.length) return Math.min(200, 48 + 8 * Math.max(12, facts.longest));
  return Math.min(220, Math.max(112, 32 + 8 * (facts?.longest ?? 24)));
}

function draw() {
  if (!scroller || !sheet.id) return;
  const shown = columns(),
    hasHalves = Boolean(halves.train || halves["held-out"]);
  const headHeight = 48;
  const first = Math.max(0, Math.floor(scroller.scrollTop / HEIGHT) - BEYOND);
  const last = Math.min(total, Math.ceil((scroller.scrollTop + scroller.clientHeight - headHeight) / HEIGHT) + BEYOND);
  for (let page = Math.floor(first / SOME); page * SOME < last; page++) if (!pages.has(page)) fetchPage(page);
  const stretch = shown.filter(wide);
  const fixed = shown.filter((column) => !wide(column)).reduce((sum, column) => sum + widthOf(column), 0);
  const least = 64 + (hasHalves ? 96 : 0) + fixed + stretch.length * 260;
  table.style.minWidth = `${least}px`;
  const rows = [];
  for (let at = first; at < last; at++) rows.push(line(at, shown, hasHalves));
  const gap = (rowsOut) =>
    rowsOut > 0 ? h("tr", { class: "gap", "aria-hidden": "true", style: `height:${rowsOut * HEIGHT}px` }) : "";
  table.replaceChildren(
    h(
      "colgroup",
      {},
      h("col", { style: "width:64px" }),
      hasHalves ? h("col", { style: "width:96px" }) : "",
      shown.map((column) => h("col", wide(column) ? {} : { style: `width:${widthOf(column)}px` })),
    ),
    head(shown, hasHalves),
    h("tbody", {}, gap(first), rows, gap(total - last)),
  );
  scroller.setAttribute("aria-rowcount", String(total + 1));
  scroller.setAttribute("aria-colcount", String(sheet.columns.length));
  const cell = $(".cell.active", table);
  if (cell) scroller.setAttribute("aria-activedescendant", cell.id);
  else scroller.removeAttribute("aria-activedescendant");
  placeCell();
  tellWindow();
}

function tellWindow() {
  const seen = Math.max(1, Math.floor((scroller.clientHeight - 48) / HEIGHT));
  const from = Math.min(total, Math.floor(scroller.scrollTop / HEIGHT) + 1);
  const to = Math.min(total, from + seen - 1);
  foot.textContent = total
    ? `rows ${from.toLocaleString("en")} to ${to.toLocaleString("en")} of ${total.toLocaleString("en")}`
    : "";
}

const kindWords = (column) => sheet.facts[column.name]?.words ?? column.kind;

function head(shown, hasHalves) {
  const sorted = (name) => (sheet.sort === name ? (sheet.falls ? "descending" : "ascending") : null);
  return h(
    "thead",
    {},
    h(
      "tr",
      { role: "row" },
      h("th", { scope: "col", class: "num", role: "columnheader" }, "Row"),
      hasHalves
        ? h(
            "th",
            { scope: "col", role: "columnheader" },
            "Split",
            h("span", { class: "kind" }, `${halves.train ?? 0} + ${halves["held-out"] ?? 0}`),
          )
        : "",
      shown.map((column) =>
        h(
          "th",
          {
            scope: "col",
            role: "columnheader",
            class: column.kind === "number" ? "num" : "",
            "aria-sort": sorted(column.name),
          },
          h(
            "button",
            {
              class: "column",
              tabindex: "-1",
              "data-column": column.name,
              "data-pop": "",
              title: `${column.name}: ${kindWords(column)}. Sort, rename or change what it is for`,
              "aria-haspopup": "dialog",
            },
            h("span", { class: "mono" }, column.name),
            sorted(column.name) ? icon("arrow", sheet.falls ? "falls" : "rises") : "",
          ),
          h("span", { class: "kind", title: kindWords(column) }, kindWords(column)),
        ),
      ),
    ),
  );
}

const HALF = { train: ["train", "train"], "held-out": ["held", "held out"], "": ["", EMPTY] };

/**
 * The badge of a half: outlined is train, filled is held out.
 * @param {string} half
 * @returns {Node[]}
 */
export function halfBadge(half) {
  const [kind, text] = HALF[half ?? ""];
  return kind ? [h("span", { class: `half ${kind}` }), text] : [h("span", { class: "hint" }, text)];
}

function line(at, shown, hasHalves) {
  const row = rowAt(at);
  const isChosen = row && row.n === sheet.row;
  const isActive = at === active.at;
  const name = row ? (row.n > 0 ? row.n.toLocaleString("en") : "new") : "";
  return h(
    "tr",
    {
      role: "row",
      "data-at": at,
      "aria-rowindex": at + 2,
      "aria-selected": isChosen ? "true" : null,
      class: [isChosen && "on", row?.gone && "gone", row && row.n < 0 && "new"].filter(Boolean).join(" ") || null,
    },
    h("td", { class: "num hint", role: "rowheader" }, name),
    hasHalves ? h("td", { class: "of", role: "gridcell" }, row ? halfBadge(row.half) : "") : "",
    shown.map((column, i) => {
      const text = row?.v[column.name] ?? "";
      const twin = i === 0 && row && sheet.twins[row.n];
      const was = row?.was && column.name in row.was;
      return h(
        "td",
        {
          role: "gridcell",
          id: `cell-${at}-${firstColumn + i}`,
          "data-column": firstColumn + i,
          title: was ? `was: ${row.was[column.name] || "empty"}` : null,
          class: [
            "cell mono",
            column.kind === "number" && "num",
            isActive && firstColumn + i === active.column && "active",
            was && "changed",
          ]
            .filter(Boolean)
            .join(" "),
        },
        h("span", { class: "text" }, text === "" ? (row ? EMPTY : "") : text.replace(/\s*\n\s*/g, " ↵ ")),
        twin ? h("span", { class: "badge ignored" }, `= row ${twin.toLocaleString("en")}`) : "",
        i === 0 && row?.by ? h("span", { class: "badge mode", title: `written by ${row.by}` }, "generated") : "",
      );
    }),
  );
}

// --- moving about ---------------------------------------------------------------------------------------------

/**
 * Chooses a row: its pane shows it.
 * @param {number} number
 */
export function choose(number) {
  sheet.row = number;
  told("row");
  draw();
}

function moveTo(at, column, chooses = true) {
  active = {
    at: Math.max(0, Math.min(total - 1, at)),
    column: Math.max(0, Math.min(sheet.columns.length - 1, column)),
  };
  if (active.column < firstColumn || active.column >= firstColumn + MOST_COLUMNS)
    firstColumn = Math.floor(active.column / MOST_COLUMNS) * MOST_COLUMNS;
  const top = active.at * HEIGHT,
    seen = scroller.clientHeight - 48 - HEIGHT;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top > scroller.scrollTop + seen) scroller.scrollTop = top - seen;
  const row = activeRow();
  if (chooses && row && sheet.row && row.n !== sheet.row) choose(row.n);
  else draw();
  const cell = $(".cell.active", table);
  if (!cell) return;
  const at_ = cell.offsetLeft;
  if (at_ + cell.offsetWidth > scroller.scrollLeft + scroller.clientWidth)
    scroller.scrollLeft = at_ + cell.offsetWidth - scroller.clientWidth;
  else if (at_ < scroller.scrollLeft + 64) scroller.scrollLeft = Math.max(0, at_ - 64);
}

/**
 * The row before or after the one that has the cursor.
 * @param {number} step
 */
export function walk(step) {
  moveTo(active.at + step, active.column);
  const row = activeRow();
  if (row) choose(row.n);
}

/**
 * A screenful up or down.
 * @param {number} step
 */
export function turnPage(step) {
  const seen = Math.max(1, Math.floor((scroller.clientHeight - 48) / HEIGHT) - 1);
  scroller.scrollTop += step * seen * HEIGHT;
}

function onClick(e) {
  const td = e.target.closest("td");
  const tr = e.target.closest("tr[data-at]");
  if (!tr || e.target.closest(".cell-editor")) return;
  const column = td?.dataset.column ?? active.column;
  active = { at: Number(tr.dataset.at), column: Number(column) };
  const row = activeRow();
  if (row) choose(row.n);
  if (td?.dataset.column === undefined) return;
  scroller.focus({ preventScroll: true });
}

const KEYS = {
  ArrowDown: () => moveTo(active.at + 1, active.column),
  ArrowUp: () => moveTo(active.at - 1, active.column),
  ArrowRight: () => moveTo(active.at, active.column + 1),
  ArrowLeft: () => moveTo(active.at, active.column - 1),
  PageDown: () => moveTo(active.at + Math.floor(scroller.clientHeight / HEIGHT) - 2, active.column),
  PageUp: () => moveTo(active.at - Math.floor(scroller.clientHeight / HEIGHT) + 2, active.column),
  Home: () => moveTo(active.at, 0),
  End: () => moveTo(active.at, sheet.columns.length - 1),
  j: () => walk(1),
  k: () => walk(-1),
  " ": () => activeRow() && choose(activeRow().n),
  Enter: () => begin(),
  F2: () => begin(),
  f: filterByValue,
  m: moveHalf,
  Delete: empty,
  Backspace: empty,
};
const HELD = {
  z: () => undo(),
  y: () => redo(),
  Home: () => moveTo(0, 0),
  End: () => moveTo(total - 1, sheet.columns.length - 1),
};

function onKey(e) {
  if (e.target !== scroller || e.altKey || e.isComposing) return;
  const held = e.ctrlKey || e.metaKey;
  const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
  const does = held ? (e.shiftKey && key === "z" ? redo : HELD[key]) : KEYS[key];
  if (!held && key !== "Escape") e.stopPropagation(); // these keys mean another thing in Compare
  if (!does) return;
  e.preventDefault();
  does();
}

async function filterByValue() {
  const row = activeRow();
  if (!row) return;
  const found = await ask("data_same", { row: row.n, column: sheet.columns[active.column].name });
  if (!found) return;
  sheet.find = `${sheet.find} ${found.find}`.trim();
  told("rows");
}

async function change(what) {
  if (isOld()) return toast("An older version is only read");
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
  if (row && !row.gone) change({ cells: [[row.n, sheet.columns[active.column].name, ""]] });
}

/** Edits the cell that has the cursor. */
export async function begin() {
  const row = activeRow(),
    column = sheet.columns[active.column],
    cell = $(".cell.active", table);
  if (!row || !cell || row.gone || isOld()) return;
  let text = row.v[column.name] ?? "";
  if (row.long?.[column.name]) {
    const whole = (await ask("data_row", { row: row.n }))?.row;
    if (!whole) return;
    const chars = whole.long?.[column.name];
    if (chars) return toast(`${column.name} has ${chars.toLocaleString("en")} characters: too long for a cell`);
    text = whole.v[column.name];
  }
  editCell(box, {
    cell: () => $(".cell.active", table),
    row: row.n,
    column,
    text,
    choices: sheet.facts[column.name]?.choices ?? [],
    done: (key) => {
      if (key === "Enter") moveTo(active.at + 1, active.column);
      else if (key === "Tab") moveTo(active.at, active.column + 1);
      else draw();
      scroller.focus({ preventScroll: true });
    },
  });
}

// --- a block of cells -----------------------------------------------------------------------------------------

function onCopy(e) {
  const row = activeRow();
  if (!row || document.activeElement !== scroller || String(getSelection())) return;
  e.preventDefault();
  e.clipboardData.setData("text/plain", row.v[sheet.columns[active.column].name] ?? "");
  say("Copied");
}

async function onPaste(e) {
  if (document.activeElement !== scroller || !scroller.offsetParent) return;
  e.preventDefault();
  const text = e.clipboardData.getData("text/plain");
  const cells = block(text, /<table|<td/i.test(e.clipboardData.getData("text/html"))) ?? [[text]];
  await pasteAt(active.at, active.column, cells);
}

// Over the rows in the order on screen, then as new ones.
async function pasteAt(at, column, cells) {
  const names = sheet.columns.slice(column).map((each) => each.name);
  const beyond = Math.max(0, ...cells.map((row) => row.length)) - names.length;
  const over = Math.min(cells.length, total - at);
  for (let page = Math.floor(at / SOME); page * SOME < at + over; page++) {
    if (!pages.has(page)) await fetchPage(page);
  }
  const found = [],
    add = [];
  cells.forEach((line_, n) => {
    const texts = line_.slice(0, names.length);
    const row = n < over ? rowAt(at + n) : null;
    if (row && !row.gone) texts.forEach((text, i) => found.push([row.n, names[i], text]));
    else if (!row && texts.some((text) => text !== ""))
      add.push(Object.fromEntries(texts.map((text, i) => [names[i], text])));
  });
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
  await fetchPage(0); // it tells how many there are now
  await fetchPage(Math.floor(Math.max(0, total - 1) / SOME));
  moveTo(total - 1, 0);
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
