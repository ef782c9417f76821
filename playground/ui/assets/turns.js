// Turns as blocks: role, text with colours, tools, and a handle that moves a block by pointer or key.

import { say } from "./alerts.js";
import { $, $$, h, icon, select } from "./dom.js";
import { addImages, imagesIn } from "./images.js";
import { changed } from "./store.js";
import { removed } from "./undo.js";

const ROLES = ["system", "user", "assistant"].map((r) => ({ value: r, label: r[0].toUpperCase() + r.slice(1) }));
const BIG = 20000; // beyond this a text is edited without colours, in a box that scrolls
const EDGE = 32; // so near to the edge of what is in view a dragged block scrolls it
const JINJA = /(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\})/;

/**
 * A turn of a prompt with its role, text and tools.
 * @param {Turn[]} turns
 * @param {Turn} turn
 * @param {number} i
 * @param {{onStructure: () => void, label?: string}} options
 * @returns {HTMLElement}
 */
export function turnBlock(turns, turn, i, { onStructure, label = "" }) {
  const change = (act) => {
    keepCaret(block.parentElement, turns, () => {
      act();
      onStructure();
    });
    changed("turns");
  };
  const move = (to) => {
    change(() => turns.splice(to, 0, turns.splice(i, 1)[0]));
    say(`${label}${turn.role} turn is now ${to + 1} of ${turns.length}`);
  };
  const which = `${label}${turn.role} turn ${i + 1}`;
  const block = h(
    "div",
    { class: "turn", "data-turn": i },
    handle(turns, i, which, move),
    h(
      "div",
      { class: "who" },
      select(ROLES, turn.role, {
        class: "bare",
        "aria-label": `Role of turn ${i + 1}`,
        onchange: (e) =>
          change(() => {
            turn.role = e.target.value;
          }),
      }),
      h("span", { class: "hint num tokens" }),
    ),
    codeBox(
      turn.template,
      {
        label: which,
        placeholder: turn.role === "system" ? "How the model shall behave" : "Text with {{ variables }}",
      },
      (text) => {
        turn.template = text;
        changed("turns");
      },
    ),
    h(
      "div",
      { class: "tools" },
      // Beside the handle: one tap does what dragging does.
      h(
        "button",
        {
          class: "btn quiet icon",
          title: "Move up",
          "aria-label": `Move ${which} up`,
          disabled: i === 0,
          onclick: () => move(i - 1),
        },
        icon("arrow-up"),
      ),
      h(
        "button",
        {
          class: "btn quiet icon",
          title: "Remove turn",
          "aria-label": `Remove ${which}`,
          disabled: turns.length === 1,
          onclick: () => {
            change(() => turns.splice(i, 1));
            removed("Turn");
          },
        },
        icon("trash"),
      ),
      cutButton(turns, i, which, () => {
        const after = turns.length - 1 - i;
        change(() => turns.splice(i + 1));
        removed(after === 1 ? "The turn after it" : `The ${after} turns after it`);
      }),
    ),
  );
  return block;
}

// A conversation goes back to a turn of it: what came after is gone.
function cutButton(turns, i, which, cut) {
  const after = turns.length - 1 - i;
  if (after < 1 || turns[i].role === "system") return "";
  const words = after === 1 ? "the turn after it goes" : `the ${after} turns after it go`;
  const attrs = { class: "btn quiet icon", title: `Cut back to here: ${words}`, "aria-label": `Cut back to ${which}` };
  return h("button", { ...attrs, onclick: cut }, icon("cut"));
}

/**
 * A text to type in, with its Jinja coloured.
 * @param {string} text
 * @param {{label: string, placeholder?: string}} options
 * @param {(text: string) => void} onText
 * @returns {HTMLElement}
 */
function codeBox(text, { label, placeholder = "" }, onText) {
  const pre = h("pre", { "aria-hidden": "true" });
  const area = h("textarea", { "aria-label": label, placeholder, spellcheck: "false", value: text, rows: 1 });
  const box = h("div", { class: "code" }, pre, area);
  let places = []; // lines and columns that the server stumbled over
  box.underline = (found) => {
    if (JSON.stringify(found) === JSON.stringify(places)) return;
    places = found;
    paint();
  };
  const paint = () => {
    const value = area.value;
    const big = value.length > BIG;
    box.classList.toggle("plain", big);
    area.style.overflow = big ? "auto" : "";
    pre.style.height = big ? "240px" : "";
    pre.style.overflow = big ? "hidden" : "";
    if (big) {
      pre.textContent = "";
      return;
    }
    pre.replaceChildren(...coloured(value, places), value.endsWith("\n") || !value ? "\u200b" : "");
  };
  area.addEventListener("input", () => {
    paint();
    onText(area.value);
  });
  area.addEventListener("paste", (e) => {
    const files = imagesIn(e.clipboardData);
    if (files.length) {
      e.preventDefault();
      addImages(files);
    }
  });
  paint();
  return box;
}

// The text with its tags coloured, and underlined from each place to the end of its tag or line.
function coloured(value, places) {
  const marks = places.map((at) => stretch(value, at)).sort((a, b) => a[0] - b[0]);
  let offset = 0;
  return value.split(JINJA).flatMap((part, i) => {
    const start = offset,
      pieces = [];
    offset += part.length;
    let from = start;
    for (const [a, b] of marks) {
      const left = Math.max(a, from),
        right = Math.min(b, offset);
      if (left >= right) continue;
      pieces.push(value.slice(from, left), h("span", { class: "half" }, value.slice(left, right)));
      from = right;
    }
    pieces.push(value.slice(from, offset));
    return i % 2 ? [h("span", { class: "jinja" }, pieces)] : pieces;
  });
}

