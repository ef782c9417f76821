// What is offered while a tag is typed: variables after "{{", filters after "|", tags after "{%", prompts to include.
// The arrow keys choose, Enter or Tab takes, Escape goes on without; while an input method composes, nothing comes.

import { say } from "./alerts.js";
import { declared, kindOf } from "./declare.js";
import { $, $$, h } from "./dom.js";
import { call, page } from "./store.js";

const MOST = 12;
const LOOK_BACK = 4000; // characters before the caret that tell where one is

let box = null, // the list, with what it stands for: {area, items, at, active}
  open = null,
  composing = false,
  asked = 0;

// --- where the caret stands ---------------------------------------------------------------------------------

/**
 * What is being typed: the kind of thing that fits, and the part of it that is there.
 * @param {string} before the text before the caret
 * @returns {{kind: string, word: string, tag: string, of?: string} | null}
 */
function typedAt(before) {
  const start = Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%"));
  if (start < 0 || start < Math.max(before.lastIndexOf("}}"), before.lastIndexOf("%}"))) return null;
  const tag = before.slice(start, start + 2);
  const inner = before.slice(start + 2);
  if (tag === "{%") {
    const word = /^[-+]?\s*(\w*)$/.exec(inner);
    if (word) return { kind: "tags", word: word[1], tag };
    const name = /^[-+]?\s*(?:include|import|from)\s+(?:"([^"]*)|'([^']*))?$/.exec(inner);
    if (name) return { kind: "prompts", word: name[1] ?? name[2] ?? "", tag, quoted: /["']/.test(inner) };
    const list = /^[-+]?\s*for\s+\w+(?:\s*,\s*\w+)?\s+in\s+(\w*)$/.exec(inner);
    if (list) return { kind: "lists", word: list[1], tag };
    if (/^[-+]?\s*(?:for\s+[\w\s,]*|set\s+\w*|macro\b.*|else\b.*|end\w+\b.*|raw\b.*)$/.test(inner)) return null;
  }
  if (inQuotes(inner)) return null;
  const filter = /\|\s*(\w*)$/.exec(inner);
  if (filter) return { kind: "filters", word: filter[1], tag };
  const test = /\bis\s+(?:not\s+)?(\w*)$/.exec(inner);
  if (test) return { kind: "tests", word: test[1], tag };
  const field = /(\w+)\.(\w*)$/.exec(inner);
  if (field) return { kind: "fields", word: field[2], tag, of: field[1] };
  const name = /(?:^[-+]?|[\s([,=~+*/<>!-])([A-Za-z_]\w*)?$/.exec(inner);
  if (!name) return null;
  // After a whole name comes an operator, not another name.
  const front = inner.slice(0, inner.length - (name[1] ?? "").length);
  if (/[\w)\]"']\s+$/.test(front) && !/\b(?:if|elif|and|or|not|in|else)\s+$/.test(front)) return null;
  return { kind: "names", word: name[1] ?? "", tag };
}

const inQuotes = (text) =>
  (
    text
      .replace(/\\./g, "")
      .replace(/"[^"]*"|'[^']*'/g, "")
      .match(/["']/g) ?? []
  ).length > 0;

// Names that the turn itself has set before the caret, with what they stand for.
function ownNames(before) {
  const names = new Map(),
    loops = [];
  for (const [, tag, rest] of before.matchAll(/\{%[-+]?\s*(for|endfor|set)\b([^%]*)%\}/g)) {
    if (tag === "endfor") for (const name of loops.pop() ?? []) names.delete(name);
    else if (tag === "for") {
      const [, vars, list] = /^\s*([\w\s,]+?)\s+in\s+(.*?)\s*[-+]?$/.exec(rest) ?? [];
      const own = (vars ?? "")
        .split(",")
        .map((name) => name.trim())
        .filter(Boolean);
      for (const name of own) names.set(name, `each of ${list}`);
      names.set("loop", "where the loop stands");
      loops.push([...own, "loop"]);
    } else {
      const name = /^\s*(\w+)/.exec(rest)?.[1];
      if (name) names.set(name, "set above");
    }
  }
  return names;
}

const WORDS = {
  text: "text",
  long_text: "long text",
  number: "number",
  choice: "choice",
  boolean: "yes or no",
  examples: "list of examples",
  object: "object",
  list: "list",
};
const LOOP = {
  index: "from 1",
  index0: "from 0",
  first: "is this the first",
  last: "is this the last",
  length: "how many",
};

function variables(before) {
  const known = [
    ...new Set([...(page.preview?.variables ?? []), ...page.form.prompt.inputs.map((input) => input.name)]),
  ];
  const own = ownNames(before);
  return [
    ...[...own].map(([text, about]) => ({ text, about })).reverse(),
    ...known.filter((name) => !own.has(name)).map((text) => ({ text, about: WORDS[kindOf(text)] ?? "" })),
  ];
}

function fieldsOf(name, before) {
  if (name === "loop") return Object.entries(LOOP).map(([text, about]) => ({ text, about }));
  const list = /^each of (\w+)$/.exec(ownNames(before).get(name) ?? "")?.[1];
  const fields = declared(list ?? name)?.fields ?? [];
  const value = page.form.values[list ?? name];
  const row = list ? value?.[0] : value;
  const names = fields.length
    ? fields.map((field) => field.name)
    : row && typeof row === "object"
      ? Object.keys(row)
      : [];
  return names.map((text) => ({ text, about: list ? `of each of ${list}` : `of ${name}` }));
}

async function offers({ kind, of }, before) {
  const listed = (words) => Object.entries(words ?? {}).map(([text, about]) => ({ text, about }));
  if (kind === "prompts") {
    const reply = await call("include_names", { form: page.form });
    return reply.names ?? [];
  }
  if (kind === "fields") return fieldsOf(of, before);
  if (kind === "names") return variables(before);
  if (kind === "lists") {
    const isList = ({ about }) => about.startsWith("list");
    const all = variables(before);
    return [
      ...all.filter(isList),
      ...all.filter((item) => !isList(item)).map((item) => ({ ...item, about: "as a list" })),
    ];
  }
  return listed(page.words?.[kind]);
}

// --- the list -------------------------------------------------------------------------------------------------

async function offer(area) {
  const mine = ++asked;
  if (composing || area.selectionStart !== area.selectionEnd) return close();
  const before = area.value.slice(Math.max(0, area.selectionStart - LOOK_BACK), area.selectionStart);
  const typed = typedAt(before);
  if (!typed) return close();
  const found = await offers(typed, before);
  if (mine !== asked || document.activeElement !== area) return;
  const word = typed.word.toLowerCase();
  const starts = ({ text }) => text.toLowerCase().startsWith(word);
  const holds = ({ text }) => word.length > 1 && text.toLowerCase().includes(word);
  const fits = [...found.filter(starts), ...found.filter((item) => !starts(item) && holds(item))];
  const items = fits.slice(0, MOST);
  if (!items.length || (items.length === 1 && items[0].text === typed.word)) return close();
  show(area, typed, items);
}

function show(area, typed, items) {
  if (!box) {
    box = h("ul", { class: "offers pp", id: "offers", role: "listbox", "aria-label": "Suggestions" });
    document.body.append(box);
  }
  open = { area, typed, items, active: 0 };
  box.replaceChildren(
    ...items.map((item, i) =>
      h(
        "li",
        {
          id: `offer-${i}`,
          role: "option",
          "aria-selected": String(i === 0),
          // The caret stays in the text.
          onpointerdown: (e) => {
            e.preventDefault();
            take(i);
          },
        },
        h("span", { class: "mono" }, item.text),
        h("span", { class: "hint" }, item.about),
      ),
    ),
  );
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", "offers");
  area.setAttribute("aria-activedescendant", "offer-0");
  place(area);
  say(`${items.length} suggestion${items.length === 1 ? "" : "s"}: ${items[0].text}`);
}

function place(area) {
  const at = caretOf(area);
  const below = at.bottom + 4 + box.offsetHeight < innerHeight;
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.offsetWidth - 8))}px`;
  box.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - box.offsetHeight - 4)}px`;
}

// Where the caret is on screen: the coloured text behind it has the same lines. A large text has none: its box's foot.
function caretOf(area) {
  const pre = $("pre", area.parentElement);
  const rect = area.getBoundingClientRect();
  if (!pre || area.parentElement.classList.contains("plain"))
    return { left: rect.left + 16, top: rect.bottom - 24, bottom: Math.min(rect.bottom, innerHeight - 40) };
  const texts = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT);
  let left = area.selectionStart,
    node = texts.nextNode();
  while (node && left > node.length) {
    left -= node.length;
    node = texts.nextNode() ?? null;
  }
  if (!node) return rect;
  const range = document.createRange();
  range.setStart(node, Math.min(left, node.length));
  range.collapse(true);
  const [at] = range.getClientRects();
  return at ?? rect;
}

