// Which rows of a data set are looked at: the filter, the halves, and what is wrong with rows.

import { addRow } from "./data_edits.js";
import { isOld, sheet, told } from "./data_state.js";
import { looked } from "./data_window.js";
import { $, debounce, h, icon } from "./dom.js";

let root, find, clear, hits, segments, badges;

/**
 * Puts the filter into its place.
 * @param {HTMLElement} sheetRoot the page of the data set
 * @param {HTMLElement} tools where the filter stands on it
 */
export function mountFilters(sheetRoot, tools) {
  root = sheetRoot;
  const look = debounce(180, () => {
    if (sheet.find === find.value.trim()) return;
    sheet.find = find.value.trim();
    told("rows");
  });
  find = h("input", {
    class: "field mono",
    id: "sheet-find",
    type: "text",
    spellcheck: "false",
    autocomplete: "off",
    placeholder: "Words, or a column: days_late:>5",
    "aria-label": "Filter rows",
    title: 'word, -word, column:word, column:="whole value", column: (empty), column:>5, row:47, is:generated',
    oninput: look,
    onkeydown: (e) => {
      if (e.key === "ArrowDown" || e.key === "Enter") {
        e.preventDefault();
        $("#sheet-grid").focus();
      } else if (e.key === "Escape" && find.value) {
        e.stopPropagation();
        find.value = "";
        look();
      }
    },
  });
  hits = h("span", { class: "hint num" });
  clear = h(
    "button",
    {
      class: "btn quiet icon",
      "aria-label": "Clear the filter",
      title: "Clear the filter",
      onclick: () => {
        find.value = "";
        sheet.find = "";
        told("rows");
        find.focus();
      },
    },
    icon("cross"),
  );
  segments = h("span", { class: "seg", role: "group", "aria-label": "Halves" });
  badges = h("span", { class: "badges" });
  tools.replaceChildren(
    h("div", { class: "find" }, icon("search"), find, hits, clear),
    segments,
    h("span", { class: "grow" }),
    badges,
  );
}

/** Draws what is looked at: the filter, halves, what is wrong with rows; and where no row is, why. */
export function drawFilters() {
  if (document.activeElement !== find) find.value = sheet.find;
  const whole = sheet.count ?? 0;
  hits.textContent = sheet.find ? `${looked.total.toLocaleString("en")} of ${whole.toLocaleString("en")}` : "";
  clear.hidden = !sheet.find;
  const { train = 0, "held-out": held = 0 } = looked.halves;
  const hasHalves = Boolean(train || held || sheet.half);
  const none = looked.halves[""] ?? 0;
  const choice = (half, label, count) =>
    h(
      "button",
      {
        "aria-pressed": String(sheet.half === half),
        onclick: () => {
          sheet.half = half;
          told("rows");
        },
      },
      `${label} ${count === null ? "" : count.toLocaleString("en")}`.trim(),
    );
  segments.hidden = !hasHalves;
  const counts = sheet.half ? [null, null, null] : [train + held + none, train, held];
  segments.replaceChildren(
    choice("", "All", counts[0]),
    choice("train", "Train", sheet.half === "train" ? train : counts[1]),
    choice("held-out", "Held out", sheet.half === "held-out" ? held : counts[2]),
  );
  const unread = h(
    "span",
    { class: "badge ignored", title: "A filter looks at so many edits only once they are saved" },
    icon("warn"),
    `${looked.unread.toLocaleString("en")} edited rows are found as they were saved`,
  );
  badges.replaceChildren(
    ...(looked.unread ? [unread] : []),
    ...sheet.badges.map((badge) =>
      h(
        "button",
        {
          class: "badge ignored",
          title: "Show these rows",
          "aria-pressed": String(sheet.find === badge.find),
          onclick: () => {
            sheet.find = sheet.find === badge.find ? "" : badge.find;
            find.value = sheet.find;
            told("rows");
          },
        },
        icon("warn"),
        badge.words,
      ),
    ),
  );
  drawNothing();
}

// No row is looked at: why, and the way out.
function drawNothing() {
  $(".sheet-none", root)?.remove();
  if (looked.total || looked.words === undefined) return;
  const wholly = !sheet.find && !sheet.half;
  const text = wholly
    ? "There is no row yet."
    : sheet.find
      ? `No row${sheet.half ? " of this half" : ""} has ${looked.words}.`
      : "No row is in this half.";
  const out = wholly
    ? h("button", { class: "btn", onclick: addRow, disabled: isOld() }, icon("plus"), "Add a row")
    : h(
        "button",
        {
          class: "btn",
          onclick: () => {
            Object.assign(sheet, { find: "", half: "" });
            find.value = "";
            told("rows");
          },
        },
        "Clear the filter",
      );
  $(".sheet-grid", root).append(h("div", { class: "sheet-none" }, h("p", { class: "soft" }, text), out));
}

/**
 * Puts a text into the filter, which is in use already.
 * @param {string} text
 */
export const showFind = (text) => (find.value = text);
