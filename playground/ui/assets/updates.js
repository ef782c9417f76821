// Shows what Python answers: an update names what changes, and nothing else does. Its keys stand in ui/update.py.

import { copy, download, forgetAlert, showAlert, toast } from "./alerts.js";
import { settleColumns, showView } from "./answers.js";
import { drawColumns } from "./columns.js";
import { $, $$, keepFocus, sign } from "./dom.js";
import { leaveForm } from "./drafts.js";
import { closeDrawer, openDrawer } from "./drawer.js";
import { filterAgain } from "./filter.js";
import { forgetHalf } from "./half.js";
import { adopt, nameOf, settle } from "./identity.js";
import { noticeLive } from "./live.js";
import { goOn, takePrompt } from "./own_prompts.js";
import { fillAnew, patch } from "./patch.js";
import { isGoing, leavePlace, notePlace, revisit } from "./places.js";
import { leaveRun, started } from "./run.js";
import { applyPart } from "./samples.js";
import { changed, page } from "./store.js";
import { showTab } from "./tabs.js";
import { wordTimes } from "./times.js";
import { fillOnceLeft, onceLeft } from "./waiting.js";

const listeners = [];

/**
 * Calls `fn` with each update once it is on screen.
 * @param {(update: object) => void} fn
 */
export const onShown = (fn) => listeners.push(fn);

const filled = new WeakMap(); // what an element was filled with last

/**
 * @param {object} update `Update` of ui/update.py
 * @param {{isLook?: boolean, keeps?: boolean}} how `isLook`: the page asked by itself, then what is on screen as it
 *   comes stays, with the focus, a text that somebody selects, and what a pointer is over; `keeps`: it is the answer to
 *   another field than the one that somebody may be typing in by now
 */
export function apply(update, { isLook = false, keeps = false } = {}) {
  if (update.only_at !== undefined && update.only_at !== page.experiment) return;
  if (update.models) {
    page.models = update.models;
    page.presets = update.presets;
    page.scorers = update.scorers;
    page.foot = update.foot;
    page.terms = update.terms;
    page.words = update.words;
  }
  if (update.choices) {
    page.models = update.choices;
    if (!update.form && page.form?.columns) drawColumns(false);
  }
  if (update.replaces) leaveRun();
  if (update.not_started) settleColumns(update.not_started);
  if (update.form) takeForm(update);
  if (update.into) takePrompt(update.into);
  if (update.answered) goOn(update.answered);
  if (update.saved) {
    Object.assign(page.form, update.saved);
    Object.assign(page.form.prompt, update.saved_prompt);
    settle(page.form);
    changed("name");
    notePlace();
  }
  if (update.plan !== undefined) {
    page.form.experiment = update.plan;
    changed("experiment");
  }
  if (update.experiment !== undefined) page.experiment = update.experiment;
  if (update.run !== undefined) takeRun(update.run);
  for (const [i, data] of Object.entries(update.columns ?? {})) applyPart(i, data);
  if (update.vote !== undefined) fillOnceLeft($("#vote"), update.vote);
  if (update.view) showView(update.view.column, update.view.html, update.view.kind);
  for (const [id, html] of Object.entries(update.html ?? {})) {
    const el = document.getElementById(id);
    if (isLook && filled.get(el) === html) delete update.html[id];
    else fill(el, html, { isLook, keeps });
  }
  if (update.drawer) showDrawer(update.drawer, isLook);
  else if (update.drawer === null) {
    forgetHalf();
    closeDrawer();
  }
  if (update.copy !== undefined) copy(update.copy);
  if (update.toast) toast(update.toast, update.toast_act);
  if (update.download) download(update.download);
  const { asked } = update; // by `call`: not Python's
  if (asked) forgetAlert(asked);
  if (update.alert) showAlert(update.alert, asked);
  else if (update.html?.["lib-list"]) $("#lib .messages").replaceChildren();
  if (update.tab) showTab(update.tab);
  filterAgain();
  if (update.closed) {
    page.closed = update.closed;
    page.closed_why = update.closed_why;
  }
  shut();
  noticeLive(update);
  for (const fn of listeners) fn(update);
}

// Python never sees the images of the form it was sent: unless another prompt or run comes, they stay.
function takeForm({ form, replaces, run }) {
  if (replaces) leave(); else page.form.images ??= [];
  // What is being set up holds its own prompts: it stays when another one is opened.
  form.experiment ??= page.form.experiment ?? null;
  page.form = replaces ? form : { ...form, images: page.form.images.length ? page.form.images : form.images };
  adopt(page.form, run);
  page.front = 0;
  changed("all");
  notePlace();
}

// What was on screen is kept before something else takes its place.
function leave() {
  if (!page.form?.open) return;
  const isDraft = leaveForm(), name = nameOf(page.form), back = leavePlace();
  if (isDraft && !isGoing()) toast(`${name} kept as a draft.`, { label: "Undo", act: () => revisit(back) });
}

function takeRun(run) {
  page.previous = page.run === run ? page.previous : page.run;
  page.run = run;
  if (run) started();
  notePlace();
}

// One that is open is drawn anew once nothing in it is being pressed, and not at all where that press has closed it.
function showDrawer(drawer, isLook) {
  const open = $(".drawer");
  if (open) onceLeft(open, () => openDrawer(drawer, isLook));
  else openDrawer(drawer);
}

function fill(el, html, { isLook, keeps }) {
  if (!el) return;
  filled.set(el, html);
  const draw = () => {
    if (isLook) patch(el, html);
    else fillAnew(el, html);
    wordTimes(el);
  };
  onceLeft(el, (isLate) => keepFocus(el, isLook || keeps || isLate ? () => keepTyped(el, draw) : draw));
}

// What somebody is typing, and nobody has sent yet, is not lost by a look that the page takes by itself.
function keepTyped(el, draw) {
  const had = document.activeElement;
  const alike = () => $$("input, textarea", el).filter((each) => sign(each) === sign(had));
  const before = alike(), place = before.indexOf(had);
  draw();
  const after = alike(), now = after[place];
  if (!now || after.length !== before.length || had.value === had.defaultValue) return;
  if (now.defaultValue !== had.defaultValue) return; // it was sent
  now.value = had.value;
  if (had.selectionStart !== null) now.setSelectionRange(had.selectionStart, had.selectionEnd);
}

// What belongs to the owner of the machine is shown to visitors, but cannot be pressed.
function shut() {
  for (const name of page.closed) {
    for (const el of $$(`[data-act="${name}"]`)) {
      el.disabled = true;
      el.title = page.closed_why;
    }
  }
}
