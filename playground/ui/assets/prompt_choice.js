// The panel that chooses a column's prompt: the shared one, a text of its own, a pattern, a saved prompt.

import { showAlert } from "./alerts.js";
import { $, $$, debounce, h, icon } from "./dom.js";
import { shareAgain, takePrompt, writeOwn } from "./own_prompts.js";
import { closePop, openPop } from "./pop.js";
import { call, page } from "./store.js";
import { onceLeft } from "./waiting.js";

let asked = 0;

/**
 * Opens the panel for a column.
 * @param {HTMLElement} anchor
 * @param {number} i
 */
export function openPrompts(anchor, i) {
  const list = h("div", { class: "choices", role: "group", "aria-label": "Prompts" });
  const search = h("input", {
    class: "field",
    type: "search",
    autofocus: true,
    placeholder: "Find a pattern or a saved prompt",
    "aria-label": "Find a prompt for this column",
    oninput: debounce(120, () => fill(list, i, search.value)),
    onkeydown: (e) => {
      if (e.key !== "Enter") return;
      e.preventDefault();
      $(".choice", list)?.click();
    },
  });
  const column = page.form.columns[i];
  const fixed = h(
    "div",
    { class: "fixed" },
    choice("The shared prompt", "the editor above", !column.own, () => pick(() => shareAgain(i))),
    choice("Text of its own", "begins with what the column has", column.own && !column.source, () => {
      closePop(false);
      writeOwn(i);
    }),
  );
  const pop = openPop(anchor, `Prompt of column ${i + 1}`, [fixed, search, list], "prompts");
  pop.addEventListener("keydown", (e) => step(e, pop, search));
  fill(list, i, "");
}

function pick(act) {
  closePop();
  act();
}

// ↓ goes from the search into the list, ↑ and ↓ move in it.
function step(e, pop, search) {
  if (!["ArrowDown", "ArrowUp"].includes(e.key)) return;
  const all = [search, ...$$(".choices button", pop)];
  const next = all[all.indexOf(document.activeElement) + (e.key === "ArrowDown" ? 1 : -1)];
  if (!next) return;
  e.preventDefault();
  next.focus();
}

function choice(name, hint, on, act) {
  return h(
    "button",
    { class: "choice", "aria-pressed": String(Boolean(on)), onclick: act },
    h("span", { class: "one", translate: "no" }, name),
    h("span", { class: "hint one" }, hint),
    on ? icon("check") : "",
  );
}

async function fill(list, i, search, of = "") {
  const mine = ++asked;
  const reply = await call("prompt_choices", { search, of });
  if (mine !== asked || !list.isConnected) return;
  if (reply.alert) {
    list.replaceChildren(h("p", { class: "bad" }, reply.alert.message, " ", reply.alert.hint));
    return;
  }
  const groups = reply.prompts.flatMap(({ title, rows }) => [
    h("h3", { class: "hint" }, title),
    ...rows.map((row) => rowOf(list, i, row)),
  ]);
  onceLeft(list, () => {
    list.replaceChildren(...(groups.length ? groups : [h("p", { class: "hint" }, "Nothing matches.")]));
    list.scrollTop = 0;
  });
}

function rowOf(list, i, { name, hint, choice: chosen, at }) {
  const take = (which) => takeInto(i, which);
  const marks = (at ?? []).map(({ label, choice: other, of, title }) =>
    h(
      "button",
      { class: "badge mode", title, onclick: () => (of ? fill(list, i, "", of) : take(other)) },
      label,
    ),
  );
  return h(
    "div",
    { class: "choice-row" },
    choice(name, hint, isHere(i, chosen), () => take(chosen)),
    marks.length ? h("span", { class: "at" }, marks) : "",
  );
}

function isHere(i, { pattern, prompt, number }) {
  const { own, source } = page.form.columns[i];
  if (!own || !source) return false;
  return pattern ? source.pattern === pattern : source.prompt_id === prompt && source.number === number;
}

async function takeInto(i, chosen) {
  const reply = await call("take_prompt", { ...chosen, column: i });
  closePop();
  if (reply.alert) {
    showAlert(reply.alert);
    return;
  }
  takePrompt(reply.into);
}
