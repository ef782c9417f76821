// The answer of a column: its text, thoughts, state, badges and readings as they come, and other views of it.

import { checksOf } from "./check_count.js";
import { say } from "./alerts.js";
import { $, $$, h, icon, keepFocus } from "./dom.js";
import { onChange, page } from "./store.js";
import { fillAnew, patch } from "./patch.js";
import { onceLeft } from "./waiting.js";

const views = []; // per column: {text, state, since, follow, icon, label, settled, stamp, thoughts, element}

/**
 * Draws an empty column.
 * @param {{element: HTMLElement}} component
 * @param {number} i
 */
export function mountColumn({ element }, i) {
  const view = (views[i] = { text: "", state: "idle", since: 0, follow: true, element });
  const body = h(
    "div",
    { class: "col-body", tabindex: "0", "aria-label": `Answer ${i + 1}` },
    h("div", { class: "thoughts" }),
    h("div", { class: "trace" }),
    h("pre", { class: "out", translate: "no" }),
    h("div", { class: "view md", translate: "no", hidden: true }),
    h("div", { class: "problem" }),
    goOn(i),
  );
  element.replaceChildren(
    h(
      "section",
      { class: "col pp", id: `col${i}`, tabindex: "-1", "aria-label": `Column ${i + 1}` },
      h(
        "header",
        { class: "col-head" },
        h("div", { class: "l1" }),
        h("div", { class: "l2" }),
        h("div", { class: "l3" }),
      ),
      h("div", { class: "samples", hidden: true }),
      h("div", { class: "own", hidden: true }),
      body,
      h("div", { class: "col-foot" }),
    ),
  );
  body.addEventListener("scroll", () => (view.follow = isFollowed(body, view.follow)));
}

// Under an answer: it becomes a turn, and the conversation goes on.
function goOn(i) {
  const one = (act, label, title, kind = "") =>
    h("button", { class: `btn quiet small ${kind}`, "data-act": act, "data-column": i, title }, icon("arrow"), label);
  return h(
    "div",
    { class: "go-on", hidden: true, role: "group", "aria-label": `Go on from answer ${i + 1}` },
    one("go_on", "Go on", "The answer becomes a turn of this column's prompt, and you write the next one"),
    one("go_on_all", "Go on in all columns", "The answer becomes a turn of every column's prompt", "everywhere"),
  );
}

/**
 * The icon of a column's state, "" before it has one.
 * @param {number} i
 * @returns {string}
 */
export const iconOf = (i) => views[i]?.icon ?? "";

// Somebody selects a text in it, to copy it: it stays in view, and as it is. Asked for when it changes: to ask costs a
// layout.
let selection = null;
document.addEventListener("selectionchange", () => {
  const now = getSelection();
  selection = now.isCollapsed ? null : now;
});
const isSelectedIn = (box) =>
  selection !== null && (box.contains(selection.anchorNode) || box.contains(selection.focusNode));

// Whoever reads at the end stays there. Once a frame for all of them: where a box ends is known after a layout, and
// four columns that write would pay for four.
const growing = new Set(), lastAt = new WeakMap();

// Whoever goes up leaves the end; that the text has grown since the page itself went there does not.
function isFollowed(box, was) {
  const isUp = box.scrollTop < (lastAt.get(box) ?? 0);
  lastAt.set(box, box.scrollTop);
  return box.scrollTop + box.clientHeight > box.scrollHeight - 24 || (was && !isUp);
}

function stayAtEnd(box) {
  if (!growing.size) requestAnimationFrame(scrollAll);
  growing.add(box);
}
function scrollAll() {
  for (const box of growing) {
    if (isSelectedIn(box)) continue;
    box.scrollTop = box.scrollHeight;
    lastAt.set(box, box.scrollTop);
  }
  growing.clear();
}

// Markup of a column; of a column that is shown anew, as it comes.
const renew = (box, html, then = () => {}) =>
  onceLeft(box, () => {
    patch(box, html);
    then();
  });

/**
 * Shows the answer of a column.
 * @param {number} i
 * @param {string} text
 */
