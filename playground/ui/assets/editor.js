// The prompt editor: turns as blocks on the left, one typed field a variable on the right.

import { $, h, icon, select } from "./dom.js";
import { changed, onChange, page, previewListeners } from "./store.js";

const ROLES = ["system", "user", "assistant"].map((r) => ({ value: r, label: r[0].toUpperCase() + r.slice(1) }));
const KINDS = [["text", "text"], ["long_text", "long text"], ["number", "number"], ["choice", "choice"], ["boolean", "yes or no"], ["examples", "examples"]]
  .map(([value, label]) => ({ value, label }));
const BIG = 20000;  // beyond this a text is edited without colours, in a box that scrolls
const JINJA = /(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\})/;

let turnsBox, varsBox, sentBox, sent = false;

export function mountEditor(root) {
  turnsBox = h("div", { class: "turns", role: "group", "aria-label": "Turns of the prompt", tabindex: "-1" });
  varsBox = h("div", { class: "vars", role: "group", "aria-label": "Variables" });
  sentBox = h("div", { class: "turns", hidden: true, role: "group", "aria-label": "Turns as sent" });
  root.replaceChildren(h("div", { class: "editor pp" }, turnsBox, sentBox, varsBox));
  onChange((what) => { if (what === "all") { drawTurns(); varsBox.replaceChildren(); } if (what === "all" || what === "checks") drawAfter(); });
  previewListeners.push(drawPreview);
}

const tokens = (n) => `${n.toLocaleString("en")} token${n === 1 ? "" : "s"}`;

// --- turns ------------------------------------------------------------------------------------------

function drawTurns() {
  const turns = page.form.prompt.turns;
  turnsBox.replaceChildren(...turns.map((turn, i) => turnBlock(turns, turn, i, { onStructure: drawTurns })), h("div", { class: "after" }));
  drawAfter();
}

export function turnBlock(turns, turn, i, { onStructure, label = "" }) {
  const change = () => { onStructure(); changed("turns"); };
  const name = `${label}${turn.role} turn ${i + 1}`;
  return h("div", { class: "turn", "data-turn": i },
    h("div", { class: "who" },
      select(ROLES, turn.role, { class: "bare", "aria-label": `Role of turn ${i + 1}`, onchange: (e) => { turn.role = e.target.value; change(); } }),
      h("span", { class: "hint num tokens" })),
    codeBox(turn.template, { label: name, placeholder: turn.role === "system" ? "How the model shall behave" : "Text with {{ variables }}" },
      (text) => { turn.template = text; changed("turns"); }),
    h("div", { class: "tools" },
      h("button", { class: "btn quiet icon", title: "Move up", "aria-label": `Move ${name} up`, disabled: i === 0, onclick: () => { turns.splice(i - 1, 0, turns.splice(i, 1)[0]); change(); } }, icon("arrow-up")),
      h("button", { class: "btn quiet icon", title: "Remove turn", "aria-label": `Remove ${name}`, disabled: turns.length === 1, onclick: () => { turns.splice(i, 1); change(); } }, icon("trash"))));
}

export function codeBox(text, { label, placeholder = "" }, onText) {
  const pre = h("pre", { "aria-hidden": "true" });
  const area = h("textarea", { "aria-label": label, placeholder, spellcheck: "false", value: text, rows: 1 });
  const box = h("div", { class: "code" }, pre, area);
  const paint = () => {
    const value = area.value;
    const big = value.length > BIG;
    box.classList.toggle("plain", big);
    area.style.overflow = big ? "auto" : "";
    pre.style.height = big ? "240px" : "";
    pre.style.overflow = big ? "hidden" : "";
    if (big) { pre.textContent = ""; return; }
    pre.replaceChildren(...value.split(JINJA).map((part, i) => i % 2 ? h("span", { class: "jinja" }, part) : part), value.endsWith("\n") || !value ? "\u200b" : "");
  };
  area.addEventListener("input", () => { paint(); onText(area.value); });
  paint();
  return box;
}

function drawAfter() {
  const after = $(".after", turnsBox);
  if (!after) return;
  const { checks, turns } = page.form.prompt;
  const total = page.preview?.total;
  const used = page.preview?.variables?.length ?? 0;
  after.replaceChildren(
    h("button", { class: "btn quiet", onclick: () => { turns.push({ role: turns.at(-1)?.role === "user" ? "assistant" : "user", template: "" }); drawTurns(); changed("turns"); turnsBox.querySelector(".turn:nth-last-child(2) textarea")?.focus(); } }, icon("plus"), "Add turn"),
    h("button", { class: "btn quiet", "aria-pressed": String(sent), onclick: () => showSent(true) }, icon("eye"), "Preview as sent"),
    h("button", { class: "btn quiet", id: "checks-button", onclick: () => import("./checks.js").then((m) => m.openChecks()) }, icon("check"), checks.length === 1 ? "1 check" : `${checks.length} checks`),
    h("span", { class: "hint num grow", style: "text-align:right" },
      `${total === null || total === undefined ? "" : `${tokens(total)} before the template, `}${used} variable${used === 1 ? "" : "s"}`));
}

