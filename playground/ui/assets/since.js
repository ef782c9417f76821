// What has changed since: "edited" beside the version, and on each answer what it would be run with otherwise now.

import { $ } from "./dom.js";
import { changedSince, columnSigns, isPromptEdited } from "./identity.js";
import { onChange, page } from "./store.js";
import { onShown } from "./updates.js";

const REST_MS = 120; // signs of a long prompt are not made at every key

let timer = null;

function draw() {
  timer = null;
  if (!page.form?.open?.key) return;
  const edited = $("#edited");
  if (edited) {
    // What was never saved or taken from anywhere is no edition of something.
    const isOf = page.form.version || page.form.origin;
    edited.style.visibility = isOf && isPromptEdited(page.form) ? "" : "hidden";
  }
  const signs = page.run ? columnSigns(page.form) : [];
  for (let i = 0; i < page.most; i++) {
    const column = $(`#col${i}`),
      words = page.busy.has(i) ? "" : changedSince(signs[i], i);
    column.classList.toggle("stale", Boolean(words));
    $(".l3", column).dataset.since = words;
    $(".col-foot", column).title = words ? `Of what was run: ${words}` : "";
  }
}

function soon() {
  timer ??= setTimeout(draw, REST_MS);
}

onChange((what) => {
  if (what === "all" || what === "name" || what === "columns") draw();
  else soon();
});
onShown((update) => {
  if (update.columns || update.run !== undefined || update.form) soon();
});
document.addEventListener("busy", soon);
