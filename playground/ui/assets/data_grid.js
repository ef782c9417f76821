// The rows of a data set as a grid to look at and to move about in: only those in view are drawn.
// The grid itself has the focus; its active cell is told by aria-activedescendant, so that a redraw moves nothing.

import { placeCell } from "./data_cell.js";
import { ask, onSheet, sheet, told } from "./data_state.js";
import { bring, isEmpty, looked, onRows, put, renew, rowAt } from "./data_window.js";
import { $, h, icon } from "./dom.js";

const HEIGHT = 34,
  BEYOND = 12, // rows drawn above and below the window
  MOST_COLUMNS = 40,
  SLOW_MS = 500;

let scroller, table, foot;
let active = { at: 0, column: 0 },
  firstColumn = 0,
  waiting = null;

/**
 * Puts the grid into an element.
 * @param {HTMLElement} root
 * @param {HTMLElement} footer where the window is told
 * @returns {HTMLElement} what has the focus, and gets the keys
 */
export function mountGrid(root, footer) {
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
    },
    table,
  );
  root.replaceChildren(scroller);
  new ResizeObserver(() => draw()).observe(scroller);
  return scroller;
}

onSheet((what) => {
  if (what === "open" || what === "rows") reload(true);
  else if (what === "edit") afterEdit();
  else if (what === "facts") draw();
});

onRows(({ isFirst, isOther }) => {
  if (active.at >= looked.total) active.at = Math.max(0, looked.total - 1);
  draw();
  if (isOther) told("window");
  if (isFirst && sheet.row) choose(sheet.row);
});

/** Asks for the rows anew: others are looked at. */
function reload(top) {
  if (!scroller) return;
  if (top) {
    active = { at: 0, column: Math.min(active.column, Math.max(0, sheet.columns.length - 1)) };
    firstColumn = 0;
    scroller.scrollTop = 0;
  }
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    if (isEmpty()) foot.textContent = `reading ${(sheet.count ?? 0).toLocaleString("en")} rows`;
  }, SLOW_MS);
  renew(top);
}

// What a step has touched is drawn again where it stands; after one that adds rows the window is asked for anew.
function afterEdit() {
  if (sheet.done?.length) {
    put(sheet.done);
    sheet.done = null;
    draw();
  } else reload(false);
}

/** The columns that are drawn: all, or some of very many. */
const columns = () => sheet.columns.slice(firstColumn, firstColumn + MOST_COLUMNS);
/** @returns {object | null} the row that has the cursor */
export const activeRow = () => rowAt(active.at);
/** @returns {HTMLElement | null} the cell that has the cursor, as it is drawn now */
export const activeCell = () => $(".cell.active", table);
/** @returns {{at: number, column: number}} where the cursor is */
export const cursor = () => ({ ...active });

// --- drawing --------------------------------------------------------------------------------------------------

const EMPTY = "–";
const wide = (column) => column.kind === "text" && (sheet.facts[column.name]?.longest ?? 40) > 24;

function widthOf(column) {
  const facts = sheet.facts[column.name];
  if (column.kind === "number" || column.kind === "boolean") return 136;
  if (facts?.choices.length) return Math.min(200, 48 + 8 * Math.max(12, facts.longest));
  return Math.min(220, Math.max(112, 32 + 8 * (facts?.longest ?? 24)));
}

/** Draws what is in view. */
export function draw() {
  if (!scroller || !sheet.id) return;
  const { total, halves } = looked;
  const shown = columns(),
    hasHalves = Boolean(halves.train || halves["held-out"]);
  const headHeight = 48;
  const first = Math.max(0, Math.floor(scroller.scrollTop / HEIGHT) - BEYOND);
  const last = Math.min(total, Math.ceil((scroller.scrollTop + scroller.clientHeight - headHeight) / HEIGHT) + BEYOND);
  bring(first, last);
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
  const cell = activeCell();
  if (cell) scroller.setAttribute("aria-activedescendant", cell.id);
  else scroller.removeAttribute("aria-activedescendant");
  placeCell();
  tellWindow();
}

function tellWindow() {
  const { total } = looked;
  const seen = Math.max(1, Math.floor((scroller.clientHeight - 48) / HEIGHT));
  const isEnd = scroller.scrollTop + scroller.clientHeight >= total * HEIGHT + 47; // the last row is whole in view
  const from = isEnd ? Math.max(1, total - seen + 1) : Math.min(total, Math.floor(scroller.scrollTop / HEIGHT) + 1);
  const to = isEnd ? total : Math.min(total, from + seen - 1);
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
            h("span", { class: "kind" }, `${looked.halves.train ?? 0} + ${looked.halves["held-out"] ?? 0}`),
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
  return kind ? [h("span", { class: `half-sign ${kind}` }), text] : [h("span", { class: "hint" }, text)];
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
            "cell",
            column.kind === "number" && "num",
            isActive && firstColumn + i === active.column && "active",
            was && "changed",
          ]
            .filter(Boolean)
            .join(" "),
        },
        h("span", { class: "text mono" }, text === "" ? (row ? EMPTY : "") : text.replace(/\s*\n\s*/g, " ↵ ")),
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

/**
 * Puts the cursor on a cell; its row is chosen where one is.
 * @param {number} at
 * @param {number} column
 */
export function moveTo(at, column) {
  active = {
    at: Math.max(0, Math.min(looked.total - 1, at)),
    column: Math.max(0, Math.min(sheet.columns.length - 1, column)),
  };
  if (active.column < firstColumn || active.column >= firstColumn + MOST_COLUMNS)
    firstColumn = Math.floor(active.column / MOST_COLUMNS) * MOST_COLUMNS;
  const top = active.at * HEIGHT,
    seen = scroller.clientHeight - 48 - HEIGHT;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top > scroller.scrollTop + seen) scroller.scrollTop = top - seen;
  const row = activeRow();
  if (row && sheet.row && row.n !== sheet.row) choose(row.n);
  else draw();
  const cell = activeCell();
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
  f: filterByValue,
};
const HELD = {
  Home: () => moveTo(0, 0),
  End: () => moveTo(looked.total - 1, sheet.columns.length - 1),
};

function onKey(e) {
  if (e.target !== scroller || e.altKey || e.isComposing) return;
  const held = e.ctrlKey || e.metaKey;
  const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
  const does = (held ? HELD : KEYS)[key];
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
