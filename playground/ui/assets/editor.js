// The prompt editor: turns on the left, as written or as sent; variables, cases and images on the right.

import { adviceBadge } from "./advice.js";
import { drawCases } from "./cases.js";
import { openChecks } from "./checks.js";
import { checksOf } from "./check_count.js";
import "./complete.js";
import { $, $$, h, icon, keepPlace } from "./dom.js";
import { forgetFields, settle } from "./forgiving.js";
import { changed, onChange, page, previewListeners } from "./store.js";
import { turnBlock } from "./turns.js";
import { drawVars, mountVariables } from "./variables.js";
import { onceLeft } from "./waiting.js";

let turnsBox,
  sentBox,
  advice,
  sent = false;

/**
 * Puts the prompt editor into an element.
 * @param {HTMLElement} root
 */
export function mountEditor(root) {
  turnsBox = h("div", { class: "turns", role: "group", "aria-label": "Turns of the prompt", tabindex: "-1" });
  sentBox = h("div", { class: "turns", hidden: true, role: "group", "aria-label": "Turns as sent" });
  advice = h("ul", { class: "advice", id: "advice", hidden: true, "aria-label": "Advice on the prompt" });
  root.replaceChildren(h("div", { class: "editor pp" }, turnsBox, sentBox, mountVariables()));
  onChange((what) => {
    if (what === "all") {
      forgetFields();
      drawTurns();
    }
    if (what === "all" || what === "checks") drawAfter();
  });
  previewListeners.push(drawPreview);
}

const tokens = (n) => `${n.toLocaleString("en")} token${n === 1 ? "" : "s"}`;

// --- turns ------------------------------------------------------------------------------------------

function drawTurns() {
  const turns = page.form.prompt.turns;
  turnsBox.replaceChildren(
    ...turns.map((turn, i) => turnBlock(turns, turn, i, { onStructure: drawTurns })),
    h("div", { class: "after" }),
    advice,
  );
  drawAfter();
}

function addTurn() {
  const { turns } = page.form.prompt;
  turns.push({ role: turns.at(-1)?.role === "user" ? "assistant" : "user", template: "" });
  drawTurns();
  changed("turns");
  $(`[data-turn="${turns.length - 1}"] textarea`, turnsBox).focus();
}

function drawAfter() {
  const after = $(".after", turnsBox);
  if (!after) return;
  const checks = checksOf(page.form.prompt);
  const total = page.preview?.total;
  const used = page.preview?.variables?.length ?? 0;
  const counted = total === null || total === undefined ? "" : `${tokens(total)} before the template, `;
  const half = page.preview?.problems?.find((p) => p.message && !p.name && !isOfCheck(p));
  const said = half
    ? `${half.column === null ? "" : `Column ${half.column + 1}: `}${half.message} ${half.hint}`
    : `${counted}${used} variable${used === 1 ? "" : "s"}`;
  onceLeft(after, () => keepPlace(after, () =>
    after.replaceChildren(
      h("button", { class: "btn quiet", onclick: addTurn }, icon("plus"), "Add turn"),
      h(
        "button",
        { class: "btn quiet", "aria-pressed": String(sent), onclick: () => showSent(true) },
        icon("eye"),
        "Preview as sent",
      ),
      h(
        "button",
        { class: "btn quiet", id: "checks-button", onclick: openChecks },
        icon("check"),
        checks === 1 ? "1 check" : `${checks} checks`,
      ),
      h("button", { class: "btn quiet", "data-act": "partials" }, icon("fork"), "Include"),
      adviceBadge(advice),
      h("span", { class: "hint num grow said", title: half ? said : null }, said),
    ),
  ));
}

// --- what the server said about it --------------------------------------------------------------------

// Checks say in their drawer what is wrong with them.
const isOfCheck = (problem) =>
  problem.turn === null &&
  page.preview.checks?.some((check) => check.problem && check.problem.startsWith(problem.message));

function drawPreview(preview, isSettled = false) {
  if (!isSettled) settle(preview);
  drawVars(preview);
  drawCases();
  drawAfter();
  drawProblems(preview.problems);
  // A count of what stood there before would be wrong: what is not known now is not shown.
  $$("[data-turn]", turnsBox).forEach((block) => {
    const n = preview.tokens?.[block.dataset.turn] ?? null;
    $(".tokens", block).textContent = n === null ? "" : tokens(n);
  });
  drawSent();
}

// Quietly: the place is underlined, and a screen reader finds the words at the turn. Red comes with Run.
function drawProblems(problems) {
  for (const old of $$(".turn .problem, .turns > .problem")) old.remove();
  const found = new Map();
  for (const problem of problems) {
    if (!problem.message || problem.name || isOfCheck(problem)) continue;
    const root = problem.column === null ? turnsBox : $(`#col${problem.column} .own`);
    if (!root) continue;
    const block = problem.turn === null || problem.turn === undefined ? null : $(`[data-turn="${problem.turn}"]`, root);
    const words = h("p", { class: "problem sr" }, `${problem.message} ${problem.hint}`);
    if (!block) {
      root.prepend(words);
      continue;
    }
    words.id = `half-${problem.column ?? "shared"}-${problem.turn}-${found.get(block)?.length ?? 0}`;
    block.append(words);
    found.set(block, [...(found.get(block) ?? []), { at: problem.at, id: words.id }]);
  }
  for (const block of $$(".turn")) {
    const here = found.get(block) ?? [];
    const area = $("textarea", block);
    if (here.length) area?.setAttribute("aria-describedby", here.map(({ id }) => id).join(" "));
    else area?.removeAttribute("aria-describedby");
    $(".code", block)?.underline?.(here.map(({ at }) => at).filter(Boolean));
  }
}

function showSent(on) {
  sent = on;
  shownSent = null;
  drawSent();
  turnsBox.hidden = on;
  sentBox.hidden = !on;
  (on ? $("button", sentBox) : $("textarea", turnsBox))?.focus();
}

// Drawn only where it is seen, and only when it has changed: somebody reads it, or selects a text of it.
let shownSent = null;
function drawSent() {
  const preview = page.preview, { messages, problems } = preview ?? {};
  const told = JSON.stringify([messages, messages ? null : problems]);
  if (!sent || told === shownSent) return;
  shownSent = told;
  const back = h(
    "div",
    { class: "after" },
    h(
      "button",
      { class: "btn quiet on", "aria-pressed": "true", onclick: () => showSent(false) },
      icon("eye"),
      "Back to the template",
    ),
    h("span", { class: "hint" }, "This is what Run sends, with the values filled in."),
  );
  if (!preview?.messages) {
    const why = preview?.problems?.find((p) => p.column === null);
    sentBox.replaceChildren(
      h(
        "div",
        { class: "sent" },
        h("span"),
        h("span", { class: "hint" }, why ? `Nothing to show: ${why.message}` : "Nothing to show yet."),
      ),
      back,
    );
    return;
  }
  sentBox.replaceChildren(
    ...preview.messages.map((m) =>
      h(
        "div",
        { class: "sent" },
        h("b", {}, m.role[0].toUpperCase() + m.role.slice(1)),
        h("pre", { tabindex: "0" }, m.content),
      ),
    ),
    back,
  );
}
