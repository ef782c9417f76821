// The columns: head (model, sampling, own prompt), answer, foot; the command bar and the phone's pager above them.

import { say } from "./alerts.js";
import { $, $$, h, icon, select } from "./dom.js";
import { changed, onChange, page, setColumns } from "./store.js";
import { turnBlock } from "./turns.js";

const FIELDS = [
  ["temperature", "Temperature", 0, 5, 0.05], ["top_p", "Top-p", 0.01, 1, 0.01], ["top_k", "Top-k (0 is off)", 0, 1000000, 1],
  ["min_p", "Min-p", 0, 1, 0.01], ["repetition_penalty", "Repetition penalty", 0.05, 10, 0.05],
  ["presence_penalty", "Presence penalty", -2, 2, 0.1], ["frequency_penalty", "Frequency penalty", -2, 2, 0.1],
  ["seed", "Seed (empty: new each run)", 0, 4294967294, 1], ["max_tokens", "Max tokens", 1, 1000000, 1]];
const OWN = "Own values";
const views = [];  // per column: {text, state, since}

// A preset is a distribution; length, seed and stop texts are a choice of their own and stay.
function usePreset(column, name) {
  column.preset = name;
  const { seed, max_tokens, stop } = column.sampling;
  if (page.presets[name]) column.sampling = { ...page.presets[name], seed, max_tokens, stop };
}

const KEPT = ["seed", "max_tokens", "stop"];

export const presetOptions = () => [...Object.keys(page.presets), OWN].map((name) => ({ value: name, label: name }));

/**
 * A sampling in words, such as "temperature 0.7, top-p 0.9, new seed, max 256".
 * @param {Sampling} s
 * @returns {string}
 */
export function summary(s) {
  const parts = [s.temperature === 0 ? "temperature 0 (greedy)" : `temperature ${s.temperature}`];
  if (s.top_p < 1) parts.push(`top-p ${s.top_p}`);
  if (s.top_k) parts.push(`top-k ${s.top_k}`);
  if (s.min_p) parts.push(`min-p ${s.min_p}`);
  if (s.repetition_penalty !== 1) parts.push(`repetition penalty ${s.repetition_penalty}`);
  if (s.presence_penalty) parts.push(`presence ${s.presence_penalty}`);
  if (s.frequency_penalty) parts.push(`frequency ${s.frequency_penalty}`);
  parts.push(s.seed === null ? "new seed" : `seed ${s.seed}`, `max ${s.max_tokens}`);
  if (s.stop.length) parts.push(`${s.stop.length} stop`);
  return parts.join(", ");
}

// --- one column ------------------------------------------------------------------------------------------

/**
 * Draws an empty column.
 * @param {{element: HTMLElement}} component
 * @param {number} i
 */
export function mountColumn({ element }, i) {
  const view = views[i] = { text: "", state: "idle", since: 0, follow: true, element };
  element.replaceChildren(h("section", { class: "col pp", id: `col${i}`, tabindex: "-1", "aria-label": `Column ${i + 1}` },
    h("header", { class: "col-head" }, h("div", { class: "l1" }), h("div", { class: "l2" }), h("div", { class: "l3" })),
    h("div", { class: "samples", hidden: true }),
    h("div", { class: "own", hidden: true }),
    h("div", { class: "col-body", tabindex: "0", "aria-label": `Answer ${i + 1}` }, h("div", { class: "thoughts" }), h("pre", { class: "out" }), h("div", { class: "view md", hidden: true }), h("div", { class: "problem" })),
    h("div", { class: "col-foot" })));
  const body = $(".col-body", element);
  body.addEventListener("scroll", () => { view.follow = body.scrollTop + body.clientHeight > body.scrollHeight - 24; });
}

/**
 * Shows the answer of a column.
 * @param {number} i
 * @param {string} text
 */
export function setText(i, text) {
  const view = views[i];
  const out = $(".out", view.element);
  if (text === view.text) return;
  // Appending one node is cheaper than laying out the whole answer again.
  if (view.text && text.startsWith(view.text) && out.firstChild) out.firstChild.appendData(text.slice(view.text.length));
  else out.textContent = text;
  view.text = text;
  if (view.follow) { const body = $(".col-body", view.element); body.scrollTop = body.scrollHeight; }
}

