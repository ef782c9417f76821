// What can be done with a column: sort by it, find its empty cells, rename it, say what it is for, take it away.

import { showAlert, toast } from "./alerts.js";
import { edit, isOld, sheet, told, undo } from "./data_state.js";
import { h, icon, select } from "./dom.js";
import { closePop, openPop } from "./pop.js";

const ROLES = [
  { value: "", label: "a column" },
  { value: "input", label: "a variable of the prompt" },
  { value: "expected", label: "the expected answer" },
  { value: "cluster", label: "a cluster: rows that belong together" },
  { value: "tag", label: "a tag to slice by" },
];
const KINDS = ["text", "number", "boolean", "list", "json"].map((kind) => ({ value: kind, label: kind }));

const written = (name) => (/[\s":]/.test(name) ? `"${name}"` : name);

/**
 * Opens what can be done with a column.
 * @param {HTMLElement} head the button that opens it
 * @param {string} name
 */
export function openColumn(head, name) {
  const column = sheet.columns.find((each) => each.name === name);
  const facts = sheet.facts[name];
  const sort = (falls) => {
    Object.assign(sheet, { sort: name, falls });
    closePop();
    told("rows");
  };
  const sortButton = (label, symbol, falls) =>
    h(
      "button",
      {
        class: "btn small",
        "aria-pressed": String(sheet.sort === name && sheet.falls === falls),
        onclick: () => sort(falls),
      },
      icon("arrow", symbol),
      label,
    );
  const isNumber = column.kind === "number";
  const ways = [
    sortButton(isNumber ? "Smallest first" : "A to Z", "rises", false),
    sortButton(isNumber ? "Greatest first" : "Z to A", "falls", true),
    sheet.sort === name
      ? h(
          "button",
          {
            class: "btn quiet small",
            onclick: () => {
              Object.assign(sheet, { sort: "", falls: false });
              closePop();
              told("rows");
            },
          },
          "In the order of the rows",
        )
      : h(
          "button",
          {
            class: "btn quiet small",
            onclick: () => {
              sheet.find = `${sheet.find} ${written(name)}:`.trim();
              closePop();
              told("rows");
            },
          },
          "Only empty cells",
        ),
  ];
  const nodes = [
    h("p", { class: "hint" }, facts ? facts.words : column.kind),
    h("div", { class: "row-form" }, ways),
    ...(isOld() ? [] : [change(column)]),
  ];
  openPop(head, name, nodes, "column-pop");
}

function change(column) {
  const field = h("input", { class: "field mono", value: column.name, maxlength: 200, "aria-label": "Name" });
  const kind = select(KINDS, column.kind, { class: "field", "aria-label": "Type" });
  const role = select(ROLES, column.role, { class: "field", "aria-label": "What it is for" });
  const all = (columns) => ({ do: "columns", columns });
  const save = async () => {
    const name = field.value.trim();
    const step = [];
    if (name !== column.name) step.push({ do: "rename", column: column.name, name });
    if (kind.value !== column.kind || role.value !== column.role) {
      const columns = sheet.columns.map((each) => {
        if (each.name === column.name) return { ...each, name, kind: kind.value, role: role.value };
        // There is one expected answer.
        return role.value === "expected" && each.role === "expected" ? { ...each, role: "" } : each;
      });
      step.push(all(columns));
    }
    if (step.length && !(await make(step))) return;
    closePop();
  };
  const remove = async () => {
    const left = sheet.columns.filter((each) => each.name !== column.name);
    if (await make([all(left)])) {
      closePop(false);
      toast(`Column ${column.name} removed`, { label: "Undo", act: () => undo() });
    }
  };
  const add = async () => {
    const names = sheet.columns.map((each) => each.name);
    let n = 1;
    while (names.includes(`column_${n}`)) n++;
    const place = names.indexOf(column.name) + 1;
    const columns = [...sheet.columns];
    columns.splice(place, 0, { name: `column_${n}`, kind: "text", role: "" });
    if (await make([all(columns)])) closePop(false);
  };
  return h(
    "div",
    { class: "pop-form", "data-form": "" },
    h("label", {}, "Name ", field),
    h("label", {}, "Type ", kind),
    h("label", {}, "It is ", role),
    h(
      "div",
      { class: "row-form" },
      h("button", { class: "btn primary small", onclick: save }, "Change"),
      h("button", { class: "btn quiet small", onclick: add }, icon("plus"), "Column after it"),
      sheet.columns.length > 1
        ? h("button", { class: "btn quiet small", onclick: remove }, icon("trash"), "Remove")
        : "",
    ),
  );
}

async function make(step) {
  const refused = await edit({ step });
  if (refused) showAlert(refused);
  else told("rows");
  return !refused;
}
