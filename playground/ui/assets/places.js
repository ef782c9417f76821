// The address: it names the tab and what is open there, and the browser's Back and Forward go between what was open.
//
//   history.state.place = {draft: "k3…", key: "prompt:3f…", version: 2, run: "9c…", tab: "Compare"}

import { keepNow } from "./drafts.js";
import { closeDrawer } from "./drawer.js";
import { call, page } from "./store.js";
import { onTab, showTab } from "./tabs.js";

const NAMED = ["pattern", "prompt", "new", "version", "run", "tab", "experiment"];
const TABS = ["Compare", "Library", "Data", "Experiments", "History", "Models"];
const MOST = 30;

const seen = new Map(); // {form, run, previous} of what was open in this tab, by its draft
let apply = () => {},
  tab = "Compare",
  going = false,
  turn = 0,
  timer = null;

const within = {}; // of a tab that has places of its own, by its name

/**
 * A tab tells which of its places is open, and is told where Back and Forward lead.
 * @param {string} name
 * @param {{keys: string[], of: () => Record<string, string>, step: string[], go: (at: object) => void}} what
 *   `keys` of the address are its own; another value of one in `step` is another place, not the same seen otherwise
 */
export function tellsPlace(name, what) {
  within[name] = what;
}

function here() {
  const { open, version } = page.form;
  const { run, experiment } = page,
    at = within[tab]?.of();
  return { draft: open.draft, key: open.key, version: version ?? null, run: run ?? null, tab, experiment, at };
}

// What the address says of a place, and what Python is asked for it.
function queryOf({ key, version, run }) {
  const [kind, ...rest] = key.split(":");
  const query = {};
  if (["pattern", "prompt", "new"].includes(kind)) query[kind] = rest.join(":");
  if (kind === "prompt" && version) query.version = String(version);
  if (run || kind === "run") query.run = run ?? rest.join(":");
  return query;
}

function address(place) {
  const url = new URL(location);
  for (const name of [...NAMED, ...Object.values(within).flatMap(({ keys }) => keys)]) url.searchParams.delete(name);
  for (const [name, value] of Object.entries(queryOf(place))) url.searchParams.set(name, value);
  if (place.tab !== "Compare") url.searchParams.set("tab", place.tab.toLowerCase());
  if (place.tab === "Experiments" && place.experiment) url.searchParams.set("experiment", place.experiment);
  for (const [name, value] of Object.entries(place.at ?? {})) url.searchParams.set(name, value);
  return url;
}

// Within the tab: a set-up that becomes its experiment is one place.
const turned = (was, place) =>
  place.tab === "Experiments" && was.experiment !== place.experiment && was.experiment !== "setup";
const stepped = (was, place) =>
  was.tab === place.tab && (within[tab]?.step ?? []).some((name) => was.at?.[name] !== place.at?.[name]);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function note() {
  clearTimeout(timer);
  if (!page.form?.open?.key) return;
  const place = here(),
    was = history.state?.place;
  if (was && same(was, place)) return;
  const isOther = was && (was.draft !== place.draft || was.tab !== place.tab);
  const moves = was && !going && (isOther || turned(was, place) || stepped(was, place));
  history[moves ? "pushState" : "replaceState"]({ ...history.state, place }, "", address(place));
}

/** What is open, or the tab, may be another one: told once all of it is on screen. */
export function notePlace() {
  clearTimeout(timer);
  timer = setTimeout(note, 30);
}

/**
 * What is on screen is left; it is here again at once as long as this page is open.
 * @returns {object} the way back
 */
export function leavePlace() {
  const { form, run, previous } = page;
  seen.delete(form.open.draft);
  seen.set(form.open.draft, { form, run, previous });
  if (seen.size > MOST) seen.delete(seen.keys().next().value);
  return { ...here(), tab: "Compare" };
}

/** Whether Back or Forward brought what is coming onto the screen. */
export const isGoing = () => going;

/**
 * Shows what was open once more.
 * @param {object} place
 * @returns {Promise<boolean>} whether it is on screen
 */
export function revisit(place) {
  going = false;
  return show(place);
}

async function show(place) {
  const mine = ++turn;
  keepNow();
  const known = seen.get(place.draft);
  const query = queryOf({ ...place, run: known ? known.run : place.run });
  if (known && !known.run) delete query.run;
  const reply = await call("revisit", { form: known?.form ?? null, draft: place.draft, query });
  if (mine !== turn) return false;
  if (reply.form && known) reply.form = known.form;
  apply(reply);
  if (reply.form && known) page.previous = known.previous;
  return Boolean(reply.form);
}

async function go(place) {
  going = true;
  closeDrawer(); // it belongs to the place that is left
  const mine = turn + 1;
  try {
    if (place.draft !== page.form.open.draft) await show(place);
    else turn += 1;
    if (turn !== mine) return; // somebody went on meanwhile
    page.experiment = place.experiment ?? "";
    showTab(place.tab);
    tab = place.tab;
    await within[tab]?.go(place.at ?? {});
    note();
  } finally {
    if (turn === mine) going = false;
  }
}

/**
 * Begins with what the page was opened with.
 * @param {(update: object) => void} shows
 */
export function startPlaces(shows) {
  apply = shows;
  const asked = new URL(location).searchParams.get("tab");
  const name = TABS.find((each) => each.toLowerCase() === asked);
  page.experiment = new URL(location).searchParams.get("experiment") ?? "";
  addEventListener("popstate", (e) => {
    if (e.state?.place && page.form?.open?.key) go(e.state.place);
  });
  onTab((pressed) => {
    if (!TABS.includes(pressed) || pressed === tab) return;
    tab = pressed;
    notePlace();
  });
  if (name && name !== "Compare") {
    tab = name;
    showTab(name);
  }
  notePlace();
}
