// The head of a column: its model, its prompt, where its sampling differs, its state.

import { drawState } from "./answers.js";
import { $, h, icon, keepFocus, select } from "./dom.js";
import { english } from "./language.js";
import { drawOwn } from "./own_prompts.js";
import { openPrompts } from "./prompt_choice.js";
import { nameOf, sourceWords } from "./prompt_names.js";
import { openSampling } from "./sampling.js";
import { exceptions, summary } from "./settings.js";
import { changed, onChange, page, previewListeners } from "./store.js";
import { openTechnique, techniqueName } from "./technique.js";
import { onceLeft } from "./waiting.js";

/**
 * Draws the head of a column that is shown.
 * @param {number} i
 * @param {boolean} withOwn its own prompt too: where only what can be chosen has changed, what is typed there stays
 */
export function drawHead(i, withOwn = true) {
  const column = page.form.columns[i];
  const section = $(`#col${i}`);
  if (!column || !section) return;
  const head = $(".col-head", section);
  onceLeft(head, () => {
    const now = page.form.columns[i]; // it may have waited
    if (!now) return;
    keepFocus(head, () => {
      drawFirst(i, now, $(".l1", section));
      drawSecond(i, now, $(".l2", section));
    });
    drawState(i);
  });
  if (withOwn) drawOwn(i);
}

function drawFirst(i, column, line) {
  const models = page.models.map((m) => ({ value: m.id, label: m.name, title: m.detail, isName: true }));
  const choose = (e) => {
    column.model = e.target.value;
    changed("columns");
  };
  const model = select(models, column.model, {
    class: "bare model",
    "aria-label": `Model of column ${i + 1}`,
    missing: `${column.model} (not here)`,
    title: page.models.find((m) => m.id === column.model)?.backend ?? "",
    onchange: choose,
  });
  const stop = h(
    "button",
    {
      class: "btn small stop",
      hidden: !page.busy.has(i),
      "data-act": "stop",
      "data-column": i,
      "aria-label": `Stop column ${i + 1}`,
    },
    icon("stop"),
    "Stop",
  );
  line.replaceChildren(
    h("span", { class: "key", "aria-hidden": "true" }, String(i + 1)),
    model,
    h("span", { class: "grow" }),
    h("span", { class: "state" }),
    stop,
  );
}

function drawSecond(i, column, line) {
  const info = page.models.find((m) => m.id === column.model);
  const name = nameOf(column);
  const prompt = h(
    "button",
    {
      class: "bare prompt",
      "data-pop": "",
      "aria-haspopup": "dialog",
      "aria-label": `Prompt of column ${i + 1}: ${name}`,
      title: sourceWords(column),
      onclick: (e) => openPrompts(e.currentTarget, i),
    },
    h("span", { class: "one" }, name),
  );
  const differing = exceptions(i);
  const chip = h(
    "button",
    {
      class: "bare sampled",
      "data-pop": "",
      title: summary(column),
      "aria-label": `Sampling values of column ${i + 1}`,
      onclick: (e) => openSampling(e.currentTarget, i),
    },
    icon("gear"),
    differing.length ? h("span", { class: "one" }, differing.map((one) => one.words).join(", ")) : "",
  );
  const by = techniqueName(column);
  const technique = h(
    "button",
    {
      class: "bare technique",
      "data-of": `technique ${i}`,
      "data-pop": "",
      "aria-haspopup": "dialog",
      "aria-label": `Technique of column ${i + 1}: ${by || "the prompt as it is"}`,
      title: by || "Technique: the prompt as it is",
      onclick: (e) => openTechnique(e.currentTarget, i),
    },
    icon("fork"),
    by ? h("span", { class: "one" }, by) : "",
  );
  line.replaceChildren(
    h("span", { class: "backend", translate: "no" }, info?.backend ?? column.model.split(":")[0]),
    h("span", { class: "hint dot" }, "·"),
    prompt,
    h("span", { class: "differing" }),
    technique,
    chip,
  );
  drawMark(i);
}

// How the column's prompt differs from the shared one, as the server counted it.
function drawMark(i) {
  const mark = $(`#col${i} .l2 .differing`);
  const words = page.form.columns[i]?.own ? (page.preview?.differs?.[i] ?? "") : "";
  if (!mark || english(mark) === words) return;
  const button = h(
    "button",
    {
      class: "badge different",
      "data-act": "column_prompts",
      "data-column": i,
      title: "Show the difference from the shared prompt",
    },
    words,
  );
  mark.replaceChildren(...(words ? [button] : []));
}

// What is typed into a prompt that was taken from elsewhere makes it another one.
function drawName(i) {
  const column = page.form.columns[i],
    name = nameOf(column),
    button = $(`#col${i} .l2 .prompt`);
  if (!button || english(button) === name) return;
  $(".one", button).textContent = name;
  button.title = sourceWords(column);
  button.setAttribute("aria-label", `Prompt of column ${i + 1}: ${name}`);
}

onChange((what) => {
  if (what === "sampling") page.form.columns.forEach((_, i) => drawHead(i));
  if (what === "turns") page.form.columns.forEach((_, i) => drawName(i));
});
previewListeners.push(() => page.form.columns.forEach((_, i) => drawMark(i)));
