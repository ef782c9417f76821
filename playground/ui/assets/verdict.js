// The verdict on an experiment: what is looked at stands in the address, a case that was opened keeps the focus, and
// keys rate the case that listens.

import { doAction } from "./actions.js";
import { $, $$ } from "./dom.js";
import { noteLook } from "./looks.js";
import { onTab } from "./tabs.js";
import { onShown } from "./updates.js";

// A row that is drawn anew by its own press keeps the focus; other controls keep it everywhere (dom.js).
let row = "";
document.addEventListener("focusin", (e) => (row = e.target.closest?.("#verdict tr[id]")?.id ?? ""));

onShown((update) => {
  if (!["exp-body", "exp-verdict"].some((id) => update.html?.[id] !== undefined)) return;
  if (row && document.activeElement === document.body) document.getElementById(row)?.focus();
  $("#verdict tr.detail")?.scrollIntoView({ block: "nearest" });
  const begun = $("#verdict textarea[data-added]"); // a criterion that begins with a note: to be written on
  if (begun) {
    begun.removeAttribute("data-added");
    begun.focus();
    begun.setSelectionRange(begun.value.length, begun.value.length);
  }
  setTimeout(noteLook, 60); // after the place itself has been noted
});
// What is opened is noted once it is drawn; what is left, here.
onTab(() => setTimeout(() => $("#verdict")?.offsetParent || noteLook(), 60));

// --- ratings ---------------------------------------------------------------------------------------------------------

const cases = () => $$("#verdict tr.case").filter((line) => line.offsetParent);

let stepped = ""; // the row that a rating stepped to and that opens once it is stored

/** The case that listens to the keys of a rating: the one with the focus, else the one that is open. */
function listening() {
  const focused = document.activeElement?.closest?.("#verdict tr.case");
  return focused ?? $("#verdict tr.case.at");
}

document.addEventListener("keydown", (e) => {
  if (!["1", "2", "=", "0"].includes(e.key) || e.ctrlKey || e.metaKey || e.altKey || e.repeat) return;
  if (!$("#verdict")?.offsetParent || $(".drawer") || e.target.matches?.("input, textarea, select")) return;
  const line = listening();
  const choice = line && $(`.v-rate [data-key="${e.key}"]`, line);
  if (!choice) return;
  e.preventDefault();
  const isNew = choice.getAttribute("aria-pressed") !== "true";
  const all = cases();
  const next = all[all.indexOf(line) + 1];
  const stored = doAction("rate_case", { ...choice.dataset });
  if (!isNew || !next) return;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  // Where one was open the next one opens in its place; what is drawn then has the rating.
  // Who has gone elsewhere by then stays there.
  stepped = line.matches(".at") || line.id === stepped ? next.id : "";
  stored.then(() => {
    const row = stepped && document.getElementById(stepped);
    if (row && row === document.activeElement && !row.matches(".at")) row.click();
  });
});

// On a judge's page: what a key stands for is on its button (P pass, F fail, Space skip, L "I was wrong").
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.repeat || !$("#verdict.va")?.offsetParent || $(".drawer")) return;
  if (e.target.matches?.("input, textarea, select")) return;
  if (e.key === " " && e.target.matches?.("button, [tabindex]")) return;
  const button = $(`#verdict.va [data-hot="${CSS.escape(e.key.toLowerCase())}"]`);
  if (!button) return;
  e.preventDefault();
  button.click();
});
