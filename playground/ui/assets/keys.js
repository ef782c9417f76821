// Keys, the theme and arrow keys between tabs.

import { doAction } from "./actions.js";
import { drawColumns } from "./columns.js";
import { $, $$, h } from "./dom.js";
import { dismissDrawer, openDrawer } from "./drawer.js";
import { closePop } from "./pop.js";
import { page } from "./store.js";
import { walkTo } from "./tabs.js";

const KEYS = () => [
  ["Ctrl Enter", "Run, or start the experiment"],
  ["Esc", "Stop all, or close what is open"],
  [`Alt 1 to ${page.most}`, "Focus a column"],
  ["Ctrl Z", "Undo what you changed last"],
  ["Ctrl Shift Z", "Redo"],
  ["Ctrl S", "Save a version; with Shift, ask for its name and message first"],
  ["Alt ↑ or ↓", "Move a turn, on its handle"],
  ["← or →", "The sample before or after, on its mark"],
  [`1 to ${page.most}`, "Vote for that column"],
  ["=", "Vote: tie"],
  ["0", "Vote: all bad"],
  ["1, 2, =, 0", "Cases of a verdict: the left answer is better, the right one, both are alike, both are bad"],
  ["Enter, F2", "Rows of a data set: edit the cell; Esc leaves it as it was"],
  ["F, M, Del", "Rows of a data set: filter by this value, move to the other half, empty the cell"],
  ["J, K", "Rows of a data set: the row after, the row before"],
  ["?", "This list"],
];

try {
  const kept = localStorage.getItem("playground.theme");
  if (kept && !new URL(location).searchParams.has("__theme")) {
    const set = () => document.body.classList.toggle("dark", kept === "dark");
    set();
    // Gradio follows the system once, later than this script.
    new MutationObserver((_, observer) => {
      if (document.body.classList.contains("dark") !== (kept === "dark")) set();
      observer.disconnect();
    }).observe(document.body, { attributes: true });
  }
} catch {
  /* forbidden: follow the system */
}

const typing = (el) => el.matches?.("input, textarea, select, [contenteditable=true]");
// Of what is in view: the drawer, the Experiments tab, else the comparison.
const primary = () =>
  $(".drawer") ? $(".drawer .btn.primary") : $("#exp")?.offsetParent ? $("#exp-head .btn.primary") : $("#run");
const vote = (which) => $(`#vote ${which}:not(:disabled)`)?.click();

document.addEventListener("keydown", (e) => {
  if (e.key === "Escape") {
    if ($(".pop")) closePop();
    else if (!$(".drawer") && page.busy.size) $("#stop").click();
    else dismissDrawer();
    return;
  }
  if (typing(e.target) || e.ctrlKey || e.metaKey || e.altKey || $(".drawer")) return;
  if (e.key === "?") openKeys();
  if (/^[1-9]$/.test(e.key)) vote(`[data-vote="column"][data-column="${Number(e.key) - 1}"]`);
  if (e.key === "=") vote('[data-vote="tie"]');
  if (e.key === "0") vote('[data-vote="all_bad"]');
});

// These must not wait: the browser acts on the key unless it is told at once.
document.addEventListener(
  "keydown",
  (e) => {
    const held = e.ctrlKey || e.metaKey;
    if (held && e.key === "Enter") {
      e.preventDefault();
      e.stopPropagation();
      primary()?.click();
    }
    if (held && e.key.toLowerCase() === "s") {
      e.preventDefault();
      const own = $$("[data-saves]").find((el) => el.offsetParent);
      if ($(".drawer")) $(".drawer [data-act=save]")?.click();
      else if (own || $("#data")?.offsetParent) own?.click();
      else if (e.shiftKey) $("#save")?.click();
      else doAction("save_now");
    }
    const digit = e.altKey ? Number(/^Digit([1-9])$/.exec(e.code)?.[1] ?? 0) : 0;
    if (digit && digit <= page.most) {
      e.preventDefault();
      focusColumn(digit - 1);
    }
    if (["ArrowLeft", "ArrowRight"].includes(e.key) && e.target.matches?.("[role=tablist] [role=tab]")) {
      const tabs = $$("[role=tab]", e.target.closest("[role=tablist]"));
      const step = e.key === "ArrowRight" ? 1 : tabs.length - 1;
      walkTo(tabs[(tabs.indexOf(e.target) + step) % tabs.length]);
    }
  },
  true,
);

function focusColumn(i) {
  if (i >= page.form.columns.length) return;
  page.front = i;
  drawColumns();
  $(`#col${i} .col-body`)?.focus();
}

function openKeys() {
  const rows = KEYS().map(([key, what]) => h("tr", {}, h("td", {}, h("kbd", {}, key)), h("td", {}, what)));
  openDrawer({ title: "Keys", narrow: true, nodes: [h("table", { class: "table" }, rows)] });
}

document.addEventListener("click", (e) => {
  if (e.target.closest?.("[data-keys]")) openKeys();
});
