// Lists with a search field above them: ↓ goes from the field into the rows, ↑ back; days are those of the reader.

import { $, $$ } from "./dom.js";
import { onShown } from "./updates.js";

// The reader's own days: Python counts in minutes east of UTC.
onShown(() => {
  const zone = $("#hist input[name=zone]");
  if (zone) zone.value = String(-new Date().getTimezoneOffset());
});

document.addEventListener("keydown", (e) => {
  if (!["ArrowDown", "ArrowUp"].includes(e.key) || e.altKey || e.ctrlKey || e.metaKey) return;
  const field = e.target.matches?.("[data-into]") ? e.target : null;
  const list = field ?? $$("[data-into]").find((one) => one.offsetParent && e.target.matches?.(one.dataset.into));
  if (!list) return;
  const rows = $$(list.dataset.into).filter((row) => row.offsetParent);
  const at = rows.indexOf(e.target) + (e.key === "ArrowDown" ? 1 : -1);
  if (field && e.key === "ArrowUp") return;
  e.preventDefault();
  (at < 0 ? list : rows[Math.min(at, rows.length - 1)])?.focus();
});