/**
 * Shows what changed in a column.
 * @param {number} i
 * @param {object} data `ColumnPart` of ui/update.py
 */
export function applyColumn(i, data) {
  const view = views[i];
  const section = $(`#col${i}`);
  if (data.waits !== undefined) $(".out", section).dataset.waits = data.waits;  // shown as long as there is no text
  if (data.stamp && data.stamp === view.stamp) drawTexts(i, data);  // what is known is not drawn again
  else { drawStatus(i, data); drawTexts(i, data); }
}

// An answer or its thoughts, whole or what has been added to them.
function drawTexts(i, data) {
  const view = views[i], section = $(`#col${i}`);
  if (data.text !== undefined && data.text !== view.text) { setText(i, data.text); showView(i, null); }
  if (data.grow !== undefined) setText(i, view.text + data.grow);
  if (data.think !== undefined) {
    const [from, more] = data.think;
    view.thoughts = from ? view.thoughts + more : more;
    drawThinking(section, view.thoughts.trim());
  }
}

function drawStatus(i, data) {
  const view = views[i], section = $(`#col${i}`);
  if (data.stamp) view.stamp = data.stamp;
  if (data.reasoning !== undefined) $(".thoughts", section).innerHTML = data.reasoning;
  else if (data.state && data.state.kind !== "running") foldThinking(section);
  if (data.state) {
    const writing = data.state.kind === "running" || data.state.kind === "pending";
    if (data.state.kind === "running") { view.since = performance.now() - 1000 * (data.state.for ?? 0); view.follow = true; showView(i, null); setText(i, ""); }
    if (!writing) view.settled = data.state;
    view.state = data.state.kind;
    view.label = data.state.text;
    view.icon = data.state.icon;
    section.classList.toggle("writing", data.state.kind === "running");
    setBusy(i, writing);
    if (!writing && data.state.say) say(data.state.say);
  }
  if (data.badges !== undefined) $(".l3", section).innerHTML = data.badges;
  if (data.problem !== undefined) $(".problem", section).innerHTML = data.problem;
  if (data.foot !== undefined) {
    $(".col-foot", section).innerHTML = data.foot ?? page.foot;
    drawWaiting(section);
  }
}

// Thoughts while they are written; folded by hand, they stay folded.
function drawThinking(section, text) {
  const box = $(".thoughts", section), words = text ? text.split(/\s+/).length : 0;
  let live = $("details[data-live]", box);
  if (!live && text) box.replaceChildren(live = h("details", { class: "reasoning", "data-live": "", open: true }, h("summary"), h("pre")));
  if (!live) return;
  $("summary", live).textContent = `Thinking, ${words.toLocaleString("en")} word${words === 1 ? "" : "s"}`;
  $("pre", live).textContent = text;
  $("pre", live).scrollTop = 1e9;
}

/**
 * Whether something of a column is being written, or will be.
 * @param {number} i
 * @param {boolean} busy
 */
export function setBusy(i, busy) {
  if (busy) page.busy.add(i); else page.busy.delete(i);
  drawState(i);
  document.dispatchEvent(new Event("busy"));
}

// All of it has come.
function foldThinking(section) {
  const live = $(".thoughts details[data-live]", section);
  live?.removeAttribute("data-live");
  live?.removeAttribute("open");
}

function drawWaiting(section) {
  const wait = $(".checks-wait", section), n = page.form.prompt?.checks.length ?? 0;
  if (wait) wait.textContent = n ? `${n} check${n === 1 ? " runs" : "s run"} when the answer ends` : "No checks yet. Add them in the editor.";
}

/**
 * A run that did not start leaves its columns as they were.
 * @param {number[] | boolean} which true is every column that is busy
 */
export function settleColumns(which) {
  for (const i of which === true ? [...page.busy] : which) applyColumn(i, { state: views[i].settled ?? { kind: "idle", icon: "", text: "" } });
}

/**
 * Shows another view of an answer, or the answer itself (null).
 * @param {number} i
 * @param {string | null} html
 * @param {"md" | "heat"} kind
 */
export function showView(i, html, kind = "md") {
  const section = $(`#col${i}`);
  const md = $(".view", section);
  md.hidden = html === null;
  md.className = `view ${kind}`;
  $(".out", section).hidden = html !== null;
  if (html !== null) md.innerHTML = html;
  for (const [act, on] of [["markdown", html !== null && kind === "md"], ["probabilities", html !== null && kind === "heat"]])
    $$(`[data-act=${act}]`, section).forEach((b) => { b.classList.toggle("on", on); b.setAttribute("aria-pressed", String(on)); });
}

