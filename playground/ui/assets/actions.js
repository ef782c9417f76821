// Actions: an element with data-act="name" asks for that action when it is pressed; its other data-* attributes and
// the fields of the form around it go along. Some are done here, the rest by Python, whose update is shown.

import { copy, download, saveText, toast } from "./alerts.js";
import { showView } from "./answers.js";
import { isFolded, setFolded } from "./divider.js";
import { $, $$, debounce, h, icon, sign } from "./dom.js";
import { tabName } from "./drafts.js";
import { closeDrawer, dismissDrawer, dismissed } from "./drawer.js";
import { chooseColumn } from "./into_column.js";
import { english } from "./language.js";
import { withLook } from "./looks.js";
import { insertPartial } from "./partials.js";
import { closePop, openPop } from "./pop.js";
import { run, stop } from "./run.js";
import { shownRepeat, showSample } from "./samples.js";
import { raiseTokens } from "./settings.js";
import { callWithForm, changed, page } from "./store.js";
import { showTab } from "./tabs.js";
import { apply, onShown } from "./updates.js";

// Looks at a verdict and ratings of its cases: one after the other, so that each is drawn with those before it.
let turns = Promise.resolve();
const inTurn = (ask) => (turns = turns.then(ask, ask));

// A switch in a list shows at once what it was pressed to: pressed again while that is on its way, the last press wins.
const switches = (action) => (args, el) => {
  const on = el.getAttribute("aria-pressed") !== "true", form = el.closest("[data-form]");
  el.setAttribute("aria-pressed", String(on));
  el.classList.toggle("on", on);
  inTurn(() => send(action, { ...args, fields: fieldsOf(form), on: on ? "yes" : "no" }));
};

const LOCAL = {
  run: () => run(null),
  rerun: ({ column }) => run(Number(column)),
  stop,
  copy: ({ column }) => copy($(`#col${column} .out`).textContent),
  copy_text: ({ from }) => copy(textOf(from)),
  download_text: ({ from, name }) => saveText(name, textOf(from)),
  read_experiment_file: () => send("read_experiment_file", { text: $("#exp-paste").value }),
  link: () => copy(location.href),
  copy_link: (asked) => copy(`${location.origin}${location.pathname}?${new URLSearchParams(asked)}`),
  to_list: () => {
    const row = $("#lib-list .entry.on");
    row?.scrollIntoView({ block: "center" });
    $(".item", row ?? document)?.focus({ preventScroll: true });
  },
  insert_partial: ({ text }) => insertPartial(text),
  choose_files: () => $("#lib-files").click(),
  explain,
  close: dismissDrawer,
  unfold: () => setFolded(!isFolded()),
  theme: () => {
    const dark = document.body.classList.toggle("dark");
    try {
      localStorage.setItem("playground.theme", dark ? "dark" : "light");
    } catch {
      /* forbidden */
    }
  },
  markdown: ({ column }) => {
    if ($(`#col${column} .view.md:not([hidden])`)) showView(Number(column), null);
    else send("markdown", { text: $(`#col${column} .out`).textContent, column: Number(column) });
  },
  probabilities: ({ column }) => {
    if ($(`#col${column} .view.heat:not([hidden])`)) showView(Number(column), null);
    else send("probabilities", { column: Number(column), repeat: shownRepeat(Number(column)) });
  },
  same_text: ({ model }) => {
    page.form.same_text = model;
    closeDrawer();
    changed("columns");
    toast("Run again to send the same text to every column");
  },
  sample: showSample,
  show_checks: ({ column }) => {
    const list = $(`#col${column} .all-checks`);
    list.hidden = !list.hidden;
  },
  into_column: (args, el) => chooseColumn(el, (column) => send("take_prompt", { ...args, column })),
  go_on: (args) => send("go_on", args),
  go_on_all: (args) => send("go_on", { ...args, everywhere: true }),
  save_form: () => send("save_form", { author: author() }),
  save_now: () => send("save_now", { author: author() }),
  save_winner: (args) => send("save_winner", { ...args, author: author() }),
  save_column: (args) => send("save_column", { ...args, author: author() }),
  save_own: (args) => send("save_own", { ...args, author: author() }),
  verdict_look: (args) => inTurn(() => send("verdict_look", args)),
  rate_case: (args) => inTurn(() => send("rate_case", { ...args, author: author() })),
  save: (args) => {
    author(args.fields.author);
    return send("save", args);
  },
  keep_own: (args) => {
    author(args.fields.author);
    return send("keep_own", args);
  },
  new_prompt: () => send("new_prompt", {}),
  // A draft that is on screen here is not fetched: what is typed may be newer.
  open_draft: ({ draft }) =>
    draft === page.form.open.draft ? showTab("Compare") : send("open_draft", { draft, tab: tabName() }),
  library_csv: ({ fields }) => download(`files/library.csv?${new URLSearchParams(fields)}`),
  all_library: () => {
    $("#lib-search").value = "";
    send("open_library", { fields: {} });
  },
  to_compare: () => showTab("Compare"),
  open_history_tab: ({ anew }) => {
    if (anew) $("#hist-search").value = "";
    send("open_history_tab", { anew: anew ?? "", fields: anew ? {} : fieldsOf($("#history")) });
  },
  sort_history: ({ value, fields }) => send("open_history", { fields: { ...fields, sort: value, falls: "" } }),
  // From the drawer too: which runs are in view is said by the list.
  delete_runs: (args) => send("delete_runs", { ...args, fields: fieldsOf($("#history")) }),
  delete_experiment: (args) => send("delete_experiment", { ...args, fields: fieldsOf($("#exp-head")) }),
  favourite: switches("favourite"),
  pin_run: switches("pin_run"),
  history_csv: ({ fields }) => download(`files/history.csv?${new URLSearchParams(fields)}`),
};

