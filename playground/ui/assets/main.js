// Entry: connects Gradio's components to the page, sends actions to Python and shows what comes back.
//
// An element with data-act="name" asks for that action when it is clicked; its other data-* attributes and the
// fields of the form around it go along. Python answers with an update: what to show, and nothing else changes.

import { applyColumn, drawBar, drawColumns, mountBar, mountColumn, mountPager, settleColumns, showView } from "./columns.js";
import { $, $$, debounce, h, icon, keepFocus, sign } from "./dom.js";
import { mountEditor } from "./editor.js";
import "./keys.js";
import "./library.js";
import { insertPartial } from "./partials.js";
import { call, changed, page, takeDraft } from "./store.js";

// A narrow window moves tabs into a menu, where they are plain buttons.
const TABS = "[role=tab], .overflow-dropdown button";
const waiting = { bridge: null, columns: new Set() };

const MOUNT = {
  bridge({ element, props, trigger, server, watch }) {
    page.server = server;
    page.trigger = trigger;
    watch("value", () => {
      const update = JSON.parse(props.value || "{}");
      if (page.streams.has(update.stream)) apply(update);
      else if (update.run && page.left.delete(update.stream)) call("stop", { run: update.run });
    });
    waiting.bridge = true;
  },
  column(ctx, i) { mountColumn(ctx, i); waiting.columns.add(i); },
  bar(ctx) { mountBar(ctx.element); },
  editor(ctx) { mountEditor(ctx.element); },
  pager(ctx) { mountPager(ctx.element); },
  panel() {},
};

const mounted = new Set();
window.playgroundMount = (kind, ctx, i) => {
  MOUNT[kind](ctx, i);
  mounted.add(kind);
  const ready = waiting.bridge && waiting.columns.size === 4 && ["bar", "editor", "pager"].every((k) => mounted.has(k));
  if (ready && !page.form) start();
};
for (const [kind, ctx, i] of window.playgroundQueue ?? []) window.playgroundMount(kind, ctx, i);

async function start() {
  page.form = {};  // taken: a second mount must not start again
  const draft = takeDraft();
  const query = Object.fromEntries(new URL(location).searchParams);
  const update = await call("load", { query, draft: draft?.form ?? null, draft_run: draft?.run ?? null });
  for (let i = 0; i < 4; i++) update.columns = { ...update.columns, [i]: { foot: null, ...update.columns?.[i] } };
  apply(update);
  if (innerWidth < 900) $("#compare").classList.add("folded");
  document.documentElement.dataset.ready = "yes";
  call("health").then((reply) => apply({ html: reply.html }));
}

// --- updates from Python ----------------------------------------------------------------------------------

export function apply(update) {
  if (update.models) { page.models = update.models; page.presets = update.presets; page.scorers = update.scorers; page.foot = update.foot; }
  if (update.choices) { page.models = update.choices; if (!update.form && page.form?.columns) drawColumns(); }
  if (update.replaces) leaveRun();
  if (update.not_started) settleColumns();
  // Python never sees the images of the form it was sent: unless another prompt or run comes, they stay.
  if (update.form) { page.form = update.replaces ? update.form : { ...update.form, images: page.form.images ?? update.form.images }; page.spare = []; page.front = 0; changed("all"); }
  if (update.saved) { Object.assign(page.form, update.saved); Object.assign(page.form.prompt, update.saved_prompt); changed("name"); }
  if (update.run !== undefined) { page.previous = page.run === update.run ? page.previous : page.run; page.run = update.run; setUrl({ run: update.run, prompt: null, pattern: null, version: null }); }
  if (update.run && starting) { starting = false; if (stopAsked) call("stop", { run: page.run, ...stopAsked }); }
  for (const [i, data] of Object.entries(update.columns ?? {})) applyColumn(Number(i), data);
  if (update.vote !== undefined) $("#vote").innerHTML = update.vote;
  if (update.view) showView(update.view.column, update.view.html, update.view.kind);
  for (const [id, html] of Object.entries(update.html ?? {})) { const el = document.getElementById(id); if (el) keepFocus(el, () => { el.innerHTML = html; wordTimes(el); }); }
  if (update.drawer !== undefined) update.drawer ? openDrawer(update.drawer) : closeDrawer();
  if (update.copy !== undefined) copy(update.copy);
  if (update.toast) toast(update.toast);
  if (update.alert) showAlert(update.alert);
  else if (update.html?.["lib-list"]) $("#lib .messages").replaceChildren();
  if (update.tab) $$(TABS).find((t) => t.textContent.trim() === update.tab)?.click();
  $$("[data-filter]").forEach(filterRows);
  if (update.closed) { page.closed = update.closed; page.closed_why = update.closed_why; }
  shut();
  if (update.again && $("#lib")) send(update.again, { fields: fieldsOf($("#lib")) });
  if (!update.alert) poll();
}

