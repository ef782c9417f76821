// One cell that is typed in, in its place; of a column with few values they are offered. What is typed is kept in
// this tab until it is a step of the draft, so that a reload in the middle loses nothing.

import { edit, sheet } from "./data_state.js";
import { h, icon } from "./dom.js";

const HALF = "playground.data.cell";

let open = null; // {close(commits, key), place()}

/** Closes the cell that is typed in; what stands there is kept. */
export const closeCell = () => open?.close(true, "");

/** The grid was drawn anew: the field goes where its cell is. */
export const placeCell = () => open?.place();

/**
 * What was being typed when the page went, as an edit of this data set; it is told once.
 * @returns {[number, string, string] | null}
 */
export function halfTyped() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(HALF));
    if (kept?.id !== sheet.id) return null;
    sessionStorage.removeItem(HALF);
    return [kept.row, kept.column, kept.text];
  } catch {
    return null;
  }
}

function keepHalf(half) {
  try {
    if (half) sessionStorage.setItem(HALF, JSON.stringify(half));
    else sessionStorage.removeItem(HALF);
  } catch {
    /* forbidden */
  }
}

/**
 * Types in a cell: the field lies over it in `home`, so that drawing the grid anew leaves it alone.
 * @param {HTMLElement} home
 * @param {{cell: () => HTMLElement | null, row: number, column: object, text: string, choices: [string, number][],
 *   done: (key: string) => void}} what `cell` finds its place
 */
export function editCell(home, { cell, row, column, text, choices, done }) {
  closeCell();
  const { id } = sheet;
  const area = h("textarea", {
    class: `mono ${column.kind === "number" ? "num" : ""}`,
    rows: 1,
    spellcheck: "false",
    value: text,
    "aria-label": `${column.name} of row ${row}`,
  });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const list = choices.length ? h("ul", { class: "choices", role: "listbox", "aria-label": "Values" }) : null;
  const box = h("div", { class: "cell-editor" }, area, problem, list);
  let picked = -1;

  const grow = () => {
    area.style.height = "0";
    area.style.height = `${Math.min(area.scrollHeight + 2, 240)}px`;
  };
  const offered = () => choices.filter(([value]) => area.value === text || value.includes(area.value));
  const offer = () => {
    if (!list) return;
    const found = offered();
    list.replaceChildren(
      ...found.map(([value, count], n) =>
        h(
          "li",
          {
            role: "option",
            "aria-selected": String(n === picked),
            class: n === picked ? "on" : null,
            onmousedown: (e) => {
              e.preventDefault();
              area.value = value;
              close(true, "Enter");
            },
          },
          h("span", { class: "mono grow" }, value),
          value === text ? icon("check") : "",
          h("span", { class: "num hint" }, count.toLocaleString("en")),
        ),
      ),
      area.value !== text && !choices.some(([value]) => value === area.value)
        ? h("li", { class: "hint", role: "presentation" }, "New value")
        : "",
    );
  };
  const refuse = (alert) => {
    problem.textContent = `${alert.message} ${alert.hint ?? ""}`;
    problem.hidden = false;
    area.setAttribute("aria-invalid", "true");
    area.focus();
  };
  let closing = false;
  async function close(commits, key) {
    if (closing || open?.close !== close) return;
    const value = area.value;
    if (commits && value !== text) {
      closing = true;
      const refused = await edit({ cells: [[row, column.name, value]] });
      closing = false;
      if (refused && box.isConnected) return refuse(refused);
    }
    if (open?.close !== close) return;
    open = null;
    keepHalf(null);
    box.remove();
    done(key);
  }
  const pick = (step) => {
    const found = offered();
    if (!found.length) return;
    picked = (picked + step + found.length) % found.length;
    area.value = found[picked][0];
    offer();
    grow();
    keepHalf({ id, row, column: column.name, text: area.value });
  };
  area.addEventListener("keydown", (e) => {
    e.stopPropagation();
    if (e.isComposing) return;
    if (e.key === "Escape") {
      e.preventDefault();
      close(false, "Escape");
    } else if ((e.key === "Enter" && !e.shiftKey) || e.key === "Tab") {
      e.preventDefault();
      close(true, e.key);
    } else if (list && ["ArrowDown", "ArrowUp"].includes(e.key)) {
      e.preventDefault();
      pick(e.key === "ArrowDown" ? 1 : -1);
    }
  });
  area.addEventListener("input", () => {
    picked = -1;
    problem.hidden = true;
    area.removeAttribute("aria-invalid");
    keepHalf({ id, row, column: column.name, text: area.value });
    grow();
    offer();
  });
  area.addEventListener("blur", () => setTimeout(() => box.isConnected && close(true, ""), 0));
  const place = () => {
    const at = cell()?.getBoundingClientRect(),
      around = home.getBoundingClientRect();
    if (!at) return;
    const width = Math.min(Math.max(at.width, column.kind === "number" ? 112 : 200), around.width - 16);
    box.style.left = `${Math.max(0, Math.min(at.left - around.left, around.width - width - 8))}px`;
    box.style.top = `${at.top - around.top}px`;
    box.style.width = `${width}px`;
  };
  open = { close, place };
  home.append(box);
  place();
  offer();
  area.focus({ preventScroll: true });
  area.select();
  grow();
}