// --- what the server said about it --------------------------------------------------------------------

function drawPreview(preview) {
  drawVars(preview);
  drawAfter();
  for (const old of document.querySelectorAll(".turn .problem, .turns > .problem")) old.remove();
  for (const problem of preview.problems) {
    const root = problem.column === null ? turnsBox : $(`#col${problem.column} .own`);
    if (!root) continue;
    const alert = h("div", { class: "alert problem", role: "alert" }, icon("warn"), h("div", {}, h("b", {}, problem.message), problem.hint));
    const block = problem.turn === null || problem.turn === undefined ? null : $(`[data-turn="${problem.turn}"]`, root);
    if (block) block.append(alert); else root.prepend(alert);
  }
  (preview.tokens ?? []).forEach((n, i) => { const el = $(`[data-turn="${i}"] .tokens`, turnsBox); if (el) el.textContent = n === null ? "" : tokens(n); });
  drawSent();
}

function showSent(on) { sent = on; drawSent(); turnsBox.hidden = on; sentBox.hidden = !on; (on ? $("button", sentBox) : $("textarea", turnsBox))?.focus(); }

function drawSent() {
  const preview = page.preview;
  const back = h("div", { class: "after" }, h("button", { class: "btn quiet on", "aria-pressed": "true", onclick: () => showSent(false) }, icon("eye"), "Back to the template"),
    h("span", { class: "hint" }, "This is what Run sends, with the values filled in."));
  if (!preview?.messages) {
    const why = preview?.problems?.find((p) => p.column === null);
    sentBox.replaceChildren(h("div", { class: "sent" }, h("span"), h("span", { class: "hint" }, why ? `Nothing to show: ${why.message}` : "Nothing to show yet.")), back);
    return;
  }
  sentBox.replaceChildren(...preview.messages.map((m) => h("div", { class: "sent" }, h("b", {}, m.role[0].toUpperCase() + m.role.slice(1)), h("pre", { tabindex: "0" }, m.content))), back);
}

// --- variables ------------------------------------------------------------------------------------------

function declared(name) { return page.form.prompt.inputs.find((input) => input.name === name); }

function declare(name, patch) {
  const input = declared(name);
  if (input) Object.assign(input, patch);
  else page.form.prompt.inputs.push({ name, kind: "text", description: "", required: true, default: null, example: null, choices: [], ...patch });
}

function drawVars(preview) {
  const names = preview.variables ?? [];
  const old = new Map([...varsBox.children].filter((el) => el.dataset.v).map((el) => [el.dataset.v, el]));
  const rows = names.map((name) => {
    const kind = declared(name)?.kind ?? "text";
    const kept = old.get(name);
    return kept && kept.dataset.kind === kind ? kept : varRow(name, kind);
  });
  const same = rows.length && rows.length === varsBox.children.length && rows.every((row, i) => row === varsBox.children[i]);
  if (!same) varsBox.replaceChildren(...(rows.length ? rows : [h("p", { class: "empty" }, "No variables. Write ", h("span", { class: "mono" }, "{{ name }}"), " in a turn and its field appears here.")]));
}

function varRow(name, kind) {
  const input = declared(name);
  const id = `v-${name}`;
  const row = h("div", { class: "var", "data-v": name, "data-kind": kind });
  const redraw = () => row.replaceWith(varRow(name, declared(name)?.kind ?? "text"));
  const kindSelect = select(KINDS, kind, { class: "bare kind", "aria-label": `Type of ${name}`, onchange: (e) => { declare(name, { kind: e.target.value }); page.form.values[name] = valueAs(e.target.value, page.form.values[name]); redraw(); changed("values"); } });
  const more = h("button", { class: "btn quiet icon small", title: `How ${name} is asked for`, "aria-label": `Declare ${name}`, "aria-expanded": "false", onclick: () => {
    const open = $(".declare", row);
    more.setAttribute("aria-expanded", String(!open));
    if (open) open.remove(); else row.append(declareForm(name, redraw));
  } }, icon("gear"));
  row.append(h("label", { for: id, title: input?.description ?? "" }, name), h("span", { class: "how" }, kindSelect, more), widget(name, kind, id, input));
  if (input?.description) row.append(h("span", { class: "hint note" }, input.description));
  return row;
}

