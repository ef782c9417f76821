// Whether the prompt names the technique of a column: then it is saved and exported with it, and opens with it.
//
//   page.form.prompt.run_with = {name: "self-consistency", options: {samples: 5}, prompts: {}, documents: null}

import { h, keepFocus } from "./dom.js";
import { changed, onChange, page } from "./store.js";

let draw = () => {};
onChange(() => draw());

const inOrder = (_, value) =>
  value && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
const same = (a, b) => JSON.stringify(a ?? null, inOrder) === JSON.stringify(b ?? null, inOrder);

/** A choice in words, as `TechniqueChoice.words` has them. */
function words({ name, options = {}, prompts = {}, documents = null }) {
  const told = Object.entries(options).map(([key, value]) => `${key.replaceAll("_", " ")} ${value}`);
  for (const [step, prompt] of Object.entries(prompts)) told.push(`step ${step}: ${prompt}`);
  if (documents) told.push(`${documents.length} documents`);
  return [name, ...told].join(", ");
}

/**
 * The line that says it, and changes it; it follows what is chosen above it.
 * @param {number} i the column
 * @param {() => void} redraw draws the panel again, when the prompt's own technique is taken
 * @returns {HTMLElement}
 */
export function keptWithPrompt(i, redraw) {
  const part = h("div", { class: "kept-with" });
  draw = () => {
    if (!part.isConnected && part.childElementCount) return;
    const { prompt, columns } = page.form;
    const mine = columns[i]?.technique ?? null;
    const own = prompt.run_with ?? null;
    const keep = (on) => {
      prompt.run_with = on && mine ? structuredClone(mine) : null;
      changed("columns");
    };
    const take = () => {
      columns[i].technique = structuredClone(own);
      changed("columns");
      redraw();
    };
    const checked = Boolean(mine) && same(mine, own);
    const box = h("input", { type: "checkbox", checked, onchange: (e) => keep(e.target.checked) });
    const title = "Saved versions and exports name it, and the prompt opens with it";
    const tick = h("label", { title }, box, "Save it with the prompt");
    const other = own && !same(mine, own);
    const named = h("span", { translate: "no" }, other ? words(own) : "");
    const use = h("button", { class: "btn quiet small", onclick: take }, "Use it here");
    const forget = h("button", { class: "btn quiet small", onclick: () => keep(false) }, "Save the prompt without it");
    const rest = [h("p", { class: "hint" }, "The prompt is saved with ", named), h("p", {}, use, mine ? "" : forget)];
    keepFocus(part, () => part.replaceChildren(...(mine ? [tick] : []), ...(other ? rest : [])));
  };
  draw();
  return part;
}
