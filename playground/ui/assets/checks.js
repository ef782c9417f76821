// The form of a prompt's checks, made from the list of scorers that Python sends.

import { $$, h, icon, select } from "./dom.js";
import { openDrawer } from "./drawer.js";
import { changed, onChange, page, previewListeners } from "./store.js";
import { about, explained } from "./terms.js";
import { removed } from "./undo.js";

let box = null;

export function openChecks() {
  box = h("div", { style: "display:grid;gap:12px" });
  openDrawer({
    title: "Checks on the answer",
    narrow: true,
    nodes: [
      h(
        "p",
        { class: "soft" },
        "Each check looks at every answer when it ends and gives 0 to 1. They are kept with the prompt. ",
        h("span", { class: "mono" }, "{{ name }}"),
        " stands for the value of a variable.",
      ),
      box,
      schemaField(),
    ],
  });
  draw();
  saySchema();
}

function schemaField() {
  const { prompt } = page.form;
  const problem = h("p", { class: "hint", role: "status", id: "output-schema-problem" });
  return h(
    "div",
    { style: "display:grid;gap:6px" },
    h("label", { for: "output-schema" }, h("b", {}, "Answer as JSON of this schema")),
    h(
      "p",
      { class: "hint" },
      "A backend that can is held to it while it writes; the answer is checked against it in any case. ",
      "Empty: free text.",
    ),
    h("textarea", {
      id: "output-schema",
      class: "field mono",
      rows: 6,
      placeholder: '{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}',
      value: prompt.output_schema ? JSON.stringify(prompt.output_schema, null, 1) : "",
      oninput: (e) => {
        let schema = null;
        try {
          schema = e.target.value.trim() ? JSON.parse(e.target.value) : null;
          problem.textContent =
            schema === null || (typeof schema === "object" && !Array.isArray(schema))
              ? ""
              : "A schema is a JSON object.";
        } catch {
          problem.textContent = "This is not JSON yet.";
        }
        e.target.setAttribute("aria-invalid", String(Boolean(problem.textContent)));
        problem.toggleAttribute("data-typing", Boolean(problem.textContent));
        if (!problem.textContent) {
          prompt.output_schema = schema;
          changed("checks");
        }
      },
    }),
    problem,
  );
}

onChange((what) => {
  if (what === "all" && box?.isConnected) openChecks();
});

// Said at its own check, and quietly: whoever reads it is about to correct it.
previewListeners.push(() => {
  if (!box?.isConnected) return;
  for (const [i, row] of $$(".check-row", box).entries()) sayState(row, i);
  saySchema();
});

// What is wrong with the schema that is kept: while what stands in the field is none, that is said there.
function saySchema() {
  const problem = document.getElementById("output-schema-problem");
  if (problem.hasAttribute("data-typing")) return;
  problem.textContent = page.preview?.schema ?? "";
  document.getElementById("output-schema").setAttribute("aria-invalid", String(Boolean(problem.textContent)));
}

function sayState(row, i) {
  const { problem = "" } = page.preview?.checks?.[i] ?? {};
  const words = row.querySelector(".state-of");
  words.classList.toggle("problem", Boolean(problem));
  if (problem) words.textContent = problem;
  else if (page.form.prompt.checks[i]?.example && page.preview?.is_example === false)
    words.textContent = "The values on screen are your own: it says nothing of their answers.";
  else words.textContent = "";
}

function draw() {
  const { checks } = page.form.prompt;
  const rows = checks.map(row);
  rows.forEach(sayState);
  box.replaceChildren(
    ...rows,
    h(
      "div",
      {},
      h(
        "button",
        {
          class: "btn",
          onclick: () => {
            checks.push(blank(page.scorers[1]?.name ?? page.scorers[0].name));
            redraw();
          },
        },
        icon("plus"),
        "Add check",
      ),
    ),
  );
}

function redraw() {
  draw();
  changed("checks");
}

function blank(scorer) {
  const options = Object.fromEntries(
    page.scorers
      .find((s) => s.name === scorer)
      .options.filter((o) => o.required)
      .map((o) => [o.name, { list: [], number: 0, integer: 0, boolean: false, json: {} }[o.kind] ?? ""]),
  );
  return { scorer, options, negate: false, weight: 1 };
}