function setText(i, text) {
  const view = views[i];
  const out = $(".out", view.element);
  if (text === view.text) return;
  // Appending one node is cheaper than laying out the whole answer again.
  if (view.text && text.startsWith(view.text) && out.firstChild)
    out.firstChild.appendData(text.slice(view.text.length));
  else out.textContent = text;
  view.text = text;
  if (view.follow) stayAtEnd($(".col-body", view.element));
}

/**
 * Shows what changed in a column.
 * @param {number} i
 * @param {object} data `ColumnPart` of ui/update.py
 */
export function applyColumn(i, data) {
  const view = views[i];
  const section = $(`#col${i}`);
  if (data.waits !== undefined) $(".out", section).dataset.waits = data.waits; // shown as long as there is no text
  if (data.stamp && data.stamp === view.stamp) drawTexts(i, data);
  // what is known is not drawn again
  else {
    drawStatus(i, data);
    drawTexts(i, data);
  }
  $(".go-on", section).hidden = !view.text.trim() || !["done", "cancelled"].includes(view.state);
}

// An answer or its thoughts, whole or what has been added to them.
function drawTexts(i, data) {
  const view = views[i],
    section = $(`#col${i}`);
  if (data.text !== undefined && data.text !== view.text) {
    setText(i, data.text);
    showView(i, null);
  }
  if (data.grow !== undefined) setText(i, view.text + data.grow);
  if (data.think !== undefined) {
    const [from, more] = data.think;
    view.thoughts = from ? view.thoughts + more : more;
    drawThinking(view, section, view.thoughts.trim());
  }
}

function drawStatus(i, data) {
  const view = views[i],
    section = $(`#col${i}`);
  if (data.stamp) view.stamp = data.stamp;
  if (data.reasoning !== undefined) endThinking(view, section, data.reasoning);
  else if (data.state && data.state.kind !== "running") foldThinking(view, section);
  if (data.trace !== undefined) drawTrace(i, section, data.trace);
  if (data.state) drawPhase(i, data.state);
  if (data.badges !== undefined) renew($(".l3", section), data.badges);
  if (data.problem !== undefined) renew($(".problem", section), data.problem);
  if (data.foot !== undefined)
    renew($(".col-foot", section), data.foot ?? page.foot, () => drawWaiting(section));
}

// The row that had the focus has it again; who reads at the end stays there.
function drawTrace(i, section, html) {
  const box = $(".trace", section),
    body = $(".col-body", section);
  onceLeft(box, () => {
    keepFocus(box, () => patch(box, html));
    if (html && views[i].follow) stayAtEnd(body);
  });
}

function drawPhase(i, state) {
  const view = views[i],
    section = $(`#col${i}`),
    isRunning = state.kind === "running";
  const writing = isRunning || state.kind === "pending";
  if (isRunning) {
    view.since = performance.now() - 1000 * (state.for ?? 0);
    view.follow = true;
    lastAt.delete($(".col-body", section));
    showView(i, null);
    setText(i, "");
  }
  if (!writing) view.settled = state;
  view.state = state.kind;
  view.label = state.text;
  view.icon = state.icon;
  section.classList.toggle("writing", isRunning);
  setBusy(i, writing);
  if (!writing && state.say) say(state.say);
}

// Thoughts while they are written; folded by hand, they stay folded.
const COUNT_MS = 250; // between two counts of the words of a growing text
function drawThinking(view, section, text) {
  const box = $(".thoughts", section);
  let live = $("details[data-live]", box);
  if (!live && text) {
    live = h("details", { class: "reasoning", "data-live": "", open: true }, h("summary"), h("pre", {}, ""));
    const pre = live.lastChild;
    pre.addEventListener("scroll", () => (view.followThoughts = isFollowed(pre, view.followThoughts)));
    Object.assign(view, { followThoughts: true, counted: 0 });
    box.replaceChildren(live);
  }
  if (!live) return;
  const pre = $("pre", live), said = pre.firstChild;
  if (performance.now() - view.counted > COUNT_MS) countThoughts(view, live);
  if (said && text.startsWith(said.data)) said.appendData(text.slice(said.length));
  else pre.textContent = text;
  if (view.followThoughts) stayAtEnd(pre);
}

function countThoughts(view, live) {
  view.counted = performance.now();
  $("summary", live).textContent = `Thinking, ${amount(view.thoughts.trim())}`;
}

