// The technique of a column: the list with what each lacks, its options as a form, and forks of its steps.
//
//   column.technique = {name: "self-consistency", options: {samples: 5}, prompts: {sample: "Mine@2"}}; null is none

import { $, $$, debounce, h, icon, keepFocus } from "./dom.js";
import { closePop, openPop } from "./pop.js";
import { call, changed, page } from "./store.js";
import { documentsOf, forgetProblems } from "./technique_documents.js";
import { keptWithPrompt } from "./technique_kept.js";
import { onceLeft } from "./waiting.js";

const titles = new Map(); // by name, as the server called them last
let asked = 0;

/**
 * What the technique of a column is called, "" without one.
 * @param {object} column
 * @returns {string}
 */
export function techniqueName({ technique }) {
  if (!technique) return "";
  return titles.get(technique.name) ?? technique.name.replaceAll("-", " ").replace(/^./, (c) => c.toUpperCase());
}

/**
 * Opens the panel for a column.
 * @param {HTMLElement} anchor
 * @param {number} i
 */
export async function openTechnique(anchor, i) {
  const list = h("div", { class: "choices", role: "group", "aria-label": "Techniques" });
  const form = h("div", { class: "technique-form" });
  const pop = openPop(anchor, `Technique of column ${i + 1}`, [list, form], "techniques");
  forgetProblems();
  let reply = null;
  // What can run here is asked for again when documents come and go.
  const refresh = async () => {
    const mine = ++asked;
    const now = await call("technique_choices", { column: i, form: page.form, pictures: page.form.images.length });
    if (mine !== asked || !pop.isConnected) return;
    if (now.alert) {
      list.replaceChildren(h("p", { class: "bad" }, now.alert.message, " ", now.alert.hint));
      return;
    }
    reply = now;
    for (const { name, title } of reply.techniques) titles.set(name, title);
    redraw();
  };
  const redraw = () => {
    const { scrollTop } = form;
    onceLeft(pop, () => {
      keepFocus(pop, () => draw(list, form, i, reply, redraw, refresh));
      form.scrollTop = scrollTop;
      $("[aria-pressed=true]", list)?.scrollIntoView({ block: "nearest" });
    });
  };
  await refresh();
  if (!reply || !pop.isConnected) return;
  pop.addEventListener("keydown", (e) => step(e, list));
  ($("[aria-pressed=true]", list) ?? $("button", list)).focus();
}

// ↑ and ↓ move in the list.
function step(e, list) {
  if (!["ArrowDown", "ArrowUp"].includes(e.key) || !list.contains(document.activeElement)) return;
  const all = $$("button", list);
  const next = all[all.indexOf(document.activeElement) + (e.key === "ArrowDown" ? 1 : -1)];
  e.preventDefault();
  next?.focus();
}

function draw(list, form, i, reply, redraw, refresh) {
  const column = page.form.columns[i];
  const now = column.technique?.name ?? "";
  const choose = (name) => {
    const row = reply.techniques.find((each) => each.name === name);
    const documents = row?.documents ? (column.technique?.documents ?? null) : null;
    column.technique = name ? { name, options: {}, prompts: { ...row?.prompts }, documents } : null;
    changed("columns");
    redraw();
  };
  const one = ({ name, title, about, lacks }) =>
    h(
      "button",
      {
        class: `choice${lacks ? " lacks" : ""}`,
        "aria-pressed": String(name === now),
        "data-technique": name,
        title: lacks ? `${title} ${lacks}.` : about,
        onclick: () => choose(name),
      },
      h("span", { class: "one" }, title),
      h("span", { class: "hint one" }, lacks || about),
      name === now ? icon("check") : "",
    );
  const none = { name: "", title: "The prompt as it is", about: "one call, nothing added", lacks: "" };
  const ready = reply.techniques.filter((each) => !each.lacks);
  const group = (title, rows) => (rows.length ? [h("h3", { class: "hint" }, title), ...rows.map(one)] : []);
  list.replaceChildren(
    one(none),
    reply.ordered ? h("p", { class: "hint ordered" }, reply.ordered) : "",
    ...group("Of the Guide", ready.filter((each) => each.in_guide)),
    ...group("Not in the Guide", ready.filter((each) => !each.in_guide)),
    ...group("Not ready here", reply.techniques.filter((each) => each.lacks)),
  );
  const chosen = reply.techniques.find((each) => each.name === now);
  const kept = now || page.form.prompt.run_with ? [keptWithPrompt(i, redraw)] : [];
  form.replaceChildren(...(chosen ? optionsOf(i, chosen, reply.forks, refresh) : unknown(now)), ...kept);
}

const unknown = (name) =>
  name ? [h("p", { class: "bad" }, `There is no technique "${name}" here. Choose another one.`)] : [];

