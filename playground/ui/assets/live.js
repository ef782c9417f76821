// The run on screen as it goes on in the program: looked at again after a reload, in every tab, with nothing lost.
// And what else runs: the head's "2 running", asked for while something runs, rarely while nothing does.

import { call, page } from "./store.js";

const BUSY_MS = 2000, IDLE_MS = 15_000, ELSEWHERE_MS = 2000, PATIENCE_MS = 2000;

// What this page looks at: {stream, run, seq, asked}. The run is null until its id is known; `asked` is when
// everything was asked for again because a paint was lost.
let view = null;
let apply = () => {};
let asking = null, elsewhere = null;

// Tabs of one browser tell each other that a run has begun or ended.
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("playground") : null;

/**
 * Whether this page looks at the run as it goes on.
 * @param {string | null} run
 * @returns {boolean}
 */
export const isLookingAt = (run) => view !== null && view.run === run;

/**
 * Begins a view of a run; what an earlier one still brings is ignored.
 * @param {string | null} run
 * @returns {string} the name of its stream
 */
export function newView(run) {
  leaveView();
  view = { stream: Math.random().toString(36).slice(2, 12), run, seq: 0, asked: 0 };
  return view.stream;
}

/** Looks no longer; the run goes on. */
export function leaveView() {
  if (view) call("leave", { stream: view.stream });
  view = null;
}

function follow(run) {
  page.trigger("run", { form: null, only: null, run, stream: newView(run) });
}

/**
 * Runs a column of the run on screen again while others of it write: the view that is there shows it.
 * @param {number} column
 */
export async function runAgain(column) {
  apply(await call("again", { run: page.run, column }));
}

/** A paint of the program; of a busy browser some are lost. */
function receive(update) {
  if (!view || update.stream !== view.stream || update.seq <= view.seq) return;
  if (update.seq !== view.seq + 1 && !update.whole) {
    lose(update);
    return;
  }
  view.seq = update.seq;
  view.asked = 0;
  if (update.run && view.run !== update.run) {
    view.run = update.run;
    tell();
  }
  if (update.over) {
    view = null;
    tell();
  }
  apply(update);
}

async function lose(update) {
  const mine = view;
  if (update.over) {
    view = null;
    if (update.run) follow(update.run); else ask();
  } else if (Date.now() - mine.asked > PATIENCE_MS) {
    mine.asked = Date.now();
    const reply = await call("lost", { stream: mine.stream });
    if (reply.anew && view === mine && mine.run) follow(mine.run);
  }
}

/**
 * What an update says of runs that go on.
 * @param {object} update
 */
export function noticeLive(update) {
  if (update.live === undefined) return;
  clearTimeout(asking);
  // An experiment is none of the runs that a page can look at, but it runs.
  asking = setTimeout(ask, update.live.length || update.html?.running ? BUSY_MS : IDLE_MS);
  // It ended while nothing came from there, as when the program was started again.
  if (view?.run && !update.live.includes(view.run)) {
    view.missed = (view.missed ?? 0) + 1;
    if (view.missed > 1) {
      const { run } = view;
      view = null;
      lookAgain(run);
    }
  } else if (view) view.missed = 0;
  const mayLook = page.run && (view === null || view.run !== null);
  if (mayLook && update.live.includes(page.run) && !isLookingAt(page.run)) follow(page.run);
  clearTimeout(elsewhere);
  if (update.elsewhere) elsewhere = setTimeout(lookAgain, ELSEWHERE_MS, page.run);
}

function tell() { tabs?.postMessage("running"); }

async function ask() {
  clearTimeout(asking);
  if (document.hidden) return;  // asked when it is seen again
  const reply = await call("running");
  if (reply.alert) asking = setTimeout(ask, IDLE_MS); else apply(reply, { isLook: true });
}

// Another program runs it: this one knows only what is stored.
async function lookAgain(run) {
  if (page.run !== run) return;
  const reply = await call("look_again", { run });
  if (page.run === run && !reply.alert) apply(reply, { isLook: true });
}

/**
 * Connects the bridge: `watch` is called with what receives its value.
 * @param {(update: object) => void} shows
 * @param {(receive: (update: object) => void) => void} watch
 */
export function startLive(shows, watch) {
  apply = shows;
  watch(receive);
  if (tabs) tabs.onmessage = ask;
  document.addEventListener("visibilitychange", ask);
}