function close() {
  asked++;
  if (!open) return;
  for (const name of ["aria-controls", "aria-activedescendant"]) open.area.removeAttribute(name);
  open = null;
  box?.remove();
  box = null;
}

function move(to) {
  const count = open.items.length;
  open.active = (to + count) % count;
  $$("[role=option]", box).forEach((el, i) => el.setAttribute("aria-selected", String(i === open.active)));
  open.area.setAttribute("aria-activedescendant", `offer-${open.active}`);
  $(`#offer-${open.active}`, box).scrollIntoView({ block: "nearest" });
}

// Puts the chosen one where its beginning stands, and closes a tag that nobody has closed.
function take(i) {
  const { area, typed, items } = open;
  const { text } = items[i];
  close();
  const end = area.selectionStart,
    start = end - typed.word.length;
  const after = area.value.slice(end, end + 200).split("\n")[0];
  const isClosed = /^[^{]*?(?:\}\}|%\})/.test(after);
  let put = text;
  if (typed.kind === "prompts") {
    const quote = typed.quoted ? "" : '"';
    put = `${quote}${text}${/^["']/.test(after) ? "" : '"'}${isClosed ? "" : " %}"}`;
  } else if (typed.kind === "tags")
    put = text === "include" || text === "import" ? `${text} ` : `${text}${isClosed ? "" : spaced(text)}`;
  else if (typed.kind === "names" && typed.tag === "{{") {
    const space = /\{\{[-+]?$/.test(area.value.slice(0, start)) ? " " : "";
    put = `${space}${text}${isClosed ? "" : " }}"}`;
  } else if (typed.kind === "lists") put = `${text}${isClosed ? "" : " %}"}`;
  area.setSelectionRange(start, end);
  // As if it had been typed, so that the browser's own undo knows of it.
  if (!document.execCommand("insertText", false, put)) {
    area.setRangeText(put, start, end, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (!["tags"].includes(typed.kind)) close();
}

const spaced = (tag) => (/^(?:end|else|raw)/.test(tag) ? " %}" : " ");

// --- what a person does ---------------------------------------------------------------------------------------

const isTurn = (el) => el?.matches?.(".turn textarea");

document.addEventListener("input", (e) => {
  if (isTurn(e.target)) offer(e.target);
});
document.addEventListener("compositionstart", () => {
  composing = true;
  close();
});
document.addEventListener("compositionend", (e) => {
  composing = false;
  if (isTurn(e.target)) offer(e.target);
});
// Before the page's own keys: Escape would stop the run.
window.addEventListener(
  "keydown",
  (e) => {
    if (!open || e.target !== open.area || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return;
    const act = {
      ArrowDown: () => move(open.active + 1),
      ArrowUp: () => move(open.active - 1),
      Enter: () => take(open.active),
      Tab: () => !e.shiftKey && take(open.active),
      Escape: close,
    }[e.key];
    if (!act || (e.key === "Tab" && e.shiftKey) || (e.key === "Enter" && e.shiftKey)) return;
    e.preventDefault();
    e.stopPropagation();
    act();
  },
  true,
);
document.addEventListener("focusout", (e) => {
  if (open && e.target === open.area) close();
});
// The caret went elsewhere without a word being typed.
document.addEventListener("selectionchange", () => {
  if (!open) return;
  const { area, typed } = open;
  const before = area.value.slice(Math.max(0, area.selectionStart - LOOK_BACK), area.selectionStart);
  const now = typedAt(before);
  if (now?.kind !== typed.kind || now.word !== typed.word) close();
});
document.addEventListener("scroll", (e) => open && !box?.contains(e.target) && place(open.area), true);