function drawState(i) {
  const view = views[i];
  const el = $(`#col${i} .state`);
  if (!el) return;
  el.className = `state ${view.state}`;
  const seconds = ((performance.now() - view.since) / 1000).toFixed(1);
  const text = view.state === "running" ? `${view.text || $(`#col${i} .thoughts`).firstChild ? "writing" : "waiting"}, ${seconds} s` : view.state === "pending" ? "waits" : view.label ?? "";
  if (el.dataset.icon !== view.icon || !el.lastChild) el.replaceChildren(...(view.icon ? [icon(view.icon)] : []), h("span", {}, text));
  else if (el.lastChild.textContent !== text) el.lastChild.textContent = text;
  el.dataset.icon = view.icon ?? "";
  const stop = $(`#col${i} .stop`);
  if (stop) stop.hidden = !page.busy.has(i);
}

setInterval(() => { for (const i of page.busy) drawState(i); }, 100);

// --- heads ------------------------------------------------------------------------------------------------

function drawHead(i) {
  const column = page.form.columns[i];
  const section = $(`#col${i}`);
  if (!column || !section) return;
  const info = page.models.find((m) => m.id === column.model);
  const models = page.models.map((m) => ({ value: m.id, label: m.name, title: m.detail }));
  $(".l1", section).replaceChildren(
    h("span", { class: "key", "aria-hidden": "true" }, String(i + 1)),
    select(models, column.model, { class: "bare model", "aria-label": `Model of column ${i + 1}`, missing: `${column.model} (not here)`, onchange: (e) => { column.model = e.target.value; changed("columns"); } }),
    h("span", { class: "grow" }), h("span", { class: "state" }),
    h("button", { class: "btn small stop", hidden: !page.busy.has(i), "data-act": "stop", "data-column": i, "aria-label": `Stop column ${i + 1}` }, icon("stop"), "Stop"));
  $(".l2", section).replaceChildren(
    h("span", {}, info?.backend ?? column.model.split(":")[0]), h("span", { class: "hint" }, "·"),
    select(presetOptions(), column.preset, { class: "bare", "aria-label": `Sampling of column ${i + 1}`, title: summary(column.sampling), onchange: (e) => {
      usePreset(column, e.target.value);
      changed("columns");
      if (column.preset === OWN) openSampling(i);
    } }),
    h("button", { class: "btn quiet icon small", title: summary(column.sampling), "aria-label": `Sampling values of column ${i + 1}`, style: "height:20px;width:24px", onclick: () => openSampling(i) }, icon("gear")),
    h("span", { class: "hint" }, "·"),
    select([{ value: "", label: "shared prompt" }, { value: "own", label: "own prompt" }], column.own ? "own" : "", { class: "bare", "aria-label": `Prompt of column ${i + 1}`, onchange: (e) => {
      column.own = e.target.value === "own";
      if (column.own && !column.turns.length) column.turns = structuredClone(page.form.prompt.turns);
      changed("columns");
    } }));
  drawState(i);
  drawOwn(i);
}

function drawOwn(i) {
  const column = page.form.columns[i];
  const own = $(`#col${i} .own`);
  own.hidden = !column.own;
  const draw = () => own.replaceChildren(...column.turns.map((turn, n) => turnBlock(column.turns, turn, n, { onStructure: draw, label: `Column ${i + 1}, ` })),
    h("div", { style: "padding:4px 24px" }, h("button", { class: "btn quiet small", onclick: () => { column.turns.push({ role: "user", template: "" }); draw(); changed("turns"); } }, icon("plus"), "Add turn")));
  if (column.own) draw(); else own.replaceChildren();
}

