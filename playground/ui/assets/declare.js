// How a variable is asked for: its type, description, default, example and parts, kept with the prompt.

import { h } from "./dom.js";
import { parsed } from "./nested.js";
import { changed, page } from "./store.js";

/**
 * How a variable is declared: by the shared prompt, else by the own prompt of a column.
 * @param {string} name
 * @returns {Input | undefined}
 */
export function declared(name) {
  const own = page.form.columns.flatMap((column) => (column.own ? (column.inputs ?? []) : []));
  return [...page.form.prompt.inputs, ...own].find((input) => input.name === name);
}

/**
 * How a variable is asked for: as it is declared, else as the text uses it (x.first makes an object of x).
 * @param {string} name
 * @returns {string}
 */
export const kindOf = (name) => declared(name)?.kind ?? page.preview?.kinds?.[name] ?? "text";

/**
 * Changes a variable's declaration, or makes one.
 * @param {string} name
 * @param {Partial<Input>} patch
 */
export function declare(name, patch) {
  const input = declared(name);
  if (input) Object.assign(input, patch);
  else
    page.form.prompt.inputs.push({
      name,
      kind: kindOf(name),
      description: "",
      required: true,
      default: null,
      example: null,
      choices: [],
      fields: [],
      ...patch,
    });
}

/**
 * The form of a variable's declaration.
 * @param {string} name
 * @param {() => void} redraw draws its row anew
 * @returns {HTMLElement}
 */
export function declareForm(name, redraw) {
  const input = () => declared(name) ?? {};
  const field = (label, key, attrs = {}, read = (v) => v, show = (v) => v ?? "") => [
    h("label", { class: "hint", for: `d-${name}-${key}` }, label),
    h("input", {
      id: `d-${name}-${key}`,
      class: "field",
      value: show(input()[key]),
      ...attrs,
      onchange: (e) => {
        declare(name, { [key]: read(e.target.value) });
        changed("values");
        redraw();
      },
    }),
  ];
  const json = (v) => (v === "" ? null : (parsed(v) ?? v));
  const plain = (v) => (v === null || v === undefined ? "" : typeof v === "string" ? v : JSON.stringify(v));
  return h(
    "div",
    { class: "declare" },
    field("Description", "description"),
    field("Default", "default", {}, json, plain),
    field("Example", "example", {}, json, plain),
    input().kind === "choice"
      ? field(
          "Choices",
          "choices",
          { placeholder: "warm, plain, formal" },
          (v) =>
            v
              .split(",")
              .map((c) => c.trim())
              .filter(Boolean),
          (v) => (v ?? []).join(", "),
        )
      : [],
    input().kind === "object"
      ? field(
          "Fields",
          "fields",
          { placeholder: "first, last, tier" },
          (v) => fieldsNamed(v, input().fields ?? []),
          (v) => (v ?? []).map((part) => part.name).join(", "),
        )
      : [],
    h("label", { class: "hint", for: `d-${name}-required` }, "Required"),
    h(
      "span",
      {},
      h("input", {
        id: `d-${name}-required`,
        type: "checkbox",
        checked: input().required ?? true,
        onchange: (e) => {
          declare(name, { required: e.target.checked });
          changed("values");
        },
      }),
    ),
  );
}

// Fields by their names, each once; one that was there keeps its kind.
function fieldsNamed(text, known) {
  const names = [
    ...new Set(
      text
        .split(",")
        .map((part) => part.trim())
        .filter(Boolean),
    ),
  ];
  return names.map(
    (name) =>
      known.find((field) => field.name === name) ?? {
        name,
        kind: "text",
        description: "",
        required: true,
        default: null,
        example: null,
        choices: [],
        fields: [],
      },
  );
}
