// The cases as a small grid: a row each, a column for each variable, and what the answers came to after a run over all.

import { say, toast } from "./alerts.js";
import { kindOf } from "./declare.js";
import { $, $$, h, icon } from "./dom.js";
import { nestedValue } from "./nested.js";
import { block } from "./pasted.js";
import { page } from "./store.js";

export const MOST = 1000;
const SHOWN = 20; // rows at a time

let first = 0, // the first row in view
  drawn = ""; // what the table that stands there was drawn for

const textOf = (value) =>
  value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);

// What a typed cell means: as its variable is asked for, else as the value that stood there.
function valueOf(name, text, before) {
  const kind = kindOf(name);
  if (["object", "list", "examples"].includes(kind)) return nestedValue(kind, text);
  if (kind === "number" || typeof before === "number") {
    const number = Number(text);
    return text.trim() && Number.isFinite(number) ? number : text;
  }
  if (kind === "boolean" || typeof before === "boolean") return { true: true, false: false }[text.trim()] ?? text;
  if (before !== null && typeof before === "object") {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}

/**
 * The grid's columns: the prompt's variables, what its checks ask for, and what else the cases hold.
 * @param {object[]} rows
 * @returns {string[]}
 */
function columnsOf(rows) {
  const known = [...(page.preview?.variables ?? []), ...(page.preview?.asked_by_checks ?? [])];
  return [...new Set([...known, ...rows.flatMap((row) => Object.keys(row))])];
}

/** Another prompt's cases are shown from their first on. */
export function forgetGrid() {
  first = 0;
  drawn = "";
}

/**
 * Draws the grid, or brings the one that stands there up to date: a cell that is typed in keeps its caret.
 * @param {HTMLElement} root
 * @param {object} grid `rows`; `chosen`, the row whose values are on screen; `use`, `edit`, `drop` and `open`, which
 *   act on a row; `result(row, column)`, its mark; `models`, how many columns have results
 */
export function drawGrid(root, grid) {
  const { rows, chosen, models } = grid;
  const names = columnsOf(rows);
  if (first >= rows.length) first = Math.max(0, Math.floor((rows.length - 1) / SHOWN) * SHOWN);
  const now = JSON.stringify([names, rows.length, first, models]);
  if (now !== drawn || !root.firstChild) {
    drawn = now;
    build(root, grid, names);
  }
  for (const tr of $$("tbody tr", root)) {
    const n = Number(tr.dataset.row),
      row = rows[n];
    tr.classList.toggle("on", n === chosen);
    $(".at", tr).setAttribute("aria-pressed", String(n === chosen));
    for (const area of $$("textarea", tr)) {
      const text = textOf(row[area.dataset.name]);
      if (area !== document.activeElement && area.value !== text) area.value = text;
    }
    for (const cell of $$(".result", tr)) drawResult(cell, grid, n, Number(cell.dataset.column));
  }
}

function build(root, grid, names) {
  const { rows, models } = grid;
  const shown = rows.slice(first, first + SHOWN);
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, h("span", { class: "sr" }, "Case")),
    names.map((name) => h("th", { scope: "col", class: "mono", title: name }, name)),
    Array.from({ length: models }, (_, i) =>
      h(
        "th",
        { scope: "col", class: "num", title: `Column ${i + 1}` },
        h("span", { class: "sr" }, "Column "),
        String(i + 1),
      ),
    ),
    h("th", {}, h("span", { class: "sr" }, "Remove")),
  );
  root.replaceChildren(
    h(
      "div",
      { class: "grid-scroll", tabindex: "0", role: "region", "aria-label": "Cases, one a row" },
      h(
        "table",
        {},
        h("thead", {}, head),
        h(
          "tbody",
          {},
          shown.map((_, i) => line(grid, names, first + i)),
        ),
      ),
    ),
    rows.length > SHOWN ? pager(root, grid) : "",
  );
}

function line(grid, names, n) {
  return h(
    "tr",
    { "data-row": n },
    h(
      "th",
      { scope: "row" },
      h(
        "button",
        {
          class: "btn quiet at num",
          title: `Fill in the values of case ${n + 1}`,
          "aria-label": `Case ${n + 1}`,
          onclick: () => grid.use(n),
        },
        String(n + 1),
      ),
    ),
    names.map((name) =>
      h(
        "td",
        {},
        h("textarea", {
          class: "mono",
          rows: 1,
          spellcheck: "false",
          "data-name": name,
          "aria-label": `${name} of case ${n + 1}`,
          oninput: (e) =>
            grid.edit(n, name, e.target.value === "" ? undefined : valueOf(name, e.target.value, grid.rows[n][name])),
          onkeydown: (e) => onKey(e, n, name),
          onpaste: (e) => onPaste(e, grid, n, names.indexOf(name), names),
        }),
      ),
    ),
    Array.from({ length: grid.models }, (_, i) => h("td", { class: "result", "data-column": i })),
    h(
      "td",
      {},
      h(
        "button",
        {
          class: "btn quiet icon drop",
          title: "Remove this case",
          "aria-label": `Remove case ${n + 1}`,
          onclick: () => grid.drop(n),
        },
        icon("trash"),
      ),
    ),
  );
}

