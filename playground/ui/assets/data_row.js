// The chosen row beside the grid: its whole values, what was changed in them, and what can be done with it.

import { showAlert } from "./alerts.js";
import { dropRow } from "./data_edits.js";
import { halfBadge, walk } from "./data_grid.js";
import { draftOf, edit, isOld, onSheet, sheet, told } from "./data_state.js";
import { $, h, icon } from "./dom.js";
import { call } from "./store.js";
import { apply, onShown } from "./updates.js";

let box,
  turn = 0,
  of = ""; // the row whose answers are shown
const answers = h("div", { id: "row-answers" });

/**
 * Puts the pane into an element.
 * @param {HTMLElement} root
 * @param {(values: object) => void} toCompare fills the values of a row into Compare
 */
export function mountRow(root, toCompare) {
  box = root;
  onSheet((what) => {
    if (what === "open") close();
    if (["row", "edit"].includes(what)) show(toCompare);
  });
  onShown((update) => update.sheet?.scored && show(toCompare));
}

function close() {
  sheet.row = 0;
  box.hidden = true;
  box.replaceChildren();
}

async function show(toCompare) {
  if (!sheet.row) return close();
  const mine = ++turn;
  const { id, old } = sheet;
  const reply = await call("data_row", { dataset: id, number: old || "", draft: draftOf(id), row: sheet.row });
  if (mine !== turn) return;
  if (!reply.sheet) return close(); // it went, as an edit was taken back
  draw(reply.sheet.row, toCompare);
  const row = `${id} ${sheet.row}`;
  if (of !== row) answers.replaceChildren();
  of = row;
  const told = await call("data_answers", { dataset: id, number: old || "", draft: draftOf(id), row: sheet.row });
  if (mine === turn && !told.alert) apply(told);
}

function draw(row, toCompare) {
  const tool = (symbol, label, act) =>
    h("button", { class: "btn quiet icon", title: label, "aria-label": label, onclick: act }, icon(symbol));
  const name = row.n > 0 ? `Row ${row.n.toLocaleString("en")}` : "New row";
  const held = box.contains(document.activeElement) && document.activeElement.dataset.name;
  box.hidden = false;
  box.replaceChildren(
    h(
      "header",
      {},
      h("h2", {}, name),
      h("span", { class: "of" }, row.half ? halfBadge(row.half) : ""),
      row.by ? h("span", { class: "badge mode", title: `Written by ${row.by}` }, "generated") : "",
      h("span", { class: "grow" }),
      tool("arrow-up", "Row before (K)", () => walk(-1)),
      tool("arrow-down", "Row after (J)", () => walk(1)),
      tool("cross", "Close the row", () => {
        close();
        told("rows-same");
        $("#sheet-grid")?.focus();
      }),
    ),
    h(
      "div",
      { class: "fields" },
      sheet.columns.slice(0, 100).map((column) => field(row, column)),
      sheet.columns.length > 100
        ? h("p", { class: "hint" }, `${(sheet.columns.length - 100).toLocaleString("en")} more columns in the grid`)
        : "",
    ),
    h(
      "div",
      { class: "row-acts" },
      h(
        "button",
        {
          class: "btn small",
          title: "Fill these values into the variables in Compare",
          onclick: () => toCompare(row),
        },
        icon("play"),
        "Open in Compare",
      ),
      isOld() || row.gone
        ? ""
        : h("button", { class: "btn quiet small", onclick: dropRow }, icon("trash"), "Remove the row"),
    ),
    row.gone ? h("p", { class: "hint" }, "This row is removed when you save.") : "",
    answers,
    row.half
      ? h(
          "p",
          { class: "hint" },
          "A row stays in its half once an experiment has answered it. Move it by hand with M in the grid.",
        )
      : "",
  );
  if (held) $(`[data-name="${CSS.escape(held)}"]`, box)?.focus();
}

function field(row, column) {
  const text = row.v[column.name] ?? "",
    was = row.was?.[column.name];
  const isLong = text.length > 30 || text.includes("\n");
  const id = `row-${column.name}`;
  const tooLong = row.long?.[column.name];
  const shown = h(
    "div",
    { class: "value mono", "data-name": column.name },
    was === undefined
      ? text || h("span", { class: "hint" }, "empty")
      : [
          was ? h("del", { class: "del" }, was.length > 200 ? `${was.slice(0, 200)}…` : was) : "",
          was && text ? " " : "",
          text ? h("ins", { class: "add" }, text) : h("span", { class: "hint" }, " now empty"),
        ],
    tooLong ? h("span", { class: "hint" }, ` ${tooLong.toLocaleString("en")} characters, the first are shown`) : "",
  );
  const edits = !isOld() && !row.gone && !tooLong;
  const pencil = edits
    ? h(
        "button",
        {
          class: "btn quiet icon",
          title: `Edit ${column.name}`,
          "aria-label": `Edit ${column.name}`,
          onclick: () => type(),
        },
        icon("pencil"),
      )
    : "";
  function type() {
    const area = h("textarea", {
      class: "field mono",
      id,
      value: text,
      rows: Math.min(12, Math.max(isLong ? 4 : 1, text.split("\n").length)),
      "aria-label": column.name,
      "data-name": column.name,
    });
    const finish = async (commits) => {
      if (!area.isConnected) return;
      const typed = area.value;
      area.replaceWith(shown);
      if (!commits || typed === text) return;
      const refused = await edit({ cells: [[row.n, column.name, typed]] });
      if (refused) showAlert(refused);
    };
    area.addEventListener("keydown", (e) => {
      e.stopPropagation();
      if (e.key === "Escape") finish(false);
      else if (e.key === "Enter" && (e.ctrlKey || e.metaKey || !isLong) && !e.shiftKey) {
        e.preventDefault();
        finish(true);
      }
    });
    area.addEventListener("blur", () => finish(true));
    shown.replaceWith(area);
    area.focus();
  }
  shown.addEventListener("dblclick", () => edits && type());
  return h(
    "div",
    { class: `row-field ${isLong ? "long" : ""}` },
    h("div", { class: "name mono" }, column.name, pencil),
    shown,
  );
}