const textOf = (selector) => $(selector).value ?? $(selector).textContent;

/**
 * An action that is done in the browser, by a file that this one need not know.
 * @param {string} name
 * @param {(args: object, el: HTMLElement) => void} act
 */
export function onAct(name, act) {
  LOCAL[name] = act;
}

// What a badge says; of an answer that was cut, with the way to more of it.
function explain({ text, column, more }, el) {
  const raise = () => {
    closePop(false);
    raiseTokens(Number(column), Number(more));
    changed("sampling");
    run(null);
  };
  const words = `Raise to ${Number(more).toLocaleString("en")} and run again`;
  const offer = more ? [h("p", {}, h("button", { class: "btn primary", onclick: raise }, icon("redo"), words))] : [];
  openPop(el, english(el), [h("p", {}, text), ...offer]);
}

// Who saves: each browser remembers its own.
function author(name) {
  try {
    if (name !== undefined) localStorage.setItem("playground.author", name);
    return localStorage.getItem("playground.author") ?? "";
  } catch {
    return "";
  }
}

// What draws which list: of two that are on their way, only the later one is shown, and it shows what the earlier one
// changed.
const LISTS = {
  open_library: "library",
  open_library_tab: "library",
  favourite: "library",
  delete_prompt: "library",
  open_history: "history",
  open_history_tab: "history",
  pin_run: "history",
  delete_runs: "history",
  beside: "history",
};
const CHANGE = ["favourite", "delete_prompt", "pin_run", "delete_runs", "beside"];
const AGAIN = { library: ["open_library", "#lib"], history: ["open_history", "#history"] };
const drawn = { library: 0, history: 0 };
const pending = {}; // the filter that was pressed last in each list, until the list is drawn by it

function drawAgain(list) {
  const [open, place] = AGAIN[list];
  const { action, args } = pending[list] ?? { action: open, args: { fields: fieldsOf($(place)) } };
  send(action, args);
}

// Of two answers that draw the same drawer, the one that was asked for last stays.
const asks = {}; // how often each action was asked for
const drawers = {}; // by action: what it drew last, `{title, turn}`
function isOvertaken(action, turn, { title }) {
  const last = drawers[action];
  if (last?.title === title && last.turn > turn) return true;
  drawers[action] = { title, turn };
  return false;
}

/**
 * Asks Python for an action and shows its answer.
 * @param {string} action
 * @param {object} args what the action reads beside the form and the run on screen
 */
export async function send(action, args) {
  const list = LISTS[action],
    isChange = CHANGE.includes(action),
    turn = list && ++drawn[list],
    nth = (asks[action] = (asks[action] ?? 0) + 1),
    before = dismissed();
  if (list && !isChange) pending[list] = { action, args };
  const update = await callWithForm(action, withLook(args));
  const isLatest = list && turn === drawn[list];
  // A change reads the filters that are on the page; one that is still on its way would be lost by what it draws.
  if (list && (!isLatest || (isChange && pending[list]))) {
    delete update.html;
    if (isChange) drawAgain(list);
  } else if (list) delete pending[list];
  // What could not be saved is said in a drawer, whoever has closed which one meanwhile.
  const isUnwanted = dismissed() !== before && !/^(save|keep)/.test(action);
  if (update.drawer && (isUnwanted || isOvertaken(action, nth, update.drawer))) delete update.drawer;
  apply(update);
  if (action === "open_library" && args.key && innerWidth < 1200) $("#lib-preview").scrollIntoView();
}

