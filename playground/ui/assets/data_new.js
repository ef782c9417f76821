// A new data set: a few empty rows to type into; what is pasted, dropped or chosen as a file is looked at before it is
// stored. What is typed is kept in this browser until it is.

import { keepCase } from "./data_case.js";
import { $, $$, h, icon } from "./dom.js";
import { block, hasHead } from "./pasted.js";
import { page } from "./store.js";
import { onceLeft } from "./waiting.js";

const KEPT = "playground.data.new",
  MOST = 200; // rows that are typed here; more are pasted

let box, state;

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT));
    if (Array.isArray(kept?.names) && Array.isArray(kept?.rows)) return kept;
  } catch {
    /* nothing was kept */
  }
  // The variables of the prompt on screen are the columns that one wants most often.
  const names = (page.preview?.variables ?? []).slice(0, 4);
  return { names: names.length ? [...names, "expected"] : ["question", "expected"], rows: [[], [], [], [], []] };
}

function keep() {
  try {
    localStorage.setItem(KEPT, JSON.stringify(state));
  } catch {
    /* forbidden */
  }
}

/** What was typed has been stored. */
export function forgetNew() {
  try {
    localStorage.removeItem(KEPT);
  } catch {
    /* forbidden */
  }
}

const filled = () => state.rows.filter((row) => row.some((text) => text));

/**
 * Draws the grid, if its place is there.
 * @param {HTMLElement | null} root
 */
export function drawNew(root) {
  if (!root) return;
  box = root;
  state = read();
  build();
}

function build() {
  const { names, rows } = state;
  const cell = (row, column, label) =>
    h("input", {
      class: "mono",
      value: rows[row][column] ?? "",
      spellcheck: "false",
      autocomplete: "off",
      "data-cell": `${row} ${column}`,
      "aria-label": label,
      oninput: (e) => {
        rows[row][column] = e.target.value;
        keep();
        drawFoot();
        onceLeft(box, () => {
          if (row === rows.length - 1 && e.target.value && rows.length < MOST) addRow();
        });
      },
      onkeydown: (e) => move(e, row, column),
    });
  const table = h(
    "table",
    {},
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        names.map((name, i) =>
          h(
            "th",
            { scope: "col" },
            h("input", {
              class: "mono",
              value: name,
              "aria-label": `Name of column ${i + 1}`,
              oninput: (e) => {
                names[i] = e.target.value;
                keep();
                drawFoot();
              },
            }),
          ),
        ),
        h(
          "th",
          { class: "more" },
          h(
            "button",
            {
              class: "btn quiet icon",
              title: "Add a column",
              "aria-label": "Add a column",
              onclick: () => {
                names.push(`column_${names.length + 1}`);
                keep();
                build();
                $$("thead input", box).at(-1).select();
              },
            },
            icon("plus"),
          ),
        ),
      ),
    ),
    h(
      "tbody",
      {},
      rows.map((_, row) =>
        h(
          "tr",
          {},
          names.map((_, column) => h("td", {}, cell(row, column, `Column ${column + 1}, row ${row + 1}`))),
          h("td", { class: "more" }),
        ),
      ),
    ),
  );
  box.replaceChildren(h("div", { class: "new-grid scroll-x" }, table), h("div", { class: "new-foot" }), fromCase());
  drawFoot();
}

// The case that Compare holds, as the first row.
function fromCase() {
  const variables = page.preview?.variables ?? [];
  if (!variables.some((name) => page.form?.values?.[name])) return "";
  const held = `Compare holds one filled case of “${page.form.prompt.name || "a new prompt"}”.`;
  return h(
    "section",
    { class: "from-case", "aria-label": "The case on screen" },
    h("h3", {}, "Or keep the case you have"),
    h(
      "div",
      { class: "row-form" },
      h("p", { class: "soft grow" }, held),
      h("button", { class: "btn", onclick: () => keepCase("") }, icon("plus"), "Add it as row 1"),
    ),
  );
}

function addRow() {
  state.rows.push([]);
  const held = document.activeElement?.dataset.cell;
  build();
  const field = held && $(`[data-cell="${held}"]`, box);
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}

function move(e, row, column) {
  const by = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[e.key];
  if (!by || e.isComposing || e.ctrlKey || e.metaKey) return;
  e.preventDefault();
  e.stopPropagation();
  $(`[data-cell="${row + by} ${column}"]`, box)?.focus();
}

function drawFoot() {
  const count = filled().length;
  const problem = problemOf();
  $(".new-foot", box).replaceChildren(
    h(
      "div",
      { class: "grow" },
      h("p", {}, "Click a cell and paste from a spreadsheet, or type. A file can be dropped here."),
      h(
        "p",
        { class: "hint" },
        "CSV, TSV, JSON, JSONL, XLSX, Parquet. Nothing is stored before you have seen its types.",
      ),
    ),
    h("button", { class: "btn", "data-act": "data_choose" }, icon("upload"), "Choose a file"),
    h(
      "div",
      { class: "end" },
      h(
        "button",
        { class: "btn primary", disabled: Boolean(problem) || !count, onclick: look },
        `Look at ${count || "the"} row${count === 1 ? "" : "s"}`,
      ),
      h("p", { class: "hint" }, problem || (count ? "" : "Opens with the first row.")),
    ),
  );
}

function problemOf() {
  const names = state.names.map((name) => name.trim());
  if (names.includes("")) return "A column has no name.";
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  return twice ? `Two columns are called ${twice}.` : "";
}

const quoted = (text) => (/[\t\n\r"]/.test(text ?? "") ? `"${text.replaceAll('"', '""')}"` : (text ?? ""));

function look() {
  const lines = [state.names.map((name) => name.trim()), ...filled().map((row) => state.names.map((_, i) => row[i]))];
  const text = lines.map((line) => line.map(quoted).join("\t")).join("\n");
  document.dispatchEvent(new CustomEvent("data:import", { detail: { name: "Typed", text, typed: true } }));
}

/**
 * A pasted table is looked at as a whole; a single text goes where the caret is.
 * @param {Event} e
 */
export function takePasted(e) {
  const text = e.clipboardData.getData("text/plain");
  const cells = block(text, /<table|<td/i.test(e.clipboardData.getData("text/html")));
  const field = e.target.closest?.("input, textarea");
  if (field && !box.contains(field)) return;
  const isTable = (cells && (cells.length > 1 || cells[0].length > 1)) || hasHead(text);
  if (!isTable && (field || !/^\s*[[{]/.test(text))) return;
  e.preventDefault();
  document.dispatchEvent(new CustomEvent("data:import", { detail: { name: "Pasted", text } }));
}
