// Starting and stopping the run on screen, and leaving it for another one.

import { $ } from "./dom.js";
import { applyColumn, settleColumns } from "./columns.js";
import { call, page } from "./store.js";

const WAITS = { kind: "pending", icon: "ring", text: "waits" };

// A run is under way before the page knows its id; Stop pressed until then is sent once it is known.
let starting = false, stopAsked = null;

/** Runs all columns (null) or only one. */
export function run(only) {
  if (page.busy.size && only === null) return;
  $("#messages").replaceChildren();
  if (only === null) {
    if (innerWidth < 900 || innerHeight < 820) $("#compare").classList.add("folded");
    page.form.columns.forEach((_, i) => applyColumn(i, { state: WAITS }));
  } else applyColumn(only, { state: WAITS });
  const stream = crypto.randomUUID?.() ?? String(Math.random());
  page.streams.add(stream);
  starting = only === null;
  stopAsked = null;
  page.trigger("run", { form: JSON.stringify(page.form), only, run: only === null ? null : page.run, stream });
}

/** Stops one column, or all of them. */
export function stop({ column }) {
  const asked = { column: column === undefined ? null : Number(column) };
  if (starting) stopAsked = asked; else if (page.run) call("stop", { run: page.run, ...asked });
}

/** The id of the run on screen is known. */
export function started() {
  if (!starting) return;
  starting = false;
  if (stopAsked) call("stop", { run: page.run, ...stopAsked });
}

/** Another run or prompt takes the columns: what still writes is stopped, and kept as far as it came. */
export function leaveRun() {
  if (page.busy.size && page.run) call("stop", { run: page.run });
  if (starting) page.streams.forEach((stream) => page.left.add(stream));  // stopped once its id is known
  page.streams.clear();
  starting = false;
  settleColumns();
}