function openSampling(i) {
  $(".pop")?.remove();
  const column = page.form.columns[i];
  const button = $(`#col${i} .l2 button`);
  const at = button.getBoundingClientRect();
  const problem = h("p", { class: "bad", role: "alert" });
  const set = (key, value) => { column.sampling = { ...column.sampling, [key]: value }; if (!KEPT.includes(key)) column.preset = OWN; changed("values"); $(`#col${i} .l2 select`).value = column.preset; drawBar(); };
  const rows = FIELDS.flatMap(([key, label, min, max, step]) => {
    const id = `s${i}-${key}`;
    return [h("label", { for: id }, label), h("input", { id, class: "field num", type: "number", min, max, step: "any", "data-step": step, value: column.sampling[key] ?? "", oninput: (e) => {
      const raw = e.target.value;
      const value = Number(raw);
      const whole = ["top_k", "seed", "max_tokens"].includes(key);
      if (key === "seed" && raw === "") { problem.textContent = ""; set(key, null); return; }
      const wrong = raw === "" || !Number.isFinite(value) || value < min || value > max || (whole && !Number.isInteger(value));
      problem.textContent = wrong ? `${label}: a ${whole ? "whole " : ""}number from ${min} to ${max.toLocaleString("en")}.` : "";
      if (!wrong) set(key, value);
    } })];
  });
  const samples = samplesField(i, problem);
  const pop = h("div", { class: "pop pp", role: "dialog", oninput: samples.tell, "aria-label": `Sampling of column ${i + 1}`, style: `left:${Math.max(8, Math.min(at.left, innerWidth - 356))}px;top:${Math.max(8, Math.min(at.bottom + 4, innerHeight - 560))}px` },
    h("div", { style: "display:flex;align-items:center" }, h("h3", { class: "grow" }, `Sampling, column ${i + 1}`), h("button", { class: "btn quiet icon", "aria-label": "Close", onclick: () => { pop.remove(); button.focus(); } }, icon("cross"))),
    h("div", { class: "grid" }, rows,
      h("label", { for: `s${i}-stop` }, "Stop texts, one a line"), h("span"),
      h("textarea", { id: `s${i}-stop`, class: "field mono", rows: 2, style: "grid-column:1/-1", value: column.sampling.stop.join("\n"), oninput: (e) => set("stop", e.target.value.split("\n").filter((s) => s !== "")) }),
      samples.rows),
    h("div", { class: "grid", style: "grid-template-columns:1fr" },
      h("label", {}, h("input", { type: "checkbox", checked: column.top_logprobs !== null && column.top_logprobs !== undefined, onchange: (e) => { column.top_logprobs = e.target.checked ? 5 : null; changed("values"); } }), "Keep token probabilities"),
      h("label", {}, h("input", { type: "checkbox", checked: column.thinking, onchange: (e) => { column.thinking = e.target.checked; changed("values"); } }), "Let the model think first")),
    problem);
  document.body.append(pop);
  $("input", pop).focus();
}

const MOST_SAMPLES = 20;
const SEEDS = 2 ** 32 - 1;  // after the last comes the first
/** What a person should know who asks for samples without chance. */
export const GREEDY = "At temperature 0 every sample is the same answer.";

// How many answers a column asks for, beside the values they are drawn with: the field, and a line that follows them.
function samplesField(i, problem) {
  const column = page.form.columns[i], id = `s${i}-samples`;
  const hint = h("p", { class: "hint", style: "grid-column:1/-1;margin:0;min-height:16px" });
  const tell = () => { hint.textContent = (column.samples ?? 1) > 1 ? seedWords(column) : ""; };
  const set = (e) => {
    const value = Number(e.target.value);
    const wrong = e.target.value === "" || !Number.isInteger(value) || value < 1 || value > MOST_SAMPLES;
    problem.textContent = wrong ? `Samples: a whole number from 1 to ${MOST_SAMPLES}.` : "";
    if (wrong) return;
    column.samples = value;
    changed("values");
  };
  const field = { id, class: "field num", type: "number", min: 1, max: MOST_SAMPLES, step: 1, value: column.samples ?? 1 };
  tell();
  return { tell, rows: [h("label", { for: id }, `Samples (1 to ${MOST_SAMPLES})`), h("input", { ...field, oninput: set }), hint] };
}

function seedWords({ sampling, samples }) {
  if (sampling.temperature === 0) return GREEDY;
  if (sampling.seed === null) return "A new seed for each.";
  return `Seeds ${sampling.seed} to ${(sampling.seed + samples - 1) % SEEDS}, one for each.`;
}

// --- bar and pager ----------------------------------------------------------------------------------------

let bar, pager;

/**
 * Puts the command bar into an element.
 * @param {HTMLElement} root
 */
