// A search field with data-filter="selector" hides the rows that lack one of its words.

import { $$ } from "./dom.js";

function filterRows(field) {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = $$(field.dataset.filter);
  for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  const none = rows[0]?.closest("table").parentElement.querySelector(".none");
  if (none) none.hidden = rows.some((row) => !row.hidden);
}

/** Filters lists that were drawn anew as their fields say. */
export function filterAgain() {
  $$("[data-filter]").forEach(filterRows);
}

document.addEventListener("input", (e) => {
  if (e.target.dataset?.filter) filterRows(e.target);
});