// Its words; of a script without spaces between them its characters.
const ALONE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}ー々]/gu;
function amount(text) {
  const alone = text.match(ALONE)?.length ?? 0;
  const others = text.replace(ALONE, " ").match(alone ? /\S*[\p{L}\p{N}]\S*/gu : /\S+/g)?.length ?? 0;
  const n = alone + others;
  if (alone > others) return n === 1 ? "1 character" : `${n.toLocaleString("en")} characters`;
  return n === 1 ? "1 word" : `${n.toLocaleString("en")} words`;
}

// All of it has come. Somebody who selects a text of it goes on with that.
function endThinking(view, section, html) {
  const box = $(".thoughts", section), live = $("details[data-live]", box);
  if (html && live && isSelectedIn(live)) {
    countThoughts(view, live);
    live.removeAttribute("data-live");
  } else onceLeft(box, () => fillAnew(box, html));
}

function foldThinking(view, section) {
  const live = $(".thoughts details[data-live]", section);
  if (!live) return;
  countThoughts(view, live);
  live.removeAttribute("data-live");
  if (!isSelectedIn(live)) live.removeAttribute("open");
}

function drawWaiting(section) {
  const wait = $(".checks-wait", section),
    n = checksOf(page.form.prompt);
  if (!wait) return;
  wait.textContent = n
    ? `${n} check${n === 1 ? " runs" : "s run"} when the answer ends`
    : "No checks yet. Add them in the editor.";
}

onChange((what) => {
  if (what === "checks") for (let i = 0; i < page.most; i++) drawWaiting($(`#col${i}`));
});

/**
 * Whether something of a column is being written, or will be.
 * @param {number} i
 * @param {boolean} busy
 */
export function setBusy(i, busy) {
  if (busy) page.busy.add(i);
  else page.busy.delete(i);
  drawState(i);
  document.dispatchEvent(new Event("busy"));
}

/**
 * A run that did not start leaves its columns as they were.
 * @param {number[] | boolean} which true is every column that is busy
 */
export function settleColumns(which) {
  for (const i of which === true ? [...page.busy] : which)
    applyColumn(i, { state: views[i].settled ?? { kind: "idle", icon: "", text: "" } });
}

/**
 * Shows another view of an answer, or the answer itself (null).
 * @param {number} i
 * @param {string | null} html
 * @param {"md" | "heat"} kind
 */
export function showView(i, html, kind = "md") {
  const section = $(`#col${i}`);
  const md = $(".view", section);
  md.hidden = html === null;
  md.className = `view ${kind}`;
  $(".out", section).hidden = html !== null;
  if (html !== null) md.innerHTML = html;
  const shown = [
    ["markdown", html !== null && kind === "md"],
    ["probabilities", html !== null && kind === "heat"],
  ];
  for (const [act, on] of shown)
    $$(`[data-act=${act}]`, section).forEach((b) => {
      b.classList.toggle("on", on);
      b.setAttribute("aria-pressed", String(on));
    });
}

function wordsOf(i) {
  const view = views[i];
  if (view.state === "pending") return "waits";
  if (view.state !== "running") return view.label ?? "";
  const seconds = ((performance.now() - view.since) / 1000).toFixed(1);
  const began = view.text || $(`#col${i} .thoughts`).firstChild || $(`#col${i} .trace`).firstChild;
  return `${began ? "writing" : "waiting"}, ${seconds} s`;
}

/**
 * The state in a column's head, and whether it can be stopped.
 * @param {number} i
 */
export function drawState(i) {
  const view = views[i];
  const el = $(`#col${i} .state`);
  if (!el) return;
  el.className = `state ${view.state}`;
  const text = wordsOf(i);
  if (el.dataset.icon !== view.icon || !el.lastChild)
    el.replaceChildren(...(view.icon ? [icon(view.icon)] : []), h("span", {}, text));
  else if (el.lastChild.textContent !== text) el.lastChild.textContent = text;
  el.dataset.icon = view.icon ?? "";
  const stop = $(`#col${i} .stop`);
  if (stop) stop.hidden = !page.busy.has(i);
}

setInterval(() => {
  for (const i of page.busy) drawState(i);
}, 100);