export function mountBar(root) {
  bar = h("div", { class: "bar pp" });
  root.replaceChildren(bar);
  onChange((what) => {
    if (what === "checks") for (let i = 0; i < page.most; i++) drawWaiting($(`#col${i}`));
    if (what === "all" || what === "columns") { drawColumns(); drawBar(); }
    if (what === "name") drawBar();
  });
  document.addEventListener("busy", () => { drawRun(); drawPager(); });
}

/**
 * Puts the phone's pager into an element.
 * @param {HTMLElement} root
 */
export function mountPager(root) { pager = h("div", { class: "pager pp", role: "tablist", "aria-label": "Columns" }); root.replaceChildren(pager); }

export function drawColumns() {
  const count = page.form.columns.length;
  $("#columns").classList.toggle("four", count === 4);
  for (let i = 0; i < page.most; i++) {
    const block = $(`#answer${i}`);
    block.classList.toggle("off", i >= count);
    block.classList.toggle("front", i === page.front);
    if (i < count) drawHead(i);
  }
  drawPager();
}

function drawPager() {
  if (!page.form) return;
  pager.replaceChildren(...page.form.columns.map((column, i) => h("button", { role: "tab", "aria-selected": String(i === page.front), onclick: () => { page.front = i; drawColumns(); } },
    h("span", { class: "key" }, String(i + 1)), page.models.find((m) => m.id === column.model)?.name.slice(0, 12) ?? "", views[i]?.icon ? icon(views[i].icon) : "")));
}

export function drawBar() {
  const { form } = page;
  const same = form.columns.every((c) => JSON.stringify(c.sampling) === JSON.stringify(form.columns[0].sampling));
  const preset = same ? form.columns[0].preset : "";
  const title = h("input", { class: "title", id: "prompt-name", "aria-label": "Name of the prompt", placeholder: "Untitled prompt", value: form.prompt.name, oninput: (e) => { form.prompt.name = e.target.value; changed("title"); } });
  const origin = form.version ? `version ${form.version}` : form.origin ? "from the library" : "not saved";
  bar.replaceChildren(
    title, h("span", { class: "hint fold" }, origin),
    h("span", { class: "hint fold", id: "edited", style: "visibility:hidden" }, "edited"),
    h("button", { class: "btn quiet fold", id: "save", "data-act": "save_form" }, icon("save"), "Save", h("kbd", {}, "Ctrl S")),
    form.prompt_id ? h("button", { class: "btn quiet fold", "data-act": "versions", "data-prompt": form.prompt_id }, icon("history"), "Versions") : "",
    h("span", { class: "rule fold" }),
    select([...(same ? [] : [{ value: "", label: "Sampling differs" }]), ...presetOptions()], preset, { class: "field fold", "aria-label": "Sampling of all columns", onchange: (e) => {
      for (const c of form.columns) if (e.target.value) usePreset(c, e.target.value);
      changed("columns");
    } }),
    form.same_text ? h("button", { class: "badge mode fold", title: `Every column gets the text of ${form.same_text}. Press to let each use its own template.`, onclick: () => { form.same_text = ""; changed("columns"); } }, icon("check"), "same text", icon("cross")) : "",
    h("span", { class: "sum fold" }, same ? summary(form.columns[0].sampling) : ""),
    h("span", { class: "grow" }),
    h("button", { class: "btn small fold-only", "data-act": "unfold" }, "Edit"),
    h("span", { class: "seg cols", role: "group", "aria-label": "Number of columns" }, Array.from({ length: page.most }, (_, i) => i + 1).map((n) => h("button", { "aria-pressed": String(form.columns.length === n), title: `${n} column${n > 1 ? "s" : ""}`, onclick: () => setColumns(n) }, String(n)))),
    h("button", { class: "btn", id: "stop", "data-act": "stop", title: "Nothing is running" }, icon("stop"), "Stop all", h("kbd", {}, "Esc")),
    h("button", { class: "btn primary", id: "run", "data-act": "run" }, icon("play"), "Run", h("kbd", {}, "Ctrl Enter")));
  drawRun();
}

function drawRun() {
  const busy = page.busy.size > 0;
  const run = $("#run"), stop = $("#stop");
  if (!run) return;
  run.disabled = busy; run.title = busy ? "Stop the columns that are writing first" : "";
  stop.disabled = !busy; stop.title = busy ? "" : "Nothing is running";
}
