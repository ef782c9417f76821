// The reader's language. The page is written in English; for a reader of Chinese what stands on it is translated where
// it stands, and kept so while it changes. What is a user's, a model's or code carries translate="no" and stays.

import { TOLD, makeTranslation } from "./translate.js";

const KEY = "playground.language", COOKIE = "playground_language";
const READ = ["title", "aria-label", "placeholder", "alt", "label", "aria-description", "aria-roledescription"];
const INLINE = new Set("B SPAN A CODE EM KBD I SMALL STRONG MARK ABBR TIME SAMP VAR DEL INS SUP SUB svg".split(" "));
// What is set in the font of code is code, a name or a model's.
const KEPT = "[translate=no], .mono, .words, mark, del, ins, textarea, script, style, pre, code, kbd, samp, svg";

/** What an element or text said in English: {text}, {nodes} or {name: text} of its attributes, with what is shown. */
const texts = new WeakMap(), lines = new WeakMap(), attributes = new WeakMap();
const listeners = [];
let chosen = window.playgroundLanguage ?? "en";
let translated = null; // looks a text up, once the catalogue is here
let loading = null, isShown = false;

/**
 * The language of the page.
 * @returns {"en" | "zh"}
 */
export const language = () => chosen;

/**
 * Calls `fn` when another language has been chosen.
 * @param {() => void} fn
 */
export const onLanguage = (fn) => listeners.push(fn);

/**
 * A text of ours as the reader sees it, for what is no part of the page, such as a question of the browser.
 * @param {string} text
 * @returns {string}
 */
export const shown = (text) => (chosen === "zh" && translated ? translated(text) : text);

/**
 * What an element says in English, whatever is shown: what scripts compare.
 * @param {Node} node
 * @returns {string}
 */
export function english(node) {
  if (node.nodeType === Node.TEXT_NODE) {
    const kept = texts.get(node);
    return kept && kept.shown === node.data ? kept.text : node.data;
  }
  const line = lines.get(node);
  const children = line && line.shown[0] === node.firstChild ? line.nodes : [...node.childNodes];
  return children.map(english).join("");
}

/**
 * What an attribute says in English, whatever is shown.
 * @param {HTMLElement} el
 * @param {string} name
 * @returns {string | null}
 */
export function englishOf(el, name) {
  const kept = attributes.get(el)?.[name], value = el.getAttribute(name);
  return kept?.shown === value ? kept.text : value;
}

// --- from English ------------------------------------------------------------------------------------------

function showText(node) {
  const kept = texts.get(node);
  if (kept && kept.shown === node.data) return;
  if (!TOLD.test(node.data)) return;
  const text = node.data, words = translated(text);
  if (words === text) return;
  texts.set(node, { text, shown: words });
  node.data = words;
}

function showAttributes(el) {
  for (const name of READ) {
    const text = el.getAttribute(name);
    if (!text || !TOLD.test(text)) continue;
    const kept = attributes.get(el) ?? {};
    if (kept[name]?.shown === text) continue;
    const words = translated(text);
    if (words === text) continue;
    attributes.set(el, { ...kept, [name]: { text, shown: words } });
    el.setAttribute(name, words);
  }
}

const isInline = (el) => INLINE.has(el.tagName) && (el.tagName === "svg" || [...el.children].every(isInline));
const isText = (node) => node.nodeType === Node.TEXT_NODE && TOLD.test(node.data);

// A text beside elements of its line is one sentence: Chinese puts its parts into another order.
function showLine(el) {
  const kept = lines.get(el);
  if (kept && kept.shown.length === el.childNodes.length && kept.shown.every((node, n) => node === el.childNodes[n]))
    return kept.isSame();
  if (!el.firstElementChild || ![...el.childNodes].some(isText) || ![...el.children].every(isInline)) return false;
  const nodes = [...el.childNodes].filter((node) => node.nodeType !== Node.COMMENT_NODE);
  const empty = (node) => !node.textContent.trim();
  const from = nodes.findIndex((node) => !empty(node)), to = nodes.findLastIndex((node) => !empty(node)) + 1;
  const inner = nodes.slice(from, to);
  if (!inner.some((node) => node.nodeType === Node.ELEMENT_NODE)) return false;
  const elements = [];
  const written = (list) =>
    list.map((node) => {
      if (node.nodeType === Node.TEXT_NODE) return english(node);
      if (node.nodeType !== Node.ELEMENT_NODE) return "";
      const n = elements.push(node) - 1;
      return `<${n}>${node.matches(KEPT) ? "\ue000" : written([...node.childNodes])}</${n}>`;
    }).join("");
  const text = written(inner), words = translated(text);
  // A sentence has its tags again; what was found piece by piece is shown piece by piece.
  if (words === text || !elements.every((_, n) => words.includes(`<${n}>`))) return false;
  const undo = [];
  const stack = [[el, nodes.slice(0, from)]];
  for (const piece of words.split(/(<\/?\d+>)/)) {
    const tag = /^<(\/?)(\d+)>$/.exec(piece);
    if (!tag && piece !== "\ue000") {
      if (piece) stack.at(-1)[1].push(document.createTextNode(piece));
    } else if (tag && !tag[1]) stack.push([elements[tag[2]], []]);
    else if (tag && stack.length > 1) {
      const [child, children] = stack.pop();
      stack.at(-1)[1].push(child);
      if (!child.matches(KEPT)) undo.push([child, children]);
    }
  }
  const whole = [...stack[0][1], ...nodes.slice(to)];
  for (const [child, children] of [...undo, [el, whole]]) {
    const before = [...child.childNodes];
    for (const node of children)
      if (node.nodeType === Node.TEXT_NODE) texts.set(node, { text: node.data, shown: node.data });
    const data = children.map((node) => node.data);
    const isSame = () => children.every((node, n) => node.data === data[n]);
    lines.set(child, { nodes: before, shown: children, isSame });
    child.replaceChildren(...children);
  }
  return true;
}

