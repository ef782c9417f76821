// Entry: connects Gradio's components to the page, and asks for what it opens with.

import "./composing.js"; // before whatever listens to keys
import { fieldsOf, send } from "./actions.js";
import { mountColumn } from "./answers.js";
import { mountBar } from "./bar.js";
import { drawColumns } from "./columns.js";
import { $ } from "./dom.js";
import { mountDivider } from "./divider.js";
import { mountEditor } from "./editor.js";
import "./counting.js";
import "./data.js";
import { openExperiments } from "./experiments.js";
import "./drops.js";
import { keepFitting } from "./fit.js";
import { keepFocused } from "./focus.js";
import "./heat.js";
import "./history.js";
import "./keys.js";
import "./library.js";
import { startLive } from "./live.js";
import { mountPager } from "./pager.js";
import "./polling.js";
import { kept } from "./drafts.js";
import { startPlaces } from "./places.js";
import "./since.js";
import "./technique_bench.js";
import { call, page } from "./store.js";
import { onTab } from "./tabs.js";
import "./undo.js";
import { apply } from "./updates.js";

const waiting = { bridge: null, columns: new Set() };

const MOUNT = {
  bridge({ props, trigger, server, watch }, most) {
    page.most = most;
    page.server = server;
    page.trigger = trigger;
    startLive(apply, (receive) => watch("value", () => receive(JSON.parse(props.value || "{}"))));
    waiting.bridge = true;
  },
  column(ctx, i) {
    mountColumn(ctx, i);
    waiting.columns.add(i);
  },
  bar(ctx) { mountBar(ctx.element); },
  editor(ctx) {
    mountEditor(ctx.element);
    mountDivider(ctx.element);
  },
  pager(ctx) { mountPager(ctx.element, drawColumns); },
};

const mounted = new Set();
window.playgroundMount = (kind, ctx, i) => {
  MOUNT[kind](ctx, i);
  mounted.add(kind);
  const parts = ["bar", "editor", "pager"].every((k) => mounted.has(k));
  if (waiting.bridge && waiting.columns.size === page.most && parts && !page.form) start();
};
for (const [kind, ctx, i] of window.playgroundQueue ?? []) window.playgroundMount(kind, ctx, i);

// The look comes as a sheet of its own: what is measured before it is there would be wrong.
async function look() {
  const at = () => getComputedStyle(document.documentElement).getPropertyValue("--paper");
  while (!at()) await new Promise((done) => { setTimeout(done, 10); });
}

async function start() {
  page.form = {};  // taken: a second mount must not start again
  await look();
  keepFitting($("#compare"));
  keepFocused();
  const query = Object.fromEntries(new URL(location).searchParams);
  const isPlain = Boolean(query.run) || !(query.pattern || query.prompt || query.new);
  const record = kept(isPlain);
  const draft_id = history.state?.place?.draft ?? record?.form?.open?.draft ?? "";
  const draft = { draft: record?.form ?? null, draft_run: record?.run ?? null, draft_id };
  const update = await call("load", { query, ...draft, lacks_images: record?.lacks ?? false });
  for (let i = 0; i < page.most; i++) {
    update.columns = { ...update.columns, [i]: { foot: null, ...update.columns?.[i] } };
  }
  apply(update);
  startPlaces(apply);
  $("#columns").classList.add("drawn");
  document.documentElement.dataset.ready = "yes";
  call("health").then((reply) => apply({ html: reply.html }));
}

// The Library and the History keep their filters while they are away. Gradio draws a tab when it is first opened:
// until then there is nowhere to show an answer.
const PLACES = { Library: "#lib", History: "#hist-list", Models: "#models", Experiments: "#exp-body" };

const touches = matchMedia("(hover: none)").matches;  // there the keyboard would cover the list

function openTab(name, isWalked) {
  if (!$(PLACES[name])) { setTimeout(openTab, 20, name, isWalked); return; }
  if (!touches && !isWalked) $({ Library: "#lib-search", History: "#hist-search" }[name] ?? "#none")?.focus();
  if (name === "Library") send("open_library_tab", { fields: fieldsOf($("#lib")) });
  else if (name === "Experiments") openExperiments();
  else if (name === "History") send("open_history_tab", { fields: fieldsOf($("#history")) });
  else send(`open_${name.toLowerCase()}`, {});
}

// Tabs tell Python when they are opened, so that lists are fresh.
onTab((name, isWalked) => { if (name in PLACES) openTab(name, isWalked); });
