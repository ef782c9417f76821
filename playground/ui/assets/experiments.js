// The Experiments tab: which of its pages is open, the set-up as a value of the form, strips of cells, keys.
//
// A control of the set-up says with data-set what it changes; Python answers with the whole set-up after that, so
// that what stands on the page, in the form and in the file is one thing.

import { fieldsOf, send } from "./actions.js";
import { showAlert } from "./alerts.js";
import { $, $$ } from "./dom.js";
import { lookOf } from "./looks.js";
import { notePlace } from "./places.js";
import { call, onChange, page } from "./store.js";
import { apply, onShown } from "./updates.js";
import "./verdict.js";

const SETUP = "setup";
const NOTES = ["#exp-opened", "#exp-attempt", "#exp-short"];
const COST_MS = 150; // after the last change, before what it takes is asked for

let queue = Promise.resolve(), // one change after the other: each is made to what the one before left
  asked = 0,
  timer = null,
  down = false;

addEventListener("pointerdown", () => (down = true), true);
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => (down = false), true);

// What is drawn anew between the press and the release of a button would swallow the press.
async function released() {
  while (down) await new Promise((done) => setTimeout(done, 20));
  await new Promise((done) => setTimeout(done, 0));
}

/** Opens the page of the tab that was open last, or that the address names. */
export function openExperiments() {
  return send("open_experiments", { at: page.experiment, look: lookOf(page.experiment), fields: fieldsOf($("#exp")) });
}

// --- the set-up --------------------------------------------------------------------------------------------------

function change(what, value) {
  queue = queue.then(async () => {
    const reply = await call("change_experiment", { what, value, form: page.form });
    await released();
    // What is reckoned anew keeps its place until it is there.
    const told = NOTES.map((id) => $(id)?.innerHTML ?? "");
    apply(reply, { keeps: true });
    NOTES.forEach((id, i) => {
      if ($(id)?.innerHTML === "") $(id).innerHTML = told[i];
    });
    if (reply.plan) price();
  });
}

function price() {
  clearTimeout(timer);
  const mine = ++asked;
  timer = setTimeout(async () => {
    const reply = await call("experiment_cost", { form: page.form });
    if (mine !== asked || page.experiment !== SETUP) return;
    if (reply.alert) showAlert(reply.alert);
    else apply(reply, { isLook: true });
  }, COST_MS);
}

function start() {
  // What is typed and not left yet counts: leaving the field takes it.
  if (document.activeElement?.dataset?.set !== undefined) document.activeElement.blur();
  queue = queue.then(async () => {
    const button = $("#exp-start");
    if (!button || button.disabled) return;
    button.disabled = true;
    const reply = await call("start_experiment", { form: page.form });
    if (button.isConnected) button.disabled = false;
    apply(reply);
  });
}

document.addEventListener("change", (e) => {
  const { set, adds } = e.target.dataset ?? {};
  if (set === undefined) return;
  const { type, value, checked } = e.target;
  change(set, type === "checkbox" ? String(checked) : value);
  if (adds !== undefined) e.target.value = "";
});

document.addEventListener("click", (e) => {
  if (e.target.closest?.("[data-starts]")) return start();
  const button = e.target.closest?.("button[data-set]");
  if (button && !button.disabled) change(button.dataset.set, button.value);
  if (e.target.closest?.("[data-act=read_experiment_file]")) e.stopPropagation();
});

// A line that is done is taken; in the file Enter is a new line.
document.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && e.target.matches?.("input[data-set]")) e.target.blur();
});

// Undo, or another draft: the page shows what the form holds now.
onChange((what) => {
  if (what === "all" && page.experiment === SETUP && $("#exp")?.offsetParent) openExperiments();
});

onShown((update) => {
  if (update.experiment !== undefined) notePlace();
  if (update.experiment === SETUP && update.html?.["exp-body"]) price();
});

// --- strips of cells ---------------------------------------------------------------------------------------------

const idHere = () => $("#exp-poll [data-id]")?.dataset.id ?? page.experiment;

function openCell(strip, place) {
  const per = Number(strip.dataset.per);
  send("experiment_cell", { id: idHere(), case: place * per, variant: strip.dataset.variant });
}

document.addEventListener("click", (e) => {
  const cell = e.target.closest?.(".strip > i");
  if (!cell || cell.matches(".waits, .running")) return;
  openCell(cell.parentElement, [...cell.parentElement.children].indexOf(cell));
});

// Where a strip is wider than the window its newest cells are in view, until a person scrolls it.
let held = false,
  left = 0;
for (const name of ["pointerdown", "wheel"]) {
  document.addEventListener(name, (e) => (held ||= Boolean(e.target.closest?.(".strips"))), { passive: true });
}
document.addEventListener("scroll", (e) => e.target.matches?.(".strips") && (left = e.target.scrollLeft), true);
onShown((update) => {
  const box = update.html?.["exp-cells"] && $(".strips");
  if (!box || box.scrollWidth <= box.clientWidth) return;
  const newest = $$("i:not(.waits)", box).reduce((most, cell) => Math.max(most, cell.offsetLeft), 0);
  box.scrollLeft = held ? left : newest - box.clientWidth + 24;
});

let walked = null; // the strip and the column that the keys have come to
onShown((update) => {
  const strip = walked && update.html?.["exp-cells"] && $(`.strip[data-variant="${walked[0]}"]`);
  strip?.children[walked[1]]?.classList.add("at");
});

function walk(strip, key) {
  const cells = [...strip.children],
    at = cells.findIndex((cell) => cell.classList.contains("at"));
  if (key === "Enter") return at >= 0 && openCell(strip, at);
  const last = cells.length - 1;
  const to = { ArrowRight: at + 1, ArrowLeft: at < 0 ? last : at - 1, Home: 0, End: last }[key];
  const cell = cells[Math.min(Math.max(to, 0), last)];
  cells[at]?.classList.remove("at");
  cell.classList.add("at");
  walked = [strip.dataset.variant, cells.indexOf(cell)];
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  $("#exp-say").textContent = `${cells.indexOf(cell) * Number(strip.dataset.per) + 1}: ${cell.classList[0]}`;
}

// --- keys --------------------------------------------------------------------------------------------------------

const typing = (el) => el.matches?.("input, textarea, select, [contenteditable=true]");

document.addEventListener("keydown", (e) => {
  if (!$("#exp")?.offsetParent || $(".drawer") || e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.target.matches?.(".strip") && ["ArrowLeft", "ArrowRight", "Home", "End", "Enter"].includes(e.key)) {
    e.preventDefault();
    walk(e.target, e.key);
  } else if (!typing(e.target) && e.key.toLowerCase() === "p") $("#exp-pause")?.click();
  else if (!typing(e.target) && ["j", "k"].includes(e.key.toLowerCase())) step(e.key.toLowerCase() === "j" ? 1 : -1);
});

// J and K go through the rows that can be opened.
function step(by) {
  const all = $$("#exp-body tr[tabindex]").filter((row) => row.offsetParent);
  const cases = all.filter((row) => row.matches(".case"));
  const rows = cases.length ? cases : all;
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
}