// Another type shows the value in another field; what that field cannot show is not sent either.
function valueAs(kind, value) {
  if (kind === "boolean") return value === true;
  if (kind === "number") return value === "" || value === null || !Number.isFinite(Number(value)) ? null : Number(value);
  if (kind === "examples") return Array.isArray(value) ? value : [];
  return value === null || value === undefined || typeof value === "object" ? "" : String(value);
}

function setValue(name, value) { page.form.values[name] = value; changed("values"); }

function widget(name, kind, id, input) {
  const value = page.form.values[name];
  const text = value === undefined || value === null ? "" : String(value);
  const hint = input?.example !== null && input?.example !== undefined && typeof input.example !== "object" ? `for example ${input.example}` : "";
  switch (kind) {
    case "long_text": return h("textarea", { id, class: "field mono", rows: Math.min(5, Math.max(2, Math.ceil(text.length / 34))), value: text, placeholder: hint, oninput: (e) => setValue(name, e.target.value) });
    case "number": return h("input", { id, class: "field num", type: "number", step: "any", value: text, placeholder: hint, oninput: (e) => setValue(name, e.target.value === "" ? null : Number(e.target.value)) });
    case "boolean": return h("span", { style: "padding-top:6px" }, h("input", { id, type: "checkbox", checked: value === true, onchange: (e) => setValue(name, e.target.checked) }));
    case "choice": {
      const choices = (input?.choices ?? []).map((c) => ({ value: c, label: c }));
      return select(text && !choices.some((c) => c.value === text) ? [...choices] : choices, text, { id, class: "field", missing: text || "Choose", onchange: (e) => setValue(name, e.target.value) });
    }
    case "examples": return examplesGrid(name, id);
    default: return h("input", { id, class: "field mono", type: "text", value: text, placeholder: hint, oninput: (e) => setValue(name, e.target.value) });
  }
}

function examplesGrid(name, id) {
  const list = Array.isArray(page.form.values[name]) ? page.form.values[name] : [];
  const keys = Object.keys(list[0] ?? declared(name)?.example?.[0] ?? { input: "", output: "" });
  const box = h("div", { class: "examples", id });
  const redraw = () => { box.replaceWith(examplesGrid(name, id)); changed("values"); };
  const commit = () => setValue(name, list);
  if (list.length) box.append(h("div", { class: "keys hint mono", "aria-hidden": "true" }, keys.map((key) => h("span", {}, key))));
  box.append(...list.map((row, i) => h("div", { class: "ex" },
    keys.map((key) => h("input", { class: "field mono", "aria-label": `${name} ${i + 1}, ${key}`, placeholder: key, value: row[key] ?? "", oninput: (e) => { row[key] = e.target.value; commit(); } })),
    h("button", { class: "btn quiet icon", title: "Remove example", "aria-label": `Remove example ${i + 1}`, onclick: () => { list.splice(i, 1); page.form.values[name] = list; redraw(); } }, icon("cross")))),
  h("div", {}, h("button", { class: "btn quiet small", onclick: () => { list.push(Object.fromEntries(keys.map((k) => [k, ""]))); page.form.values[name] = list; redraw(); } }, icon("plus"), "Add example")));
  return box;
}

function declareForm(name, redraw) {
  const input = () => declared(name) ?? {};
  const field = (label, key, attrs = {}, read = (v) => v, show = (v) => v ?? "") => [h("label", { class: "hint", for: `d-${name}-${key}` }, label),
    h("input", { id: `d-${name}-${key}`, class: "field", value: show(input()[key]), ...attrs, onchange: (e) => { declare(name, { [key]: read(e.target.value) }); changed("values"); redraw(); } })];
  const json = (v) => { if (v === "") return null; try { return JSON.parse(v); } catch { return v; } };
  const plain = (v) => v === null || v === undefined ? "" : typeof v === "string" ? v : JSON.stringify(v);
  return h("div", { class: "declare" },
    field("Description", "description"),
    field("Default", "default", {}, json, plain),
    field("Example", "example", {}, json, plain),
    input().kind === "choice" ? field("Choices", "choices", { placeholder: "warm, plain, formal" }, (v) => v.split(",").map((c) => c.trim()).filter(Boolean), (v) => (v ?? []).join(", ")) : [],
    h("label", { class: "hint", for: `d-${name}-required` }, "Required"),
    h("span", {}, h("input", { id: `d-${name}-required`, type: "checkbox", checked: input().required ?? true, onchange: (e) => { declare(name, { required: e.target.checked }); changed("values"); } })));
}
