// The verdict on an experiment: what is looked at stands in the address, and a case that was opened keeps the focus.

import { $ } from "./dom.js";
import { onTab } from "./tabs.js";
import { onShown } from "./updates.js";

/** Writes the look of the verdict on screen into the address; without one it goes. */
function noteLook() {
  const shown = $("#verdict");
  const url = new URL(location);
  const look = shown?.offsetParent ? shown.dataset.look : "";
  if ((url.searchParams.get("look") ?? "") === look) return;
  if (look) url.searchParams.set("look", look);
  else url.searchParams.delete("look");
  history.replaceState(history.state, "", url);
}

/** The look that the address names, for the page that opens. */
export const lookOfAddress = () => new URL(location).searchParams.get("look") ?? "";

// A row that is drawn anew by its own press keeps the focus; other controls keep it everywhere (dom.js).
let row = "";
document.addEventListener("focusin", (e) => (row = e.target.closest?.("#verdict tr[id]")?.id ?? ""));

onShown((update) => {
  if (!["exp-body", "exp-verdict"].some((id) => update.html?.[id] !== undefined)) return;
  if (row && document.activeElement === document.body) document.getElementById(row)?.focus();
  $("#verdict tr.detail")?.scrollIntoView({ block: "nearest" });
  setTimeout(noteLook, 60); // after the place itself has been noted
});
onTab(() => setTimeout(noteLook, 60));
