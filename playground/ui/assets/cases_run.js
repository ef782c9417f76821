// A run over all cases: begun here, it goes on in the program; what each answer came to stands in the grid of cases.
// Its id is part of the form, so that it is found again after a reload.

import { showAlert } from "./alerts.js";
import { h, icon } from "./dom.js";
import { call, changed, onChange, page } from "./store.js";
import { apply } from "./updates.js";

const LOOK_MS = 700; // between two looks at a run that goes on

const MARKS = {
  pass: ["check", "ok", "passes"],
  fail: ["cross", "bad", "does not pass"],
  error: ["warn", "bad", "failed"],
  none: ["dash", "soft", "no check says anything of it"],
  open: ["ring", "soft", "not answered yet"],
};

let state = null, // {id, live, total, ended, models, cells}
  places = new Map(), // the number of a case in the run by its values
  asked = "", // what of the form the run was asked with
  starting = false,
  timer = null,
  redraw = () => {};

/**
 * Calls `fn` when a result has come.
 * @param {() => void} fn
 */
export function onResults(fn) {
  redraw = fn;
}

const sorted = (value) =>
  Array.isArray(value)
    ? value.map(sorted)
    : value && typeof value === "object"
      ? Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, part]) => [name, sorted(part)])
      : value;
const sign = (values) => JSON.stringify(sorted(values));

// A case that leaves a variable out takes the example for it, in the run as in the fields.
function whole(row) {
  const given = page.form.prompt.inputs.map((input) => [input.name, input.example ?? input.default]);
  return { ...Object.fromEntries(given.filter(([, value]) => value !== null && value !== undefined)), ...row };
}

function wanted() {
  const { prompt, columns, same_text } = page.form;
  return JSON.stringify([
    prompt.turns,
    prompt.inputs,
    prompt.checks,
    prompt.output_schema ?? null,
    same_text ?? "",
    columns.map((c) => [c.model, c.sampling, c.own && c.turns, c.thinking, c.samples]),
  ]);
}

/** How many columns have results to show. */
export const shownResults = () => (state ? state.models.length : 0);

/**
 * What the answer to a case came to in a column; null where the run has no such case.
 * @param {object} row
 * @param {number} column
 */
export function resultOf(row, column) {
  const number = state && places.get(sign(whole(row)));
  if (number === null || number === undefined) return null;
  const found = state.cells.get(`${number}/${column}`) ?? "open";
  const [symbol, colour, words] = MARKS[found];
  return {
    icon: symbol,
    colour,
    words: isOld() ? `${words}; the prompt changed since` : words,
    opens: found !== "open",
  };
}

const isOld = () => asked !== "" && asked !== wanted();

/**
 * Opens the answer to a case in a column.
 * @param {object} row
 * @param {number} column
 */
export async function openResult(row, column) {
  apply(await call("open_case_answer", { run: state.id, case: places.get(sign(whole(row))), column, form: page.form }));
}

// --- beginning, looking, stopping -----------------------------------------------------------------------------

async function run() {
  if (starting) return;
  starting = true;
  redraw();
  const sent = wanted();
  const reply = await call("run_cases", { form: page.form, images: page.form.images ?? [] });
  starting = false;
  if (reply.alert) showAlert(reply.alert);
  else {
    page.form.cases_run = reply.cases_run;
    state = null;
    changed("cases");
    await look();
    asked = sent;
  }
  redraw();
}

async function look() {
  clearTimeout(timer);
  const id = page.form?.cases_run;
  if (!id) return;
  const isNew = state?.id !== id || !places.size;
  const reply = await call("cases_state", { run: id, whole: isNew, form: isNew ? page.form : null });
  if (page.form?.cases_run !== id) return;
  if (reply.alert || !reply.cases_state) {
    forget(); // it was deleted, or belongs to another database
    redraw();
    return;
  }
  const { cells, cases, same, ...facts } = reply.cases_state;
  state = { ...facts, cells: new Map(cells.map(([n, column, what]) => [`${n}/${column}`, what])) };
  if (cases) places = new Map(cases.map((values, n) => [sign(values), n]).reverse());
  if (same !== undefined) asked = same ? wanted() : "another";
  if (state.live) timer = setTimeout(look, LOOK_MS);
  redraw();
}

function forget() {
  clearTimeout(timer);
  state = null;
  places = new Map();
  asked = "";
}

onChange((what) => {
  if (what !== "all" || (state && state.id === page.form.cases_run)) return;
  forget();
  look();
});

/**
 * The button that runs all cases, or stops them, with what they came to.
 * @param {number} count
 * @returns {HTMLElement}
 */
export function drawRunOver(count) {
  const live = starting || state?.live;
  const button = live
    ? h(
        "button",
        {
          class: "btn small",
          id: "stop-cases",
          disabled: starting,
          onclick: () => call("stop_run", { id: state.id }).then(look),
        },
        icon("stop"),
        "Stop",
      )
    : h(
        "button",
        {
          class: "btn small",
          id: "run-cases",
          title: "Every case in every column; what comes goes on when the page is closed",
          onclick: run,
        },
        icon("play"),
        count === 1 ? "Run 1 case" : `Run all ${count.toLocaleString("en")} cases`,
      );
  return h("span", { class: "run-over" }, button, h("span", { class: "hint num", role: "status" }, words()));
}

function words() {
  if (starting) return "begins";
  if (!state) return "";
  const of = (what) => [...state.cells.values()].filter((found) => found === what).length;
  if (state.live) return `${state.ended.toLocaleString("en")} of ${state.total.toLocaleString("en")} answered`;
  const judged = of("pass") + of("fail");
  const passing = of("pass"), isOne = passing === 1 || judged === 1;
  const passes = isOne ? `${passing} of ${judged} passes` : `${passing} of ${judged} pass`;
  const parts = [judged ? passes : `${state.ended} answered`];
  if (of("error")) parts.push(`${of("error")} failed`);
  if (isOld()) parts.push("prompt changed since");
  return parts.join(", ");
}