// What belongs to the owner of the machine is shown to visitors, but cannot be pressed.
function shut() {
  for (const name of page.closed) for (const el of $$(`[data-act="${name}"]`)) { el.disabled = true; el.title = page.closed_why; }
}

// An element with data-poll="action" asks for that action again and again while its tab is in view; one timer for all of them.
let polling = null;
function poll() {
  const inView = () => $$("[data-poll]").filter((el) => el.parentElement.offsetParent);
  const ask = (el) => { const { poll: action, ...args } = el.dataset; send(action, args); };
  clearTimeout(polling);
  const all = inView();
  if (all.length) polling = setTimeout(() => inView().forEach(ask), Math.min(...all.map((el) => Number(el.dataset.every ?? 700))));
}

// A search field with data-filter="selector" hides the rows that lack one of its words.
function filterRows(field) {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = $$(field.dataset.filter);
  for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  const none = rows[0]?.closest("table").parentElement.querySelector(".none");
  if (none) none.hidden = rows.some((row) => !row.hidden);
}
document.addEventListener("input", (e) => { if (e.target.dataset?.filter) filterRows(e.target); });

// Python writes UTC; people read their own clock: "16:02" today, else "10 May, 16:02", the full stamp on hover.
function wordTimes(root) {
  for (const el of $$("time", root)) {
    const when = new Date(el.dateTime);
    const clock = when.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    const day = when.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...(when.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" }) });
    el.title = when.toLocaleString();
    el.textContent = when.toDateString() === new Date().toDateString() ? clock : `${day}, ${clock}`;
  }
}

export function setUrl(params) {
  const url = new URL(location);
  for (const [key, value] of Object.entries(params)) value === null || value === undefined ? url.searchParams.delete(key) : url.searchParams.set(key, value);
  history.replaceState(history.state, "", url);
}

export function toast(text) {
  const el = h("div", { class: "toast pp", role: "status" }, icon("check"), h("span", {}, text));
  $("#toasts").append(el);
  let timer = setTimeout(() => el.remove(), 6000);
  el.addEventListener("mouseenter", () => clearTimeout(timer));
  el.addEventListener("mouseleave", () => { timer = setTimeout(() => el.remove(), 2000); });
}

export function showAlert({ message, hint }) {
  const el = h("div", { class: "alert pp", role: "alert" }, icon("warn"), h("div", { class: "grow" }, h("b", {}, message), hint ?? ""),
    h("button", { class: "btn quiet icon", "aria-label": "Dismiss", onclick: () => el.remove() }, icon("cross")));
  const home = $(".drawer .messages") ?? $$(".messages").find((place) => place.offsetParent) ?? $("#messages");
  home.replaceChildren(el);
  el.scrollIntoView({ block: "nearest" });
}

async function copy(text) {
  try { await navigator.clipboard.writeText(text); toast("Copied"); }
  catch {
    const area = h("textarea", { value: text }); document.body.append(area); area.select();
    toast(document.execCommand("copy") ? "Copied" : "The browser does not allow copying here"); area.remove();
  }
}

// --- drawer -----------------------------------------------------------------------------------------------

let opener = null;

export function openDrawer({ title, body, foot = "", narrow = false, nodes = null }) {
  const before = document.activeElement;
  const open = $(".drawer");
  if (!open) opener = before;
  // The same drawer drawn anew stays where it was read, with the focus where it was.
  const again = open?.getAttribute("aria-label") === title && { sign: open.contains(before) ? sign(before) : "", top: $(".body", open).scrollTop };
  closeDrawer(false);
  const bodyBox = h("div", { class: "body" });
  if (nodes) bodyBox.append(...nodes); else { bodyBox.innerHTML = body; wordTimes(bodyBox); }
  const footBox = h("footer", { hidden: !foot }); footBox.innerHTML = foot;
  const drawer = h("div", { class: `drawer pp ${narrow ? "narrow" : ""}`, role: "dialog", "aria-modal": "true", "aria-label": title },
    h("header", {}, h("h2", { class: "grow" }, title), h("button", { class: "btn quiet icon", "aria-label": "Close", onclick: () => closeDrawer() }, icon("cross"))),
    h("div", { class: "messages" }), bodyBox);
  if (foot) drawer.append(footBox);
  document.body.append(h("div", { class: "scrim", onclick: () => closeDrawer() }), drawer);
  const same = again && $$("button, select, input, a[href]", drawer).find((el) => sign(el) === again.sign);
  (same || ($("[autofocus]", drawer) ?? $("input, select, textarea", bodyBox) ?? $("header button", drawer))).focus({ preventScroll: Boolean(same) });
  if (again) bodyBox.scrollTop = again.top;
  drawer.addEventListener("keydown", (e) => {
    if (e.key !== "Tab") return;
    const all = $$("button, a[href], input, select, textarea, [tabindex='0']", drawer).filter((el) => !el.disabled && el.offsetParent);
    const edge = e.shiftKey ? all[0] : all.at(-1);
    if (document.activeElement === edge) { e.preventDefault(); (e.shiftKey ? all.at(-1) : all[0]).focus(); }
  });
}

export function closeDrawer(back = true) {
  $$(".drawer, .scrim").forEach((el) => el.remove());
  if (back) { opener?.isConnected && opener.focus(); opener = null; }
}

// --- actions ----------------------------------------------------------------------------------------------

const LOCAL = {
  run: () => run(null),
  rerun: ({ column }) => run(Number(column)),
  stop: ({ column }) => {
    const asked = { column: column === undefined ? null : Number(column) };
    if (starting) stopAsked = asked; else if (page.run) call("stop", { run: page.run, ...asked });
  },
  copy: ({ column }) => copy($(`#col${column} .out`).textContent),
  copy_text: ({ from }) => copy($(from).textContent),
  link: () => copy(location.href),
  copy_link: (asked) => copy(`${location.origin}${location.pathname}?${new URLSearchParams(asked)}`),
  to_list: () => { const row = $("#lib-list .entry.on"); row?.scrollIntoView({ block: "center" }); $(".item", row ?? document)?.focus({ preventScroll: true }); },
  insert_partial: ({ text }) => insertPartial(text),
  choose_files: () => $("#lib-files").click(),
  explain: ({ text }, el) => {
    $(".pop")?.remove();
    const at = el.getBoundingClientRect();
    document.body.append(h("div", { class: "pop pp", role: "note", style: `left:${Math.max(8, Math.min(at.left, innerWidth - 356))}px;top:${at.bottom + 4}px` }, text));
  },
  close: () => closeDrawer(),
  unfold: () => { $("#compare").classList.remove("folded"); },
  theme: () => { const dark = document.body.classList.toggle("dark"); try { localStorage.setItem("playground.theme", dark ? "dark" : "light"); } catch { /* forbidden */ } },
  markdown: ({ column }) => {
    if ($(`#col${column} .view.md:not([hidden])`)) showView(Number(column), null);
    else send("markdown", { text: $(`#col${column} .out`).textContent, column: Number(column) });
  },
  probabilities: ({ column }) => {
    if ($(`#col${column} .view.heat:not([hidden])`)) showView(Number(column), null);
    else send("probabilities", { column: Number(column) });
  },
  same_text: ({ model }) => { page.form.same_text = model; closeDrawer(); changed("columns"); toast("Run again to send the same text to every column"); },
  show_checks: ({ column }) => { const list = $(`#col${column} .all-checks`); list.hidden = !list.hidden; },
  save_form: () => send("save_form", { author: author() }),
  save_winner: (args) => send("save_winner", { ...args, author: author() }),
  save: (args) => { author(args.fields.author); send("save", args); },
  new_prompt: () => send("new_prompt", {}),
};

// Who saves: each browser remembers its own.
function author(name) {
  try { if (name !== undefined) localStorage.setItem("playground.author", name); return localStorage.getItem("playground.author") ?? ""; } catch { return ""; }
}

// A run is under way before the page knows its id; Stop pressed until then is sent once it is known.
let starting = false, stopAsked = null;
const WAITS = { kind: "pending", icon: "ring", text: "waits" };

function run(only) {
  if (page.busy.size && only === null) return;
  $("#messages").replaceChildren();
  if (only === null) {
    if (innerWidth < 900 || innerHeight < 820) $("#compare").classList.add("folded");
    page.form.columns.forEach((_, i) => applyColumn(i, { state: WAITS }));
  } else applyColumn(only, { state: WAITS });
  const stream = crypto.randomUUID?.() ?? String(Math.random());
  page.streams.add(stream);
  starting = only === null; stopAsked = null;
  page.trigger("run", { form: JSON.stringify(page.form), only, run: only === null ? null : page.run, stream });
}

// Another run or prompt takes the columns: what still writes is stopped, and kept as far as it came.
function leaveRun() {
  if (page.busy.size && page.run) call("stop", { run: page.run });
  if (starting) page.streams.forEach((stream) => page.left.add(stream));  // stopped once its id is known
  page.streams.clear();
  starting = false;
  settleColumns();
}

// What draws which list: of two that are on their way, only the later one is shown, and it shows what the earlier one changed.
const LISTS = { open_library: "library", open_library_tab: "library", favourite: "library", delete_prompt: "library", open_history: "history" };
const drawn = { library: 0, history: 0 };

export async function send(action, args) {
  const list = LISTS[action], turn = list && ++drawn[list];
  const update = await call(action, { ...args, form: page.form, run: page.run, previous: page.previous ?? null });
  if (list && turn !== drawn[list]) { delete update.html; if (["favourite", "delete_prompt"].includes(action)) update.again = "open_library"; }
  apply(update);
  if (action === "open_library" && args.key && innerWidth < 1200) $("#lib-preview").scrollIntoView();
}

function fieldsOf(form) {
  return Object.fromEntries($$("[name]", form).map((f) => [f.name, f.type === "checkbox" ? f.checked : f.value]));
}

export function act(el) {
  const { act: name, ...args } = el.dataset;
  const form = el.closest("[data-form]") ?? (el.closest(".drawer > footer") && $(".drawer [data-form]"));
  if (form) args.fields = fieldsOf(form);
  if ("value" in el && el.tagName !== "BUTTON") args.value = el.value;
  return LOCAL[name] ? LOCAL[name](args, el) : send(name, args);
}

document.addEventListener("click", (e) => {
  const el = e.target.closest?.("[data-act]");
  if (el && !["SELECT", "INPUT", "TEXTAREA"].includes(el.tagName)) { if (el.tagName !== "A") e.preventDefault(); if (!el.disabled) act(el); }
  const pop = $(".pop");
  if (pop && !pop.contains(e.target) && !e.target.closest(".l2, .badge")) pop.remove();
});
document.addEventListener("change", (e) => { if (e.target.dataset?.act && e.target.dataset.on !== "input") act(e.target); });
const typed = debounce(150, (el) => act(el));
document.addEventListener("input", (e) => { if (e.target.dataset?.on === "input") typed(e.target); });
document.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && e.target.closest?.("[data-form]") && e.target.tagName === "INPUT") { e.preventDefault(); e.target.closest("[data-form]").querySelector(".btn.primary, [data-default]")?.click(); }
  if ((e.key === "Enter" || e.key === " ") && e.target.matches?.("tr[data-act]")) { e.preventDefault(); act(e.target); }
});
// The Library keeps its filters while it is away. Gradio draws a tab when it is first opened: until then there is nowhere to show an answer.
const PLACES = { library: "#lib", history: "#hist-list", models: "#models" };
function openTab(name) { !$(PLACES[name]) ? setTimeout(openTab, 20, name) : name === "library" ? send("open_library_tab", { fields: fieldsOf($("#lib")) }) : send(`open_${name}`, {}); }
// Tabs tell Python when they are opened, so that lists are fresh. In the capture phase: the menu takes a chosen tab out of itself.
document.addEventListener("click", (e) => {
  const tab = e.target.closest?.(TABS);
  if (tab && ["Library", "History", "Models"].includes(tab.textContent.trim())) setTimeout(() => openTab(tab.textContent.trim().toLowerCase()), 0);
}, true);

