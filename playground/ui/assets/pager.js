// The phone's pager: a tab for each column, one of which is shown.

import { iconOf } from "./answers.js";
import { h, icon, keepPlace } from "./dom.js";
import { page } from "./store.js";
import { onceLeft } from "./waiting.js";

let pager, show;

/**
 * Puts the pager into an element.
 * @param {HTMLElement} root
 * @param {() => void} onTurn shows the column in front
 */
export function mountPager(root, onTurn) {
  show = onTurn;
  pager = h("div", { class: "pager pp", role: "tablist", "aria-label": "Columns" });
  root.replaceChildren(pager);
  document.addEventListener("busy", drawPager);
}

export function drawPager() {
  if (!page.form?.columns) return;
  const name = (column) => page.models.find((m) => m.id === column.model)?.name.slice(0, 12) ?? "";
  const turnTo = (i) => {
    page.front = i;
    show();
  };
  const tabs = () =>
    page.form.columns.map((column, i) =>
      h(
        "button",
        { role: "tab", "aria-selected": String(i === page.front), onclick: () => turnTo(i) },
        h("span", { class: "key" }, String(i + 1)),
        name(column),
        iconOf(i) ? icon(iconOf(i)) : "",
      ),
    );
  onceLeft(pager, () => keepPlace(pager, () => pager.replaceChildren(...tabs())));
}
