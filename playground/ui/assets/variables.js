// The right side of the editor: cases, one typed field a variable, images.

import { caseNames, drawCases, importButton, keepButton, mountCases, overButton } from "./cases.js";
import { rowButtons } from "./data_case.js";
import { declare, declared, declareForm, kindOf } from "./declare.js";
import { $, arrange, h, icon, select } from "./dom.js";
import { mountImages } from "./images.js";
import { isObject, jsonField, nestedValue, objectForm } from "./nested.js";
import { noticeNames, offerFor } from "./renames.js";
import { retype } from "./retype.js";
import { changed, onChange, page } from "./store.js";
import { removed } from "./undo.js";

const KINDS = [
  ["text", "text"],
  ["long_text", "long text"],
  ["number", "number"],
  ["choice", "choice"],
  ["boolean", "yes or no"],
  ["examples", "examples"],
  ["object", "object"],
  ["list", "list"],
].map(([value, label]) => ({ value, label }));

let varsBox;
const forChecks = h("p", { class: "hint beyond" }, "Only for the checks");

export function mountVariables() {
  const cases = h("div", { class: "cases", hidden: true, role: "group", "aria-label": "Cases" });
  const images = h("div", { class: "images", role: "group", "aria-label": "Images" });
  varsBox = h("div", { class: "vars", role: "group", "aria-label": "Variables" });
  mountCases(cases, () => {
    varsBox.replaceChildren();
    if (page.preview) drawVars(page.preview);
  });
  mountImages(images);
  onChange((what) => {
    if (what === "all") varsBox.replaceChildren();
  });
  return h(
    "div",
    { class: "inputs" },
    cases,
    varsBox,
    h("div", { class: "inputs-foot" }, images, keepButton(), rowButtons(), importButton(), overButton()),
  );
}

/**
 * Draws a field for each variable; one that stays keeps what is typed.
 * @param {object} preview the server's answer to what is typed
 */
export function drawVars(preview) {
  noticeNames(preview);
  const names = preview.variables ?? [];
  const beyond = [...new Set([...(preview.asked_by_checks ?? []), ...caseNames()])].filter(
    (name) => !names.includes(name),
  );
  const old = new Map([...varsBox.children].filter((el) => el.dataset.v).map((el) => [el.dataset.v, el]));
  const kept = (name, kind, make) => {
    const row = old.get(name);
    return row && row.dataset.kind === kind ? row : make();
  };
  const rows = names.flatMap((name) => {
    const kind = kindOf(name);
    return [kept(name, kind, () => varRow(name, kind)), ...offerFor(name)];
  });
  if (beyond.length) rows.push(forChecks, ...beyond.map((name) => kept(name, "beyond", () => beyondRow(name))));
  for (const row of rows) showNeed(row);
  const none = () =>
    h(
      "p",
      { class: "empty" },
      "No variables. Write ",
      h("span", { class: "mono" }, "{{ name }}"),
      " in a turn and its field appears here.",
    );
  if (rows.length || varsBox.children.length !== 1 || old.size) arrange(varsBox, rows.length ? rows : [none()]);
}

// A value that no turn uses, text or JSON: a check's options may name it, as in {{ expected }}.
function beyondRow(name) {
  const value = page.form.values[name];
  const isText = value === undefined || value === null || typeof value === "string";
  const read = (text) => {
    if (isText) return text;
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  };
  const shown = isText ? (value ?? "") : JSON.stringify(value);
  const attrs = {
    id: `v-${name}`,
    class: "field mono",
    value: shown,
    oninput: (e) => setValue(name, read(e.target.value)),
  };
  return h(
    "div",
    { class: "var", "data-v": name, "data-kind": "beyond" },
    h("label", { for: `v-${name}`, translate: "no" }, name),
    h("span", { class: "how" }),
    shown.includes("\n") || shown.length > 60
      ? h("textarea", { ...attrs, rows: 2 })
      : h("input", { ...attrs, type: "text" }),
  );
}

function varRow(name, kind, isOpen = false) {
  const input = declared(name);
  const id = `v-${name}`;
  const row = h("div", { class: "var", "data-v": name, "data-kind": kind });
  const redraw = () => {
    const next = varRow(name, kindOf(name), Boolean($(".declare", row)));
    row.replaceWith(next);
    $(".kind", next).focus({ preventScroll: true });
  };
  const kindSelect = select(KINDS, kind, {
    class: "bare kind",
    "aria-label": `Type of ${name}`,
    onchange: (e) => {
      declare(name, { kind: e.target.value });
      retype(name, e.target.value, declared(name)?.fields?.[0]?.name ?? "input");
      redraw();
      changed("values");
    },
  });
  const more = h(
    "button",
    {
      class: "btn quiet icon small",
      title: `How ${name} is asked for`,
      "aria-label": `Declare ${name}`,
      "aria-expanded": String(isOpen),
      onclick: () => {
        const open = $(".declare", row);
        more.setAttribute("aria-expanded", String(!open));
        if (open) open.remove();
        else row.append(declareForm(name, () => refill(row)));
      },
    },
    icon("gear"),
  );
  row.append(
    h("label", { for: id, title: input?.description ?? "", translate: "no" }, name),
    h("span", { class: "how" }, kindSelect, more),
    widget(name, kind, id, input),
    h("span", { class: "hint missing", id: `${id}-needs` }, "needs a value"),
  );
  showNeed(row);
  if (input?.description) row.append(h("span", { class: "hint note" }, input.description));
  if (isOpen) row.append(declareForm(name, () => refill(row)));
  return row;
}

