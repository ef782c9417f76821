// Techniques at equal tokens: the plot over tokens or seconds, and a row and its mark that light up together.

import { $, $$ } from "./dom.js";
import { onShown } from "./updates.js";

const PLACE = "along"; // in the address, so that a reload shows the same

const inBench = (el) => el.closest?.("#exp-body .tb-all");

function along(by) {
  const plots = $$("[data-tb-plot]");
  if (!plots.some((plot) => plot.dataset.tbPlot === by)) return;
  for (const plot of plots) plot.hidden = plot.dataset.tbPlot !== by;
  for (const one of $$("[data-tb-by]")) one.setAttribute("aria-pressed", String(one.dataset.tbBy === by));
}

function light(name) {
  for (const el of $$(".tb-all [data-technique]")) el.classList.toggle("lit", el.dataset.technique === name);
}

document.addEventListener("click", (e) => {
  const by = e.target.closest?.("[data-tb-by]")?.dataset.tbBy;
  if (by) {
    along(by);
    const url = new URL(location);
    if (by === "tokens") url.searchParams.delete(PLACE);
    else url.searchParams.set(PLACE, by);
    history.replaceState(history.state, "", url);
    return;
  }
  const mark = e.target.closest?.(".gains [data-technique]");
  if (mark) $(`.tb-table tr[data-technique="${mark.dataset.technique}"]`)?.focus();
});

for (const kind of ["pointerover", "focusin"])
  document.addEventListener(kind, (e) => {
    if (inBench(e.target)) light(e.target.closest("[data-technique]")?.dataset.technique ?? "");
  });

onShown((update) => {
  if (update.html?.["exp-body"] === undefined && update.html?.["tb-live"] === undefined) return;
  along(new URL(location).searchParams.get(PLACE) ?? "tokens");
});