function optionsOf(i, row, forks, refresh) {
  const problem = h("p", { class: "bad", role: "alert" });
  const check = debounce(250, async () => {
    const reply = await call("technique_problem", { column: i, form: page.form });
    if (problem.isConnected) problem.textContent = reply.technique_problem ?? reply.alert?.message ?? "";
  });
  const technique = page.form.columns[i].technique;
  const documents = row.documents ? documentsOf(i, refresh) : null;
  const count = debounce(250, () => documents?.count());
  const set = (into, name, value, standard) => {
    if (value === standard || value === "") delete into[name];
    else into[name] = value;
    changed("columns");
    check();
    count();
  };
  const fields = row.options.map((option) =>
    field(option, technique.options[option.name] ?? option.default, (value) =>
      set(technique.options, option.name, value, option.default),
    ),
  );
  const known = h("datalist", { id: "technique-forks" }, forks.map((name) => h("option", { value: name })));
  const steps = row.steps.map(({ name, slug }) => fork(name, slug, technique.prompts[name] ?? "", (value) =>
    set(technique.prompts, name, value.trim(), ""),
  ));
  const used = Object.keys(technique.prompts).length > 0;
  const language = languageOf(row, technique.prompts, (prompts) => {
    technique.prompts = prompts;
    changed("columns");
    refresh();
  });
  const words = h("details", { class: "words", open: used }, h("summary", {}, "Its words"), known, language, ...steps);
  check();
  return [
    h("h3", {}, row.title),
    h("p", { class: row.lacks ? "bad" : "hint" }, `${row.lacks ? `It ${row.lacks}` : capital(row.about)}.`),
    row.sandbox ? sandbox(row.lacks) : "",
    documents?.part ?? "",
    h("div", { class: "grid" }, fields.flat()),
    row.steps.length ? words : "",
    problem,
  ];
}

// All steps in one language at once; a step with a prompt of one's own says that none is chosen.
function languageOf(row, prompts, set) {
  const id = "t-language";
  const all = { English: {}, ...(row.wordings.zh ? { 中文: row.wordings.zh } : {}) };
  if (Object.keys(all).length < 2) return "";
  const key = (each) => JSON.stringify(Object.entries(each).sort());
  const now = Object.keys(all).find((name) => key(all[name]) === key(prompts)) ?? "";
  const names = now ? Object.keys(all) : ["", ...Object.keys(all)];
  const options = names.map((name) => h("option", { value: name, selected: name === now, translate: "no" }, name));
  const onchange = (e) => e.target.value && set({ ...all[e.target.value] });
  const choice = h("select", { id, class: "field", onchange }, options);
  return h("p", { class: "fork" }, h("label", { for: id }, "Language"), choice);
}

const sandbox = (lacks) => {
  const words = lacks ? "It runs a program that the model writes." : "Programs that models write run here.";
  const label = lacks ? "See what that risks, and switch it on" : "Sandbox";
  const press = { class: "btn small", "data-act": "open_sandbox", onclick: () => closePop(false) };
  return h("p", { class: "sandbox" }, words, h("button", press, icon(lacks ? "lock" : "unlock"), label));
};

function field({ name, label, kind, help, choices, low, high }, value, set) {
  const base = { id: `t-${name}`, title: help, class: "field" };
  const text = h("label", { for: base.id, title: help }, label);
  const change = (e) => set(e.target.value);
  if (kind === "boolean") {
    const tick = { ...base, class: null, type: "checkbox", checked: Boolean(value) };
    return [text, h("input", { ...tick, onchange: (e) => set(e.target.checked) })];
  }
  if (kind === "choice") {
    const options = choices.map((each) => h("option", { value: each, selected: each === value }, each));
    return [text, h("select", { ...base, onchange: change }, options)];
  }
  if (kind === "json" || kind === "list") {
    const shown = kind === "list" && Array.isArray(value) ? value.join("\n") : JSON.stringify(value, null, 1);
    const read = (e) => set(kind === "list" ? lines(e.target.value) : e.target.value);
    return [text, h("textarea", { ...base, class: "field mono", rows: 3, value: given(value, shown), oninput: read })];
  }
  const number = kind === "integer" || kind === "number";
  const read = (e) => set(number && e.target.value !== "" ? Number(e.target.value) : e.target.value);
  const limits = number
    ? { type: "number", class: "field num", min: low, max: high, step: kind === "integer" ? 1 : "any" }
    : { type: "text" };
  return [text, h("input", { ...base, ...limits, value: value ?? "", oninput: read })];
}

const capital = (words) => words.replace(/^./, (c) => c.toUpperCase());
const given = (value, shown) => (typeof value === "string" ? value : (shown ?? ""));
const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

function fork(name, slug, value, set) {
  const id = `t-step-${name}`;
  const field = {
    id, class: "field", list: "technique-forks", value, placeholder: slug, oninput: (e) => set(e.target.value),
    title: "A saved prompt with the same variables, such as Mine or Mine@2; empty: the library's",
  };
  return h("p", { class: "fork" }, h("label", { for: id }, `Step ${name}`), h("input", field));
}