// The field as it is declared by now; the form in which somebody declares it stays as it is, with its focus.
function refill(row) {
  const name = row.dataset.v;
  const fresh = varRow(name, kindOf(name));
  const [label, , field, missing] = fresh.children;
  row.children[0].replaceWith(label);
  row.children[2].replaceWith(field);
  $(":scope > .note", row)?.remove();
  const note = $(":scope > .note", fresh);
  if (note) row.children[3].after(note);
  missing.remove();
  showNeed(row);
}

// That its value is missing stands in the field, quietly, and for a screen reader too.
function showNeed(row) {
  const on = Boolean(page.preview?.needs?.includes(row.dataset.v));
  row.classList.toggle("needs", on);
  const field = $(`#v-${CSS.escape(row.dataset.v ?? "")}`, row);
  if (!field) return;
  const ids = new Set((field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
  ids[on ? "add" : "delete"](`${field.id}-needs`);
  if (ids.size) field.setAttribute("aria-describedby", [...ids].join(" "));
  else field.removeAttribute("aria-describedby");
}

function setValue(name, value) {
  page.form.values[name] = value;
  if (value !== null && value !== undefined && page.preview?.needs?.includes(name)) {
    page.preview.needs = page.preview.needs.filter((other) => other !== name);
    const row = $(`[data-v="${CSS.escape(name)}"]`, varsBox);
    if (row) showNeed(row);
  }
  changed("values");
  drawCases();
}

function widget(name, kind, id, input) {
  const value = page.form.values[name];
  const text =
    value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  const hint =
    input?.example !== null && input?.example !== undefined && typeof input.example !== "object"
      ? `for example ${input.example}`
      : "";
  switch (kind) {
    case "long_text":
      return h("textarea", {
        id,
        class: "field mono",
        rows: Math.min(5, Math.max(2, Math.ceil(text.length / 34))),
        value: text,
        placeholder: hint,
        oninput: (e) => setValue(name, e.target.value),
      });
    case "number":
      return h("input", {
        id,
        class: "field num",
        type: "number",
        step: "any",
        value: text,
        placeholder: hint,
        oninput: (e) => setValue(name, e.target.value === "" ? null : Number(e.target.value)),
      });
    case "boolean":
      return h(
        "span",
        { style: "padding-top:6px" },
        h("input", {
          id,
          type: "checkbox",
          checked: value === true,
          onchange: (e) => setValue(name, e.target.checked),
        }),
      );
    case "choice": {
      const choices = (input?.choices ?? []).map((c) => ({ value: c, label: c, isName: true }));
      return select(text && !choices.some((c) => c.value === text) ? [...choices] : choices, text, {
        id,
        class: "field",
        missing: text || "Choose",
        onchange: (e) => setValue(name, e.target.value),
      });
    }
    case "examples":
      return isGrid(name) ? examplesGrid(name, id) : nested(name, "list", id, input);
    case "object":
    case "list":
      return nested(name, kind, id, input);
    default:
      return h("input", {
        id,
        class: "field mono",
        type: "text",
        value: text,
        placeholder: hint,
        oninput: (e) => setValue(name, e.target.value),
      });
  }
}

// A field for each property where they are declared and the value has room for them, else JSON.
function nested(name, kind, id, input) {
  const value = nestedValue(kind, page.form.values[name]);
  const set = (part) => setValue(name, part);
  if (
    kind === "object" &&
    input?.fields?.length &&
    (value === undefined || value === null || value === "" || isObject(value))
  )
    return objectForm(input.fields, { id, label: name, value: isObject(value) ? value : {}, set });
  const example = input?.example ?? input?.default;
  return jsonField(kind, {
    id,
    label: name,
    value,
    set,
    placeholder: example && typeof example === "object" ? JSON.stringify(example) : "",
  });
}

// Rows whose cells are all texts; anything else is lost in a grid.
function isGrid(name) {
  const value = nestedValue("examples", page.form.values[name]);
  const cell = (part) => part === null || typeof part !== "object";
  return (
    value === undefined ||
    value === null ||
    value === "" ||
    (Array.isArray(value) && value.every((row) => isObject(row) && Object.values(row).every(cell)))
  );
}

function examplesGrid(name, id) {
  const read = nestedValue("examples", page.form.values[name]);
  const list = Array.isArray(read) ? read : [];
  const columns = declared(name)?.fields?.map((field) => field.name);
  const keys = columns?.length
    ? columns
    : Object.keys(list[0] ?? declared(name)?.example?.[0] ?? { input: "", output: "" });
  const box = h("div", { class: "examples", id });
  const redraw = () => {
    box.replaceWith(examplesGrid(name, id));
    changed("values");
  };
  const commit = () => setValue(name, list);
  if (list.length)
    box.append(
      h(
        "div",
        { class: "keys hint mono", "aria-hidden": "true" },
        keys.map((key) => h("span", {}, key)),
      ),
    );
  box.append(
    ...list.map((row, i) =>
      h(
        "div",
        { class: "ex" },
        keys.map((key) =>
          h("input", {
            class: "field mono",
            "aria-label": `${name} ${i + 1}, ${key}`,
            placeholder: key,
            value: row[key] ?? "",
            oninput: (e) => {
              row[key] = e.target.value;
              commit();
            },
          }),
        ),
        h(
          "button",
          {
            class: "btn quiet icon",
            title: "Remove example",
            "aria-label": `Remove example ${i + 1}`,
            onclick: () => {
              list.splice(i, 1);
              page.form.values[name] = list;
              redraw();
              removed("Example");
            },
          },
          icon("cross"),
        ),
      ),
    ),
    h(
      "div",
      {},
      h(
        "button",
        {
          class: "btn quiet small",
          onclick: () => {
            list.push(Object.fromEntries(keys.map((k) => [k, ""])));
            page.form.values[name] = list;
            redraw();
          },
        },
        icon("plus"),
        "Add example",
      ),
    ),
  );
  return box;
}
