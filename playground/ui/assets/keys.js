// Keys, the theme and arrow keys between tabs.

import { drawColumns } from "./columns.js";
import { $, $$, h } from "./dom.js";
import { closeDrawer, openDrawer } from "./drawer.js";
import { page } from "./store.js";

const KEYS = [["Ctrl Enter", "Run"], ["Esc", "Stop all, or close what is open"], ["Alt 1 to 4", "Focus a column"], ["Ctrl S", "Save a version"],
  ["Alt ↑ or ↓", "Move a turn, on its handle"],
  ["1 to 4", "Vote for that column"], ["=", "Vote: tie"], ["0", "Vote: all bad"], ["?", "This list"]];

try {
  const kept = localStorage.getItem("playground.theme");
  if (kept && !new URL(location).searchParams.has("__theme")) {
    const set = () => document.body.classList.toggle("dark", kept === "dark");
    set(); new MutationObserver((_, o) => { if (document.body.classList.contains("dark") !== (kept === "dark")) set(); o.disconnect(); }).observe(document.body, { attributes: true });
  }
} catch { /* forbidden: follow the system */ }

const typing = (el) => el.matches?.("input, textarea, select, [contenteditable=true]");

document.addEventListener("keydown", (e) => {
  if (e.key === "Escape") {
    if ($(".pop")) $(".pop").remove();
    else if ($(".drawer")) closeDrawer();
    else if (page.busy.size) $("#stop").click();
    return;
  }
  if (typing(e.target) || e.ctrlKey || e.metaKey || e.altKey || $(".drawer")) return;
  if (e.key === "?") openKeys();
  const vote = { "1": 0, "2": 1, "3": 2, "4": 3 }[e.key];
  if (vote !== undefined) $(`#vote [data-vote="column"][data-column="${vote}"]:not(:disabled)`)?.click();
  if (e.key === "=") $('#vote [data-vote="tie"]:not(:disabled)')?.click();
  if (e.key === "0") $('#vote [data-vote="all_bad"]:not(:disabled)')?.click();
});

// These must not wait: the browser acts on the key unless it is told at once.
document.addEventListener("keydown", (e) => {
  if ((e.ctrlKey || e.metaKey) && e.key === "Enter") { e.preventDefault(); e.stopPropagation(); if (!$(".drawer")) $("#run")?.click(); else $(".drawer .btn.primary")?.click(); }
  if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "s") { e.preventDefault(); if (!$(".drawer")) $("#save")?.click(); }
  if (e.altKey && /^Digit[1-4]$/.test(e.code)) {
    e.preventDefault();
    const i = Number(e.code.slice(5)) - 1;
    if (i >= page.form.columns.length) return;
    page.front = i;
    drawColumns();
    $(`#col${i} .col-body`)?.focus();
  }
  const tab = e.target.closest?.("[role=tablist]") && e.target.matches("[role=tab]") ? e.target : null;
  if (tab && ["ArrowLeft", "ArrowRight"].includes(e.key)) {
    const tabs = $$("[role=tab]", tab.closest("[role=tablist]"));
    const next = tabs[(tabs.indexOf(tab) + (e.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length];
    next.focus(); next.click();
  }
}, true);

function openKeys() {
  openDrawer({ title: "Keys", narrow: true, nodes: [h("table", { class: "table" }, KEYS.map(([key, what]) => h("tr", {}, h("td", {}, h("kbd", {}, key)), h("td", {}, what))))] });
}
document.addEventListener("click", (e) => { if (e.target.closest?.("[data-keys]")) openKeys(); });
