// The popover of sampling: values for all columns, or for one of them, and the exceptions as chips.

import { $, $$, h, icon, keepFocus } from "./dom.js";
import { openPop } from "./pop.js";
import {
  common,
  dropException,
  exceptions,
  GREEDY,
  MOST_SAMPLES,
  presetOf,
  setValue,
  usePreset,
  valueOf,
} from "./settings.js";
import { changed, page } from "./store.js";
import { about } from "./terms.js";

const FIELDS = [
  ["temperature", "Temperature", 0, 5, 0.05],
  ["top_p", "Top-p", 0.01, 1, 0.01],
  ["top_k", "Top-k (0 is off)", 0, 1000000, 1],
  ["min_p", "Min-p", 0, 1, 0.01],
  ["repetition_penalty", "Repetition penalty", 0.05, 10, 0.05],
  ["presence_penalty", "Presence penalty", -2, 2, 0.1],
  ["frequency_penalty", "Frequency penalty", -2, 2, 0.1],
  ["seed", "Seed (empty: new each run)", 0, 4294967294, 1],
  ["max_tokens", "Max tokens", 1, 1000000, 1],
  ["samples", `Samples (1 to ${MOST_SAMPLES})`, 1, MOST_SAMPLES, 1],
];
const WHOLE = ["top_k", "seed", "max_tokens", "samples"];
const SEEDS = 2 ** 32 - 1; // after the last comes the first

let which = null; // the column whose values are shown; null is all of them

/**
 * Opens the popover on a column's values, or (null) on those of all.
 * @param {HTMLElement} anchor
 * @param {number | null} i
 */
export function openSampling(anchor, i) {
  which = page.form.columns.length > 1 ? i : null;
  const body = h("div", { class: "sampling" });
  fill(body);
  openPop(anchor, "Sampling", [body], "wide");
}

const shown = () => (which === null ? common() : page.form.columns[which]);

function fill(body) {
  const problem = h("p", { class: "bad", role: "alert" });
  const wrong = new Map(); // by field: what is wrong with what stands in it
  const tell = (key, words) => {
    wrong.delete(key);
    if (words) wrong.set(key, words);
    problem.replaceChildren(...[...wrong.values()].map((each) => h("span", {}, each)));
  };
  const redraw = () => keepFocus(body, () => fill(body));
  const hint = h("p", { class: "hint seeds" });
  const rest = () => {
    hint.textContent = valueOf(shown(), "samples") > 1 ? seedWords(shown()) : "";
    drawPresets(body, redraw);
    drawChips(body, redraw);
  };
  const set = (key, value) => {
    setValue(which, key, value);
    changed("sampling");
    rest();
  };
  body.replaceChildren(
    page.form.columns.length > 1 ? whose(redraw) : "",
    h("div", { class: "presets" }),
    h("div", { class: "grid" }, FIELDS.flatMap((row) => field(row, tell, set)), hint, stops(set)),
    h(
      "div",
      { class: "ticks" },
      tick("Keep token probabilities", valueOf(shown(), "top_logprobs") !== null, (on) =>
        set("top_logprobs", on ? 5 : null),
      ),
      tick("Let the model think first", valueOf(shown(), "thinking"), (on) => set("thinking", on)),
    ),
    problem,
    h("div", { class: "exceptions", role: "group", "aria-label": "Exceptions" }),
  );
  rest();
}

function whose(redraw) {
  const one = (i, label, title) =>
    h(
      "button",
      {
        "aria-pressed": String(which === i),
        title,
        "data-of": String(i),
        onclick: () => {
          which = i;
          redraw();
        },
      },
      label,
    );
  const each = page.form.columns.map((_, i) => one(i, String(i + 1), `Values of column ${i + 1} alone`));
  return h(
    "div",
    { class: "seg whose", role: "group", "aria-label": "Values of" },
    one(null, "All columns", "Values of every column without an exception"),
    ...each,
  );
}

function drawPresets(body, redraw) {
  const now = presetOf(shown().sampling);
  const choose = (name) => {
    usePreset(which, name);
    changed("sampling");
    redraw();
  };
  const each = Object.keys(page.presets).map((name) =>
    h(
      "button",
      { "aria-pressed": String(name === now), "data-preset": name, onclick: () => choose(name) },
      name,
    ),
  );
  const box = $(".presets", body);
  keepFocus(box, () =>
    box.replaceChildren(h("span", { class: "seg", role: "group", "aria-label": "Preset" }, each)),
  );
}

function field([key, label, min, max, step], tell, set) {
  const id = `s-${key}`,
    field = label.replace(/ \(.*/, ""),
    most = max.toLocaleString("en"),
    whole = WHOLE.includes(key);
  const right = whole
    ? `${field}: a whole number from ${min} to ${most}.`
    : `${field}: a number from ${min} to ${most}.`;
  const read = (e) => {
    // What is no number at all reads as empty: it is still there to be mended.
    const raw = e.target.value,
      value = Number(raw),
      isNew = key === "seed" && raw === "" && !e.target.validity.badInput;
    const isWrong =
      !isNew && (raw === "" || !(value >= min && value <= max) || (whole && !Number.isInteger(value)));
    e.target.setAttribute("aria-invalid", String(isWrong));
    tell(key, isWrong ? right : "");
    if (!isWrong) set(key, isNew ? null : value);
  };
  const attrs = { id, class: "field num", type: "number", min, max, step: "any", "data-step": step };
  return [
    h("span", {}, h("label", { for: id }, label), about(field)),
    h("input", { ...attrs, value: valueOf(shown(), key) ?? "", oninput: read }),
  ];
}

function stops(set) {
  const read = (e) =>
    set(
      "stop",
      e.target.value.split("\n").filter((s) => s !== ""),
    );
  const value = shown().sampling.stop.join("\n");
  return [
    h("span", {}, h("label", { for: "s-stop" }, "Stop texts, one a line"), about("Stop texts")),
    h("textarea", { id: "s-stop", class: "field mono", rows: 2, value, oninput: read }),
  ];
}

const tick = (label, checked, set) =>
  h("label", {}, h("input", { type: "checkbox", checked, onchange: (e) => set(e.target.checked) }), label);

function seedWords({ sampling, samples }) {
  if (sampling.temperature === 0) return GREEDY;
  if (sampling.seed === null) return "A new seed for each.";
  return `Seeds ${sampling.seed} to ${(sampling.seed + samples - 1) % SEEDS}, one for each.`;
}

function drawChips(body, redraw) {
  const take = (i, key) => {
    dropException(i, key);
    changed("sampling");
    redraw();
  };
  const chip = (i, { key, words }) =>
    h(
      "button",
      {
        class: "badge mode",
        "data-column": i,
        "data-key": key,
        "aria-label": `Column ${i + 1} as all: ${words} goes`,
        title: `Column ${i + 1} takes the value of all again`,
        onclick: () => take(i, key),
      },
      `${i + 1}: ${words}`,
      icon("cross"),
    );
  const chips = page.form.columns.flatMap((_, i) => exceptions(i).map((one) => chip(i, one)));
  const none = page.form.columns.length > 1 ? "No exceptions. Press a number above for values of one column." : "";
  const box = $(".exceptions", body);
  box.replaceChildren(...(chips.length ? [h("span", { class: "hint" }, "Exceptions"), ...chips] : [none]));
  for (const button of $$(".whose [data-of]", body))
    button.classList.toggle("differs", chips.some((one) => one.dataset.column === button.dataset.of));
}
