// The prompt editor: turns on the left, as written or as sent; variables, cases and images on the right.

import { adviceBadge } from "./advice.js";
import { drawCases } from "./cases.js";
import { openChecks } from "./checks.js";
import { $, $$, h, icon, keepPlace } from "./dom.js";
import { changed, onChange, page, previewListeners } from "./store.js";
import { turnBlock } from "./turns.js";
import { drawVars, mountVariables } from "./variables.js";

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
    if (what === "all") drawTurns();
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
  const { checks } = page.form.prompt;
  const total = page.preview?.total;
  const used = page.preview?.variables?.length ?? 0;
  const counted = total === null || total === undefined ? "" : `${tokens(total)} before the template, `;
  keepPlace(after, () =>
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
        checks.length === 1 ? "1 check" : `${checks.length} checks`,
      ),
      h("button", { class: "btn quiet", "data-act": "partials" }, icon("fork"), "Include"),
      adviceBadge(advice),
      h(
        "span",
        { class: "hint num grow", style: "text-align:right" },
        `${counted}${used} variable${used === 1 ? "" : "s"}`,
      ),
    ),
  );
}

// --- what the server said about it --------------------------------------------------------------------

function drawPreview(preview) {
  drawVars(preview);
  drawCases();
  drawAfter();
  for (const old of document.querySelectorAll(".turn .problem, .turns > .problem")) old.remove();
  for (const problem of preview.problems) {
    const root = problem.column === null ? turnsBox : $(`#col${problem.column} .own`);
    if (!root) continue;
    const alert = h(
      "div",
      { class: "alert problem", role: "alert" },
      icon("warn"),
      h("div", {}, h("b", {}, problem.message), problem.hint),
    );
    const block = problem.turn === null || problem.turn === undefined ? null : $(`[data-turn="${problem.turn}"]`, root);
    if (block) block.append(alert);
    else root.prepend(alert);
  }
  // A count of what stood there before would be wrong: what is not known now is not shown.
  $$("[data-turn]", turnsBox).forEach((block) => {
    const n = preview.tokens?.[block.dataset.turn] ?? null;
    $(".tokens", block).textContent = n === null ? "" : tokens(n);
  });
  drawSent();
}

function showSent(on) {
  sent = on;
  drawSent();
  turnsBox.hidden = on;
  sentBox.hidden = !on;
  (on ? $("button", sentBox) : $("textarea", turnsBox))?.focus();
}

function drawSent() {
  const preview = page.preview;
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
