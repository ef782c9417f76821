// Starting and stopping the run on screen, and leaving it for another one.

import { $ } from "./dom.js";
import { applyColumn, settleColumns } from "./answers.js";
import { keepNow } from "./drafts.js";
import { columnSigns } from "./identity.js";
import { foldOwn } from "./own_prompts.js";
import { isLookingAt, leaveView, newView, runAgain } from "./live.js";
import { call, page } from "./store.js";

const WAITS = { kind: "pending", icon: "ring", text: "waits" };

// A run is under way before the page knows its id; Stop pressed until then is sent once it is known.
let starting = false, stopAsked = null, signs = [];

// Where the page itself scrolls, the answer comes into view; nothing changes its size or loses the focus.
function showAnswers() {
  const pager = $("#pager");
  const isFar = pager.offsetHeight && pager.getBoundingClientRect().top > innerHeight / 2;
  if (isFar) pager.scrollIntoView({ block: "start" });
}

/**
 * Runs all columns (null) or only one.
 * @param {number | null} only
 */
export function run(only) {
  if (page.busy.size && only === null) return;
  $("#messages").replaceChildren();
  if (only === null) {
    showAnswers();
    foldOwn();
    page.form.columns.forEach((_, i) => applyColumn(i, { state: WAITS }));
  } else applyColumn(only, { state: WAITS });
  starting = only === null;
  if (starting) signs = columnSigns(page.form);
  stopAsked = null;
  // While others of this run write, the page looks at it already.
  if (only !== null && isLookingAt(page.run)) runAgain(only);
  else {
    const id = only === null ? null : page.run;
    page.trigger("run", { form: JSON.stringify(page.form), only, run: id, stream: newView(id) });
  }
}

/**
 * Stops one column, or all of them.
 * @param {{column?: string}} which
 */
export function stop({ column }) {
  const asked = { column: column === undefined ? null : Number(column) };
  if (starting) stopAsked = asked; else if (page.run) call("stop", { run: page.run, ...asked });
}

/** The id of the run on screen is known. */
export function started() {
  if (!starting) return;
  starting = false;
  page.form.open.ran = signs;
  keepNow();
  if (stopAsked) call("stop", { run: page.run, ...stopAsked });
}

/** Another run or prompt takes the columns: what still writes goes on, and is found in the head and in History. */
export function leaveRun() {
  leaveView();
  starting = false;
  settleColumns(true);
}