function show(root) {
  if (root.nodeType === Node.TEXT_NODE) {
    const el = root.parentElement;
    if (el && !el.closest(KEPT) && !showLine(el)) showText(root);
    return;
  }
  if (root.nodeType !== Node.ELEMENT_NODE || root.parentElement?.closest("[translate=no]")) return;
  if (root.matches("script, style, svg")) return;
  const stack = [root];
  while (stack.length) {
    const el = stack.pop();
    if (el.getAttribute("translate") === "no") continue;
    showAttributes(el);
    if (el.matches(KEPT)) continue;
    const isLine = showLine(el);
    for (const child of el.childNodes) {
      if (child.nodeType === Node.ELEMENT_NODE) {
        if (isLine) for (const inner of [child, ...child.querySelectorAll("*")]) showAttributes(inner);
        else stack.push(child);
      } else if (!isLine && child.nodeType === Node.TEXT_NODE) showText(child);
    }
  }
}

// --- and back ----------------------------------------------------------------------------------------------

function restore() {
  for (const el of document.querySelectorAll("*")) {
    const line = lines.get(el);
    if (line && line.shown.length === el.childNodes.length && line.shown.every((node, n) => node === el.childNodes[n]))
      el.replaceChildren(...line.nodes);
    lines.delete(el);
  }
  const walker = document.createTreeWalker(document, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) {
      const kept = texts.get(node);
      if (kept && kept.shown === node.data && kept.text !== node.data) node.data = kept.text;
      texts.delete(node);
      continue;
    }
    for (const [name, { text, shown: words }] of Object.entries(attributes.get(node) ?? {}))
      if (node.getAttribute(name) === words) node.setAttribute(name, text);
    attributes.delete(node);
  }
}

// --- while it changes --------------------------------------------------------------------------------------

const LOOKED_AT = { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: READ };
const observer = new MutationObserver((records) => {
  const drawn = new Set(), described = new Set();
  for (const { type, target, addedNodes } of records) {
    if (type === "attributes") described.add(target);
    else if (type === "characterData") drawn.add(target);
    else {
      for (const node of addedNodes) if (node.isConnected) drawn.add(node);
      // What is left of a line may be another sentence.
      if (!addedNodes.length && lines.has(target)) drawn.add(target);
    }
  }
  for (const el of described) if (!el.closest("[translate=no]")) showAttributes(el);
  for (const node of drawn) show(node);
  observer.takeRecords(); // these were our own
});

async function load() {
  const words = await (window.playgroundWords ?? fetch(window.playgroundCatalogue).then((file) => file.json()));
  translated = makeTranslation(words.texts, words.holes);
}

/**
 * Shows the page in a language from now on; this browser remembers it.
 * @param {"en" | "zh"} wanted
 */
export async function setLanguage(wanted) {
  chosen = wanted;
  try {
    localStorage.setItem(KEY, wanted);
  } catch {
    /* forbidden: this page only */
  }
  document.cookie = `${COOKIE}=${wanted}; path=/; max-age=31536000; samesite=lax`;
  await begin();
  for (const fn of listeners) fn();
}

async function begin() {
  if (chosen === "zh" && !translated) {
    try {
      await (loading ??= load());
    } catch {
      loading = null; // the page stays in English
      window.playgroundWords = null;
    }
  }
  const had = document.activeElement;
  observer.disconnect();
  if (isShown) restore();
  document.documentElement.lang = chosen === "zh" ? "zh-Hans" : "en";
  if (chosen === "zh" && translated) {
    isShown = true;
    show(document.documentElement);
    observer.observe(document, LOOKED_AT);
  }
  document.documentElement.classList.remove("awaits-words");
  if (had !== document.activeElement && had?.isConnected) had.focus({ preventScroll: true }); // it was moved
  for (const button of document.querySelectorAll("[data-language]"))
    button.setAttribute("aria-pressed", String(button.dataset.language === chosen));
}

// Before its own words are put into a question of the browser.
const ask = window.confirm.bind(window);
window.confirm = (text) => ask(shown(text));

document.addEventListener("click", (e) => {
  const button = e.target.closest?.("[data-language]");
  if (button && button.dataset.language !== chosen) setLanguage(button.dataset.language);
});
// The head is drawn by Gradio, after this script.
new MutationObserver((_, drawn) => {
  const buttons = document.querySelectorAll("[data-language]");
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.language === chosen));
  if (buttons.length) drawn.disconnect();
}).observe(document, { subtree: true, childList: true });
begin();
