// A column with several samples: its pages under the head, the one on screen, and what the others are like meanwhile.
//
//   kept.get(1) = {strip: {count, marks, words, equal, open}, shown: 9, cells: Map {8 → {text, state, foot…}, …}}

import { say } from "./alerts.js";
import { applyColumn, setBusy, showView } from "./answers.js";
import { $, $$, h, icon, keepFocus } from "./dom.js";
import { closeDrawer } from "./drawer.js";
import { GREEDY } from "./settings.js";
import { onChange, page } from "./store.js";
import { onceLeft } from "./waiting.js";

const kept = new Map();  // by column; columns of one sample are not in it
const WAITS = { kind: "pending", icon: "ring", text: "waits" };
const EMPTY = { badges: "", problem: "", reasoning: "", trace: "", foot: null, waits: "", state: WAITS };

/**
 * Which answer of a column is on screen; undefined in a column that has one.
 * @param {number} i
 * @returns {number | undefined}
 */
export const shownRepeat = (i) => kept.get(i)?.shown;

/**
 * What changes in a column, or in one of its samples.
 * @param {string} name "1", or "1/9" for its repeat 9
 * @param {object} data `ColumnPart` of ui/update.py
 */
export function applyPart(name, data) {
  const [i, repeat] = name.split("/").map(Number);
  if (repeat !== undefined) return applySample(i, repeat, data);
  const samples = data.samples, rest = { ...data };
  delete rest.samples;
  if (samples) takeStrip(i, samples);
  // A column that is shown anew without samples has none any more.
  else if (data.stamp || data.text !== undefined) kept.delete(i);
  if (Object.keys(rest).length) applyColumn(i, rest);
  drawStrip(i);
  if (samples) setBusy(i, samples.open);
}

// Other marks are another press of Run: its first sample is shown, or the one with the number that was on screen.
function takeStrip(i, strip) {
  const known = kept.get(i), first = strip.marks[0].repeat;
  if (known && known.run === page.run && known.strip.marks[0].repeat === first) {
    known.strip = strip;
    return;
  }
  const place = known && known.run === page.run ? known.shown - known.strip.marks[0].repeat : 0;
  kept.set(i, { strip, run: page.run, shown: first + Math.min(place, strip.count - 1), cells: new Map() });
}

function applySample(i, repeat, data) {
  const column = kept.get(i);
  if (!column?.strip.marks.some((mark) => mark.repeat === repeat)) return;  // of a press before
  const cell = column.cells.get(repeat) ?? { text: "", think: "" };
  const { grow, think, ...rest } = data;
  column.cells.set(repeat, Object.assign(cell, rest));
  if (grow !== undefined) cell.text += grow;
  if (think !== undefined) cell.think = think[0] ? cell.think + think[1] : think[1];
  if (data.state?.kind === "running") cell.since = performance.now() - 1000 * (data.state.for ?? 0);
  if (repeat === column.shown) applyColumn(i, data);
  setBusy(i, column.strip.open);
}

/**
 * Shows a sample of a column.
 * @param {{column: string | number, repeat: string | number}} which
 */
export function showSample({ column, repeat }) {
  const i = Number(column), known = kept.get(i), next = Number(repeat);
  closeDrawer();
  if (!known?.strip.marks.some((mark) => mark.repeat === next)) return;
  known.shown = next;
  const { think, since, ...cell } = known.cells.get(next) ?? {};
  const writing = cell.state?.kind === "running";
  const part = { ...EMPTY, text: "", ...cell, stamp: `${cell.stamp ?? "waits"}#${next}` };
  if (writing) part.state = { ...cell.state, for: (performance.now() - since) / 1000 };
  else part.state = { ...part.state, say: "" };
  if (writing && think) part.think = [0, think];
  applyColumn(i, part);
  showView(i, null);  // an equal answer's Markdown or probabilities are another sample's
  setBusy(i, known.strip.open);
  say(known.strip.marks.find((mark) => mark.repeat === next).say);
  if (!writing) $(`#col${i} .col-body`).scrollTop = 0;
  drawStrip(i);
}

// --- the strip under the head ----------------------------------------------------------------------------------

// Before the first run the places are there already, so that nothing moves when it begins.
function planned(i) {
  const count = page.form?.columns?.[i]?.samples ?? 1;
  if (count < 2) return null;
  const greedy = page.form.columns[i].sampling.temperature === 0;
  const marks = Array.from({ length: count }, (_, n) => (
    { repeat: n, kind: "idle", icon: "ring", say: `sample ${n + 1} comes with Run` }));
  return { count, marks, words: greedy ? GREEDY : `${count} samples, each with a seed of its own`, equal: "" };
}

function drawStrip(i) {
  const box = $(`#col${i} .samples`);
  if (!box) return;
  const known = kept.get(i), strip = known?.strip ?? planned(i);
  box.hidden = !strip;
  if (!strip) {
    box.replaceChildren();
    return;
  }
  const place = known ? strip.marks.findIndex((mark) => mark.repeat === known.shown) : -1;
  const step = (by) => strip.marks[(place + by + strip.count) % strip.count].repeat;
  const arrow = (by, words, symbol) => h("button", {
    class: "btn quiet icon small", "data-act": "sample", "data-column": i, "data-repeat": known ? step(by) : 0,
    "data-step": by, "aria-label": `${words} sample of column ${i + 1}`, title: `${words} sample`, disabled: !known,
  }, icon(symbol));
  const words = [strip.words, strip.equal].filter(Boolean).join(" · ");
  const mark = (each, n) => h("button", {
    class: `mark ${each.kind}`, role: "tab", "aria-selected": String(n === place), disabled: !known,
    tabindex: n === Math.max(place, 0) ? 0 : -1, "data-act": "sample", "data-column": i, "data-repeat": each.repeat,
    "aria-label": each.say, title: each.say[0].toUpperCase() + each.say.slice(1),
  }, icon(each.icon));
  const marks = {
    class: strip.count > 10 ? "marks many" : "marks", role: "tablist", "aria-label": `Samples of column ${i + 1}`,
  };
  const title = `${words}. Show all samples.`;
  const all = { class: "bare soft one sum", "data-act": "samples", "data-column": i, title };
  onceLeft(box, () => keepStep(box, () => box.replaceChildren(
    h("div", { class: "pages" },
      arrow(-1, "Previous", "left"),
      h("span", { class: "at num" }, known ? `${place + 1} of ${strip.count}` : `– of ${strip.count}`),
      arrow(1, "Next", "right"),
      h("div", marks, strip.marks.map(mark))),
    known ? h("button", all, words) : h("span", { class: "hint one sum" }, words))));
}

// An arrow keeps the focus although its `repeat` is another now; a mark is known by its own.
function keepStep(box, draw) {
  const by = document.activeElement?.closest?.(".samples") === box ? document.activeElement.dataset.step : undefined;
  keepFocus(box, draw);
  if (by !== undefined) $$("[data-step]", box).find((el) => el.dataset.step === by)?.focus({ preventScroll: true });
}

onChange(() => {
  for (let i = 0; i < page.form.columns.length; i++) if (!kept.has(i)) drawStrip(i);
});
