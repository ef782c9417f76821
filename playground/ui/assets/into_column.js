// The panel that asks into which column a prompt goes: those that are there, or one more.

import { h } from "./dom.js";
import { closePop, openPop } from "./pop.js";
import { nameOf } from "./prompt_names.js";
import { page } from "./store.js";

/**
 * Opens the panel; `take` is called with the number of the column, from 0.
 * @param {HTMLElement} anchor
 * @param {(column: number) => void} take
 */
export function chooseColumn(anchor, take) {
  const { columns } = page.form;
  const one = (i, name, hint) => {
    const choose = () => {
      closePop(false);
      take(i);
    };
    return h(
      "button",
      { class: "choice", "data-column": i, onclick: choose },
      h("span", { class: "one", translate: "no" }, name),
      h("span", { class: "hint one" }, hint),
    );
  };
  const model = ({ model: id }) => page.models.find((m) => m.id === id)?.name ?? id;
  const rows = columns.map((column, i) => one(i, `Column ${i + 1}`, `${nameOf(column)}, ${model(column)}`));
  if (columns.length < page.most) rows.push(one(columns.length, "A new column", "like the last one"));
  openPop(anchor, "Open in column", rows);
}
