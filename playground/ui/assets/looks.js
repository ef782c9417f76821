// The look of a verdict stands in the address: which pair, which cases, the chosen one. Another pair, or another page
// of it, is another place, which Back and Forward go between; what is only seen otherwise is the same place.

import { $ } from "./dom.js";
import { page } from "./store.js";

const STEPS = ["pair", "beside", "judge", "step", "version"];

const looks = new Map(); // the look that an experiment had last, by its id

// What the address says; `isDrawn` once that is on screen.
const ofAddress = () => {
  const asked = new URL(location).searchParams;
  return { id: asked.get("experiment") ?? "", look: asked.get("look") ?? "", isDrawn: false };
};

let seen = ofAddress();
addEventListener("popstate", () => (seen = ofAddress()));

const stepped = (was, now) => {
  const [before, after] = [was, now].map((look) => new URLSearchParams(look));
  return STEPS.some((name) => before.get(name) !== after.get(name));
};

/** Writes the look of the verdict on screen into the address; without one it goes. */
export function noteLook() {
  const id = page.experiment,
    shown = $("#verdict");
  const isDrawn = Boolean(shown?.offsetParent);
  // Cells that run again: it turns into its verdict where it stands.
  if (!isDrawn && seen.id === id && $(".exp-run")?.offsetParent) return;
  const url = new URL(location);
  const was = url.searchParams.get("look") ?? "",
    look = isDrawn ? shown.dataset.look : "";
  const moves = isDrawn && seen.isDrawn && seen.id === id && seen.look === was && stepped(was, look);
  seen = { id, look, isDrawn };
  if (isDrawn) looks.set(id, look);
  if (was === look) return;
  if (look) url.searchParams.set("look", look);
  else url.searchParams.delete("look");
  history[moves ? "pushState" : "replaceState"](history.state, "", url);
}

/**
 * The look of an experiment: what the address says while its tab is open, else the last one.
 * @param {string} id
 * @returns {string}
 */
export function lookOf(id) {
  const asked = new URL(location).searchParams;
  return asked.get("tab") === "experiments" ? (asked.get("look") ?? "") : (looks.get(id) ?? "");
}

/**
 * What goes along with a request about the experiment on screen, so that its verdict is drawn as it was looked at.
 * @param {object} args of the request
 * @returns {object}
 */
export function withLook(args) {
  const isOfHere = args.id !== undefined && args.id === page.experiment && $("#exp")?.offsetParent;
  return isOfHere && args.look === undefined ? { ...args, look: lookOf(args.id) } : args;
}