function row(check, i) {
  const { checks } = page.form.prompt;
  const scorer = page.scorers.find((s) => s.name === check.scorer);
  const choices = page.scorers.map((s) => ({ value: s.name, label: s.label, group: s.group }));
  return h(
    "fieldset",
    { class: "check-row" },
    h(
      "div",
      { style: "display:flex;gap:8px 16px;align-items:center;flex-wrap:wrap" },
      h(
        "span",
        { class: "kind" },
        select(choices, check.scorer, {
          class: "field",
          "aria-label": `Kind of check ${i + 1}`,
          onchange: (e) => {
            checks[i] = blank(e.target.value);
            redraw();
          },
        }),
        explained(scorer?.label, scorer?.about),
      ),
      h(
        "label",
        {},
        h("input", {
          type: "checkbox",
          checked: check.negate,
          onchange: (e) => {
            check.negate = e.target.checked;
            changed("checks");
          },
        }),
        " not",
      ),
      h(
        "span",
        { style: "white-space:nowrap" },
        h(
          "label",
          {},
          h("input", {
            type: "checkbox",
            checked: Boolean(check.example),
            onchange: (e) => {
              check.example = e.target.checked;
              changed("checks");
            },
          }),
          " example only",
        ),
        about("example only"),
      ),
      h(
        "label",
        { style: "display:flex;gap:6px;align-items:center" },
        "weight",
        h("input", {
          class: "field num",
          style: "width:64px",
          type: "number",
          min: 0.1,
          step: "any",
          value: check.weight,
          oninput: (e) => {
            const w = Number(e.target.value);
            if (w > 0) {
              check.weight = w;
              changed("checks");
            }
          },
        }),
      ),
    ),
    h(
      "button",
      {
        class: "btn quiet icon",
        title: "Remove check",
        "aria-label": `Remove check ${i + 1}`,
        onclick: () => {
          checks.splice(i, 1);
          redraw();
          removed("Check");
        },
      },
      icon("trash"),
    ),
    h(
      "div",
      { class: "opts" },
      (scorer?.options ?? []).flatMap((o) => option(check, o, i)),
    ),
    h("p", { class: "hint state-of", role: "status" }),
  );
}

function option(check, o, i) {
  const id = `check${i}-${o.name}`;
  const value = check.options[o.name] ?? o.default;
  const set = (v) => {
    if (v === undefined) delete check.options[o.name];
    else check.options[o.name] = v;
    changed("checks");
  };
  const what = o.about ? explained(o.label, o.about) : about(o.label);
  const label = h("span", { class: "soft" }, h("label", { for: id }, o.label), what);
  if (o.kind === "boolean")
    return [
      label,
      h(
        "span",
        {},
        h("input", { id, type: "checkbox", checked: Boolean(value), onchange: (e) => set(e.target.checked) }),
      ),
    ];
  if (o.kind === "choice")
    return [
      label,
      select(
        o.choices.map((c) => ({ value: c, label: c })),
        value,
        { id, class: "field", onchange: (e) => set(e.target.value) },
      ),
    ];
  if (o.kind === "number" || o.kind === "integer")
    return [
      label,
      h("input", {
        id,
        class: "field num",
        type: "number",
        step: o.kind === "integer" ? 1 : "any",
        value: value ?? "",
        oninput: (e) => set(e.target.value === "" ? (o.required ? 0 : undefined) : Number(e.target.value)),
      }),
    ];
  if (o.kind === "list")
    return [
      label,
      h("textarea", {
        id,
        class: "field mono",
        rows: 3,
        placeholder: "one a line",
        value: (value ?? []).join("\n"),
        oninput: (e) => set(e.target.value.split("\n").filter((s) => s.trim())),
      }),
    ];
  if (o.kind === "json")
    return [
      label,
      h("textarea", {
        id,
        class: "field mono",
        rows: 5,
        placeholder: '{"type": "object"}',
        value: value === null ? "" : typeof value === "string" ? value : JSON.stringify(value, null, 1),
        oninput: (e) => {
          if (!o.required && !e.target.value.trim()) {
            e.target.setCustomValidity("");
            return set(undefined);
          }
          try {
            set(JSON.parse(e.target.value));
            e.target.setCustomValidity("");
          } catch {
            set(e.target.value);
          }
        },
      }),
    ];
  const written = { id, class: "field mono", value: value ?? "", oninput: (e) => set(e.target.value) };
  return [label, o.kind === "text" ? h("input", written) : h("textarea", { ...written, rows: 2 })];
}
