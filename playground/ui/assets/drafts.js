// What is typed is kept as it is typed: in this tab, in this browser, and by the program, where it is a draft until it
// is saved or thrown away. Only one tab writes to a draft.

import { toast } from "./alerts.js";
import { isEdited, newId, signOf } from "./identity.js";
import { AWAY, call, onChange, page } from "./store.js";

const DRAFT = "playground.draft",
  TAB = "playground.tab";
const ROOM = 4_000_000; // characters of images that a browser's five million surely hold beside the rest
const REST_MS = 300,
  LONGEST_MS = 2000; // what is typed without a rest is kept all the same
const AWAY_MS = 5000; // between two attempts while the program is away
const BEACON_BYTES = 60_000; // a browser sends no more for a page that goes

const images = new Map(); // hash of each image that the program has, by the image
let stored = { draft: "", sign: "" }; // what the program has kept last
let queue = Promise.resolve(),
  faults = "",
  copied = false;

// --- which tab this is ------------------------------------------------------------------------------------------

const nonce = newId();
const others = "BroadcastChannel" in window ? new BroadcastChannel("playground.tabs") : null;
const own = read(sessionStorage, DRAFT),
  last = own ?? read(localStorage, DRAFT);
let tab = get(sessionStorage, TAB) ?? last?.tab ?? newId();
put(sessionStorage, TAB, tab);

// A tab that was duplicated, or begins with what another one has kept, has its name: who has it already says so, and
// the newcomer takes another one for itself and for its draft.
if (others) {
  others.onmessage = ({ data }) => {
    if (data.claim === tab && data.by !== nonce) others.postMessage({ taken: tab, by: data.by });
    if (data.taken !== tab || data.by !== nonce) return;
    tab = newId();
    put(sessionStorage, TAB, tab);
    copied = true;
    takeCopy();
  };
  claim();
  addEventListener("pageshow", (e) => e.persisted && claim());
  document.addEventListener("resume", claim);
}

function claim() {
  others.postMessage({ claim: tab, by: nonce });
}

// What is on screen is a draft of another tab: from now on it is one of this tab's own.
function takeCopy() {
  if (!copied || !page.form?.open) return;
  copied = false;
  rename(newId());
}

function rename(draft) {
  const { place } = history.state ?? {};
  if (place?.draft === page.form.open.draft) {
    history.replaceState({ ...history.state, place: { ...place, draft } }, "");
  }
  page.form.open.draft = draft;
}

/** The name of this tab. */
export const tabName = () => tab;

// --- in this browser --------------------------------------------------------------------------------------------

function get(storage, name) {
  try { return storage.getItem(name); } catch { return null; }
}

function put(storage, name, text) {
  try { storage.setItem(name, text); return true; } catch { return false; /* full or forbidden */ }
}

function read(storage, name) {
  try { return JSON.parse(get(storage, name)); } catch { return null; }
}

/**
 * What this tab had on screen, else for a page without an address of its own what this browser had last.
 * @param {boolean} isPlain whether the address names no prompt
 * @returns {{form?: object, run?: string, lacks?: boolean} | null}
 */
export const kept = (isPlain) => own ?? (isPlain ? last : null);

function keepHere() {
  if (!page.form?.prompt) return;
  const { form, run } = page;
  const keep = (all) => {
    const record = { form: all ? form : { ...form, images: [] }, run, tab, ...(all ? {} : { lacks: true }) };
    const text = JSON.stringify(record);
    put(localStorage, DRAFT, text);
    return put(sessionStorage, DRAFT, text);
  };
  const whole = (form.images ?? []).reduce((sum, image) => sum + image.length, 0) <= ROOM && keep(true);
  if (!whole) keep(false);
}

// --- by the program ---------------------------------------------------------------------------------------------

async function namesOf(form) {
  const names = [];
  for (const image of form.images ?? []) {
    if (!images.has(image)) {
      const reply = await call("keep_image", { image });
      if (!reply.kept) return null;
      images.set(image, reply.kept);
    }
    names.push({ sha256: images.get(image) });
  }
  return names;
}

// With the run: its answers come back with the draft.
const signWith = (form, run) => `${signOf(form)}.${run ?? ""}`;
const isStored = (form, run) => stored.draft === form.open.draft && stored.sign === signWith(form, run);

async function keepWhole(form, run) {
  const named = await namesOf(form);
  lacks(form, named === null);
  return call("keep_draft", { draft: { tab, run, form: { ...form, images: named ?? [] } } });
}

async function keepThere(form, run) {
  const { draft } = form.open,
    sign = signWith(form, run);
  if (!isEdited(form)) {
    if (stored.draft === draft) await call("forget_draft", { draft });
    if (stored.draft === draft) stored = { draft: "", sign: "" };
    return;
  }
  if (isStored(form, run)) return;
  let reply = await keepWhole(form, run);
  // An image may have gone with a run that was deleted since: it is sent once more.
  if (!reply.kept && reply.alert?.message !== AWAY && form.images?.length) {
    images.clear();
    reply = await keepWhole(form, run);
  }
  if (!reply.kept) {
    // While the program is away this browser has it. What it refuses, it says once.
    const fault = reply.alert?.message ?? "";
    if (fault && fault !== AWAY && fault !== faults) toast(`Not kept as a draft: ${fault}`, null, false);
    faults = fault;
    if (fault === AWAY) resting ??= setTimeout(keepNow, AWAY_MS);
    return;
  }
  faults = "";
  stored = { draft: reply.kept, sign };
  if (reply.kept === draft) return;
  if (page.form?.open?.draft === draft) rename(reply.kept);
  else form.open.draft = reply.kept;
}

function lacks(form, missing) {
  if (form !== page.form || missing === page.draftLacksImages) return;
  page.draftLacksImages = missing;
  document.dispatchEvent(new Event("draft"));
}

const there = (form, run) => (queue = queue.then(() => keepThere(form, run)));

/** Keeps what is on screen at once. */
export function keepNow() {
  clearTimeout(resting);
  clearTimeout(longest);
  resting = longest = null;
  if (!page.form?.open?.key) return;
  keepHere();
  there(page.form, page.run);
}

/**
 * Something else comes onto the screen.
 * @returns {boolean} whether what was there is a draft
 */
export function leaveForm() {
  if (!page.form?.open?.key) return false;
  keepNow();
  return isEdited(page.form);
}

let resting = null,
  longest = null;

onChange((what) => {
  if (what === "all") takeCopy();
  clearTimeout(resting);
  resting = setTimeout(keepNow, REST_MS);
  longest ??= setTimeout(keepNow, LONGEST_MS);
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden && resting) keepNow();
});
addEventListener("pagehide", () => {
  if (!page.form?.open?.key) return;
  keepHere();
  const { form, run } = page;
  if (!isEdited(form) || isStored(form, run)) return;
  const named = (form.images ?? []).map((image) => images.get(image));
  if (named.includes(undefined)) return;
  const sent = { tab, run, form: { ...form, images: named.map((sha256) => ({ sha256 })) } };
  const body = new Blob([JSON.stringify(sent)], { type: "application/json" });
  if (body.size < BEACON_BYTES) navigator.sendBeacon("library/draft", body);
});
