// Fields for objects and lists: one field for each property that is declared, JSON for everything else.

import { h, select } from "./dom.js";

/**
 * A JSON text's value, undefined when it is none.
 * @param {string} text
 * @returns {any}
 */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Whether a value has fields.
 * @param {any} value
 * @returns {boolean}
 */
export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const fits = (kind, value) => (kind === "object" ? isObject(value) : Array.isArray(value));

/**
 * The value as its kind wants it: a JSON text is read.
 * @param {string} kind
 * @param {any} value
 * @returns {any}
 */
export function nestedValue(kind, value) {
  const read = typeof value === "string" ? parsed(value) : value;
  return fits(kind, read) ? read : value;
}

/**
 * A field for a list or an object as JSON.
 * @param {"list" | "object"} kind
 * @param {{id: string, value: any, label: string, placeholder?: string, set: (value: any) => void}} options
 * @returns {HTMLElement}
 */
export function jsonField(kind, { id, value, label, placeholder, set }) {
  const shown =
    value === undefined || value === null
      ? ""
      : typeof value === "string"
        ? value
        : JSON.stringify(value, null, JSON.stringify(value).length > 34 ? 1 : 0);
  const problem = h("p", { class: "hint json-problem", id: `${id}-problem`, role: "status" });
  const field = h("textarea", {
    id,
    class: "field mono",
    rows: Math.min(8, Math.max(2, shown.split("\n").length)),
    value: shown,
    spellcheck: "false",
    "aria-label": label,
    "aria-describedby": `${id}-problem`,
    placeholder: placeholder || (kind === "object" ? '{"name": "value"}' : '["one", "two"]'),
    oninput: () => {
      const text = field.value;
      say(text);
      const read = parsed(text);
      set(text.trim() ? (fits(kind, read) ? read : text) : null);
    },
  });
  const say = (text) => {
    const read = text.trim() ? parsed(text) : undefined;
    problem.textContent =
      !text.trim() || fits(kind, read)
        ? ""
        : read === undefined
          ? `Not JSON yet${place(text)}`
          : `JSON, but not ${kind === "object" ? "an object: { … }" : "a list: [ … ]"}`;
    field.setAttribute("aria-invalid", String(Boolean(problem.textContent)));
  };
  say(shown);
  return h("div", { class: "json" }, field, problem);
}

// Where JSON text breaks off, as far as the browser tells: browsers word their message and its place differently.
function place(text) {
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    const at = /line (\d+) column (\d+)/.exec(error.message);
    if (at) return `: line ${at[1]}, column ${at[2]}`;
    const position = Number(/position (\d+)/.exec(error.message)?.[1] ?? text.length);
    const before = text.slice(0, position).split("\n");
    return `: line ${before.length}, column ${before.at(-1).length + 1}`;
  }
}

/**
 * A field for each part of an object.
 * @param {Input[]} fields
 * @param {{id: string, value: object, label: string, set: (value: any) => void}} options
 * @returns {HTMLElement}
 */
export function objectForm(fields, { id, value, label, set }) {
  const row = isObject(value) ? value : {};
  const put = (name) => (part) => {
    if (part === null || part === undefined) delete row[name];
    else row[name] = part;
    set(row);
  };
  return h(
    "div",
    { class: "nested", role: "group", "aria-label": label },
    fields.map((field) =>
      h(
        "div",
        { class: "part" },
        h(
          "label",
          { for: `${id}-${field.name}`, title: field.description || null },
          field.name,
          field.required ? "" : h("span", { class: "hint" }, " optional"),
        ),
        part(field, {
          id: `${id}-${field.name}`,
          label: `${label}, ${field.name}`,
          value: row[field.name],
          set: put(field.name),
        }),
      ),
    ),
  );
}

function part(field, { id, label, value, set }) {
  const shown = value ?? field.default ?? null;
  const text = shown === null ? "" : typeof shown === "object" ? JSON.stringify(shown) : String(shown);
  const hint =
    field.example === null || field.example === undefined || typeof field.example === "object"
      ? field.description
      : `for example ${field.example}`;
  switch (field.kind) {
    case "object":
      if (field.fields.length && (shown === null || isObject(nestedValue("object", shown)))) {
        const parts = structuredClone(nestedValue("object", shown)) ?? {};
        return objectForm(field.fields, { id, label, value: parts, set });
      } // else JSON
    case "list":
    case "examples":
      return jsonField(field.kind === "object" ? "object" : "list", {
        id,
        label,
        value: nestedValue(field.kind, shown),
        set,
      });
    case "boolean":
      return h(
        "span",
        { class: "tick" },
        h("input", {
          id,
          type: "checkbox",
          "aria-label": label,
          checked: shown === true,
          onchange: (e) => set(e.target.checked),
        }),
      );
    case "number":
      return h("input", {
        id,
        class: "field num",
        type: "number",
        step: "any",
        "aria-label": label,
        value: text,
        placeholder: hint,
        oninput: (e) => set(e.target.value === "" ? null : Number(e.target.value)),
      });
    case "choice":
      return select(
        [
          ...(field.required && text ? [] : [{ value: "", label: "Choose" }]),
          ...field.choices.map((c) => ({ value: c, label: c, isName: true })),
        ],
        text,
        { id, class: "field", "aria-label": label, missing: text, onchange: (e) => set(e.target.value || null) },
      );
    case "long_text":
      return h("textarea", {
        id,
        class: "field mono",
        rows: 2,
        "aria-label": label,
        value: text,
        placeholder: hint,
        oninput: (e) => set(e.target.value),
      });
    default:
      return h("input", {
        id,
        class: "field mono",
        type: "text",
        "aria-label": label,
        value: text,
        placeholder: hint,
        oninput: (e) => set(e.target.value),
      });
  }
}