function stretch(value, [line, column]) {
  let start = 0;
  for (let n = 1; n < line; n++) start = value.indexOf("\n", start) + 1 || value.length;
  start = Math.min(start + Math.max(0, column - 1), value.length);
  const rest = /^[^\n]*?(?:\}\}|%\}|(?=\n|$))/.exec(value.slice(start));
  const end = start + (rest?.[0].length ?? 0);
  return end > start ? [start, end] : [Math.max(0, start - 1), Math.max(start, 1)];
}

// Drawing anew must not cost the place where somebody types: the same control of the same turn has the focus again.
function keepCaret(box, turns, draw) {
  const held = document.activeElement;
  const block = box.contains(held) ? held.closest("[data-turn]") : null;
  if (!block) {
    draw();
    return;
  }
  const before = Number(block.dataset.turn),
    turn = turns[before];
  const place = $$("button, select, textarea", block).indexOf(held);
  const { selectionStart, selectionEnd, selectionDirection } = held;
  const scrolled = box.scrollTop;
  draw();
  const now = turns.includes(turn) ? turns.indexOf(turn) : Math.min(before, turns.length - 1);
  const controls = $$("button, select, textarea", $(`[data-turn="${now}"]`, box));
  const same = turns.includes(turn) ? controls[place] : null;
  const next = same && !same.disabled ? same : controls.find((el) => el.tagName === "TEXTAREA");
  box.scrollTop = scrolled;
  next.focus({ preventScroll: true });
  if (same?.tagName === "TEXTAREA") same.setSelectionRange(selectionStart, selectionEnd, selectionDirection);
  next.closest("[data-turn]").scrollIntoView({ block: "nearest" });
}

// --- the handle ---------------------------------------------------------------------------------------

function handle(turns, i, which, move) {
  const grip = h(
    "button",
    {
      class: "grip",
      title: "Drag to move, or Alt and the arrow keys",
      "aria-label": `Reorder ${which}`,
      "aria-keyshortcuts": "Alt+ArrowUp Alt+ArrowDown",
      disabled: turns.length === 1,
      onkeydown: (e) => {
        if (!e.altKey || !["ArrowUp", "ArrowDown"].includes(e.key)) return;
        e.preventDefault();
        const to = i + (e.key === "ArrowUp" ? -1 : 1);
        if (to < 0 || to >= turns.length) say(`${which} is already the ${to < 0 ? "first" : "last"}`);
        else move(to);
      },
      // The text that is being typed in keeps the focus.
      onmousedown: (e) => e.preventDefault(),
      onpointerdown: (e) => {
        if (e.button === 0 && !grip.disabled) drag(e, grip, i, move);
      },
    },
    icon("grip"),
  );
  return grip;
}

function drag(start, grip, i, move) {
  const block = grip.closest(".turn"),
    box = block.parentElement;
  const blocks = $$(":scope > .turn", box);
  const pane = box.scrollHeight > box.clientHeight ? box : document.scrollingElement;
  const from = pane.scrollTop,
    grabbed = start.clientY - block.getBoundingClientRect().top;
  let y = start.clientY,
    to = i,
    moved = false,
    frame = 0;

  // The others make room where the block would fall; places are those before anything moved.
  const show = () => {
    const by = y - start.clientY + pane.scrollTop - from;
    const at = block.offsetTop + grabbed + by;
    to = blocks.filter((el) => el !== block && el.offsetTop + el.offsetHeight / 2 < at).length;
    blocks.forEach((el, n) => {
      const room = n > i && n <= to ? -block.offsetHeight : n < i && n >= to ? block.offsetHeight : 0;
      el.style.transform = el === block ? `translateY(${by}px)` : room ? `translateY(${room}px)` : "";
    });
  };
  const scroll = () => {
    const view = pane === box ? box.getBoundingClientRect() : { top: 0, bottom: innerHeight };
    const by = y < view.top + EDGE ? -6 : y > view.bottom - EDGE ? 6 : 0;
    if (by) {
      pane.scrollTop += by;
      show();
    }
    frame = requestAnimationFrame(scroll);
  };
  const onMove = (e) => {
    y = e.clientY;
    if (!moved && Math.abs(y - start.clientY) < 4) return;
    if (!moved) {
      moved = true;
      block.classList.add("dragged");
      frame = requestAnimationFrame(scroll);
    }
    show();
  };
  const end = (kept) => {
    cancelAnimationFrame(frame);
    listening.abort();
    block.classList.remove("dragged");
    for (const el of blocks) el.style.transform = "";
    if (!moved) {
      if (kept) grip.focus();
    } else if (kept && to !== i && block.isConnected) move(to);
  };
  const listening = new AbortController();
  const on = (target, type, act, capture = false) =>
    target.addEventListener(type, act, { capture, signal: listening.signal });
  on(grip, "pointermove", onMove);
  on(grip, "pointerup", () => end(true));
  on(grip, "pointercancel", () => end(false));
  // Before the page's own Escape, which stops the run.
  on(
    window,
    "keydown",
    (e) => {
      if (e.key === "Escape") {
        e.preventDefault();
        e.stopPropagation();
        end(false);
      }
    },
    true,
  );
  grip.setPointerCapture(start.pointerId);
}