/**
 * Does what an element with `data-act` of that name would do.
 * @param {string} name
 * @param {object} args
 */
export const doAction = (name, args = {}) => (LOCAL[name] ? LOCAL[name](args) : send(name, args));

onShown((update) => {
  if (update.again && $("#lib")) send(update.again, { fields: fieldsOf($("#lib")) });
});

/**
 * The values of a form's fields by their names.
 * @param {ParentNode} form
 * @returns {Record<string, string | boolean>}
 */
export function fieldsOf(form) {
  return Object.fromEntries($$("[name]", form).map((f) => [f.name, f.type === "checkbox" ? f.checked : f.value]));
}

function act(el) {
  const { act: name, ...args } = el.dataset;
  const form = el.closest("[data-form]") ?? (el.closest(".drawer > footer") && $(".drawer [data-form]"));
  if (form) args.fields = fieldsOf(form);
  if ("value" in el && el.tagName !== "BUTTON") args.value = el.value;
  // What is asked of a column is asked of its answer on screen.
  if (args.column !== undefined && args.repeat === undefined) args.repeat = shownRepeat(Number(args.column));
  // A search that is on its way must not bring the old order back.
  for (const name of ["sort", "falls"]) {
    const field = name in args && form && $(`input[type=hidden][name=${name}]`, form);
    if (field) field.value = args[name];
  }
  return LOCAL[name] ? LOCAL[name](args, el) : send(name, args);
}

// --- what a person does --------------------------------------------------------------------------------------

// Of a double press only the first is meant: a second one of what is still on its way would ask for the same again
// ("There is already a prompt of that name"), and the row that has moved under the mouse was not pressed at all.
const underway = new WeakMap(); // by element: what was asked for
let last = {};
function press(el, { detail }) {
  const said = sign(el),
    isOther = last.said !== said && last.el?.dataset.act === el.dataset.act && !last.el.isConnected;
  if (underway.get(el) === said || (detail > 1 && isOther)) return;
  last = { el, said };
  const done = act(el);
  if (!done?.finally) return;
  underway.set(el, said);
  done.finally(() => underway.delete(el));
}

document.addEventListener("click", (e) => {
  const el = e.target.closest?.("[data-act]");
  if (el && !["SELECT", "INPUT", "TEXTAREA"].includes(el.tagName)) {
    if (el.tagName !== "A") e.preventDefault();
    if (!el.disabled) press(el, e);
  }
  const pop = $(".pop");
  // What is drawn anew by its own press is not outside of the panel.
  const opens = "[data-pop], [data-act=explain], [data-act=into_column]";
  const inside = pop?.contains(e.target) || !e.target.isConnected || e.target.closest(opens);
  if (pop && !inside) closePop(false);
});
document.addEventListener("change", (e) => {
  if (e.target.dataset?.act && e.target.dataset.on !== "input") act(e.target);
});
// The field may have been drawn anew since.
const typed = debounce(150, (el) =>
  act(el.isConnected ? el : ($$(el.tagName).find((each) => sign(each) === sign(el)) ?? el)),
);
document.addEventListener("input", (e) => {
  // A field that its own answer draws anew would lose the word that is being composed in it: "ni" would become "nin".
  const waits = e.isComposing && "redrawn" in e.target.dataset;
  if (e.target.dataset?.on === "input" && !waits) typed(e.target);
});
document.addEventListener("compositionend", (e) => {
  if (e.target.dataset?.on === "input") typed(e.target);
});
document.addEventListener("keydown", (e) => {
  const form = e.target.closest?.("[data-form]");
  if (e.key === "Enter" && form && e.target.tagName === "INPUT") {
    e.preventDefault();
    form.querySelector(".btn.primary, [data-default]")?.click();
  }
  if ((e.key === "Enter" || e.key === " ") && e.target.matches?.("tr[data-act]")) {
    e.preventDefault();
    act(e.target);
  }
});
