// The command bar: the prompt's name, sampling, number of columns, Run and Stop.

import { $, h, icon } from "./dom.js";
import { openSampling } from "./sampling.js";
import { common, exceptions, presetOf, summary } from "./settings.js";
import { changed, onChange, page, setColumns } from "./store.js";

/** So wide is a column at least, in CSS pixels; four may always be had, and scroll where they do not fit. */
const COLUMN_PX = 300;
const ALWAYS = 4;

let bar;

/**
 * Puts the command bar into an element.
 * @param {HTMLElement} root
 */
export function mountBar(root) {
  bar = h("div", { class: "bar pp" });
  root.replaceChildren(bar);
  onChange((what) => {
    if (what === "name") drawBar();
    if (what === "sampling") drawSampling();
  });
  document.addEventListener("busy", drawRun);
  addEventListener("resize", () => {
    if (page.form?.columns) drawCount();
  });
}

export function drawBar() {
  const { form } = page;
  const rename = (e) => {
    form.prompt.name = e.target.value;
    changed("title");
  };
  const title = h("input", {
    class: "title",
    id: "prompt-name",
    "aria-label": "Name of the prompt",
    placeholder: "Untitled prompt",
    value: form.prompt.name,
    oninput: rename,
  });
  const origin = form.version ? `version ${form.version}` : form.origin ? "from the library" : "not saved";
  bar.replaceChildren(
    title,
    h("span", { class: "hint fold" }, origin),
    h("span", { class: "hint fold", id: "edited", style: "visibility:hidden" }, "edited"),
    button({ class: "btn quiet fold", id: "save", "data-act": "save_form" }, "save", "Save", "Ctrl S"),
    versions(form),
    h(
      "button",
      { class: "btn quiet icon fold", "data-act": "new_prompt", title: "New prompt", "aria-label": "New prompt" },
      icon("plus"),
    ),
    h("span", { class: "rule fold" }),
    h("button", {
      class: "btn quiet fold sampled",
      id: "sampling",
      "data-pop": "",
      "aria-haspopup": "dialog",
      onclick: (e) => openSampling(e.currentTarget, null),
    }),
    sameText(form),
    h("span", { class: "grow" }),
    h("button", { class: "btn small fold-only", "data-act": "unfold" }, "Edit"),
    h("span", { class: "seg cols", role: "group", "aria-label": "Number of columns" }),
    button({ class: "btn", id: "stop", "data-act": "stop", title: "Nothing is running" }, "stop", "Stop all", "Esc"),
    button({ class: "btn primary", id: "run", "data-act": "run" }, "play", "Run", "Ctrl Enter"),
  );
  drawSampling();
  drawCount();
  drawRun();
}

const button = (attrs, symbol, label, key = "") =>
  h("button", attrs, icon(symbol), label, key ? h("kbd", {}, key) : "");

function versions({ prompt_id: id }) {
  if (!id) return "";
  return button({ class: "btn quiet fold", "data-act": "versions", "data-prompt": id }, "history", "Versions");
}

function sameText(form) {
  if (!form.same_text) return "";
  const free = () => {
    form.same_text = "";
    changed("columns");
  };
  const title = `Every column gets the text of ${form.same_text}. Press to let each use its own template.`;
  return h("button", { class: "badge mode fold", title, onclick: free }, icon("check"), "same text", icon("cross"));
}

function drawSampling() {
  const all = common(),
    words = summary(all);
  const differing = page.form.columns.filter((_, i) => exceptions(i).length).length;
  const other = differing ? `, ${differing} ${differing === 1 ? "column differs" : "columns differ"}` : "";
  const button = $("#sampling");
  button.title = `${words}${other}. Press to change.`;
  button.setAttribute("aria-label", `Sampling of all columns: ${presetOf(all.sampling)}`);
  button.replaceChildren(
    icon("gear"),
    h("span", {}, presetOf(all.sampling)),
    h("span", { class: "sum" }, `${words}${other}`),
  );
}

// How many columns may be had: four, and a fifth and sixth where each is wide enough.
function drawCount() {
  const have = page.form.columns.length;
  const fit = Math.max(ALWAYS, Math.floor(innerWidth / COLUMN_PX));
  const one = (n) => {
    const narrow = n > fit && n > have;
    const words = `${n} column${n > 1 ? "s" : ""}`;
    const px = (width) => width.toLocaleString("en");
    const why = `${words} need a window ${px(n * COLUMN_PX)} px wide; this one has ${px(innerWidth)}`;
    const title = narrow ? why : words;
    const attrs = { "aria-pressed": String(have === n), title, disabled: narrow, onclick: () => setColumns(n) };
    return h("button", attrs, String(n));
  };
  const box = $(".cols", bar);
  box?.replaceChildren(...Array.from({ length: page.most }, (_, i) => one(i + 1)));
}

function drawRun() {
  const busy = page.busy.size > 0;
  const run = $("#run"),
    stop = $("#stop");
  if (!run) return;
  run.disabled = busy;
  run.title = busy ? "Stop the columns that are writing first" : "";
  stop.disabled = !busy;
  stop.title = busy ? "" : "Nothing is running";
}