function drawResult(cell, grid, n, column) {
  const found = grid.result(n, column);
  const sign = JSON.stringify(found);
  if (cell.dataset.told === sign) return;
  cell.dataset.told = sign;
  if (!found) cell.replaceChildren();
  else if (!found.opens)
    cell.replaceChildren(
      h("span", { class: "soft", title: found.words }, icon(found.icon), h("span", { class: "sr" }, found.words)),
    );
  else
    cell.replaceChildren(
      h(
        "button",
        {
          class: `btn quiet icon ${found.colour}`,
          title: `${found.words}. Show the answer`,
          "aria-label": `Case ${n + 1}, column ${column + 1}: ${found.words}`,
          onclick: () => grid.open(n, column),
        },
        icon(found.icon, found.colour),
      ),
    );
}

// --- moving about ---------------------------------------------------------------------------------------------

function pager(root, grid) {
  const total = grid.rows.length;
  const to = (row, focus) => {
    first = Math.max(0, Math.min(Math.floor(row / SHOWN) * SHOWN, total - 1));
    drawGrid(root, grid);
    (focus
      ? $(`tr[data-row="${row}"] .at`, root)
      : $(`.pages [aria-label="${row < first + 1 ? "Cases before" : "Cases after"}"]`, root)
    )?.focus();
  };
  const step = (label, symbol, row) =>
    h(
      "button",
      {
        class: "btn quiet icon",
        title: label,
        "aria-label": label,
        disabled: row < 0 || row >= total,
        onclick: () => to(row),
      },
      icon(symbol),
    );
  return h(
    "div",
    { class: "pages" },
    step("Cases before", "left", first - SHOWN),
    h(
      "span",
      { class: "num hint" },
      `${first + 1} to ${Math.min(first + SHOWN, total)} of ${total.toLocaleString("en")}`,
    ),
    step("Cases after", "right", first + SHOWN),
    h("label", { class: "hint", for: "case-jump" }, "Go to case"),
    h("input", {
      id: "case-jump",
      class: "field num",
      type: "number",
      min: 1,
      max: total,
      onkeydown: (e) => {
        const wanted = Number(e.target.value);
        if (e.key === "Enter" && Number.isInteger(wanted) && wanted >= 1 && wanted <= total) to(wanted - 1, true);
      },
    }),
  );
}

// Enter goes down as in a spreadsheet; with Shift it breaks the line.
function onKey(e, n, name) {
  if (e.isComposing || e.ctrlKey || e.metaKey || e.altKey || e.shiftKey) return;
  const isOneLine = !e.target.value.includes("\n");
  const by = e.key === "Enter" || (e.key === "ArrowDown" && isOneLine) ? 1 : e.key === "ArrowUp" && isOneLine ? -1 : 0;
  if (!by) return;
  e.preventDefault();
  const table = e.target.closest("table");
  $(`tr[data-row="${n + by}"] [data-name="${CSS.escape(name)}"]`, table)?.focus();
}

// --- a block of cells -----------------------------------------------------------------------------------------

function onPaste(e, grid, n, at, names) {
  const text = e.clipboardData.getData("text/plain");
  const cells = block(text, /<table|<td/i.test(e.clipboardData.getData("text/html")));
  if (!cells || (cells.length === 1 && cells[0].length === 1 && !text.startsWith('"'))) return;
  e.preventDefault();
  const isHead =
    cells.length > 1 &&
    cells[0].every((name) => /^[A-Za-z_]\w*$/.test(name)) &&
    cells[0].some((name) => names.includes(name));
  const heads = isHead ? cells[0] : names.slice(at);
  const body = isHead ? cells.slice(1) : cells;
  const room = Math.max(0, MOST - n);
  const beyond = Math.max(0, ...body.map((row) => row.length)) - heads.length;
  grid.paste(
    n,
    body
      .slice(0, room)
      .map((row) =>
        Object.fromEntries(
          row
            .slice(0, heads.length)
            .map((cell, i) => [heads[i], cell === "" ? undefined : valueOf(heads[i], cell, undefined)]),
        ),
      ),
  );
  const left = [
    beyond > 0 ? `${beyond} column${beyond === 1 ? "" : "s"} without a name` : "",
    body.length > room ? `${body.length - room} rows: a prompt has at most ${MOST.toLocaleString("en")} cases` : "",
  ].filter(Boolean);
  const done = `${Math.min(body.length, room)} row${body.length === 1 ? "" : "s"} pasted`;
  toast(left.length ? `${done}. Left out: ${left.join("; ")}` : done);
  say(done);
}
