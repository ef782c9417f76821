// What gives way when a row is too narrow, in a stated order, so that nothing is cut and nothing covers its neighbour.

import { $, $$, h } from "./dom.js";
import { english } from "./language.js";

// Per row: what it does without, the first before the others. look/fit.css says what each word means.
const ORDER = {
  ".bar": ["sum", "keys", "origin", "title", "words", "preset"],
  ".vote": ["note", "word", "link", "keys", "tools", "wrap"],
  ".acts": ["icons", "words", "wrap"],
};
const ROWS = [...Object.keys(ORDER), ".l3"].join(", ");

let mutations = null;

/**
 * Keeps the rows of a part of the page within their width, whatever is drawn into them and however wide it gets.
 * @param {HTMLElement} root
 */
export function keepFitting(root) {
  const watched = { childList: true, characterData: true, subtree: true, attributeFilter: ["data-since"] };
  mutations = new MutationObserver((records) => fit(rowsOf(records)));
  mutations.observe(root, watched);
  let width = 0;
  const sizes = new ResizeObserver(() => {
    const now = `${root.clientWidth} ${$$(".col", root).map((col) => col.clientWidth)}`;
    if (now !== width) fit($$(ROWS, root));
    width = now;
  });
  sizes.observe(root);
  for (const col of $$(".col", root)) sizes.observe(col);
  fit($$(ROWS, root));
  // What scrolls is reached by keyboard under its name, and a name needs a role.
  for (const body of $$(".col-body", root)) body.setAttribute("role", "group");
}

function rowsOf(records) {
  const rows = new Set();
  for (const { target, addedNodes } of records) {
    const el = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
    const row = el?.closest(ROWS);
    if (row) rows.add(row);
    else for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) addRows(node, rows);
  }
  return [...rows];
}

function addRows(node, rows) {
  if (node.matches(ROWS)) rows.add(node);
  for (const row of $$(ROWS, node)) rows.add(row);
}

function fit(rows) {
  for (const row of rows) {
    if (!row.isConnected || !row.clientWidth) continue;
    if (row.matches(".l3")) fitBadges(row);
    else fitRow(row, ORDER[Object.keys(ORDER).find((selector) => row.matches(selector))]);
  }
  mutations?.takeRecords(); // its own changes are none
}

// Measured by its pieces: what stands over a padding is too far out, and the browser does not count it.
function isTooWide(row) {
  if (row.scrollWidth > row.clientWidth + 1) return true;
  const end = row.getBoundingClientRect().right - parseFloat(getComputedStyle(row).paddingRight) + 1;
  return [...row.children].some(
    (el) => el.offsetWidth && el.getBoundingClientRect().right + parseFloat(getComputedStyle(el).marginRight) > end,
  );
}

function fitRow(row, order) {
  row.dataset.fit = "";
  for (let n = 1; isTooWide(row) && n <= order.length; n++) row.dataset.fit = order.slice(0, n).join(" ");
}

// Badges stand in the order of their weight: the last ones go behind a "+2" that tells them.
function fitBadges(row) {
  $(".more", row)?.remove();
  const badges = $$(".badge", row);
  for (const badge of badges) badge.hidden = false;
  if (!isTooWide(row) || badges.length < 2) return;
  const more = h("button", { class: "badge more", "data-act": "explain" });
  row.append(more);
  for (let shown = badges.length - 1; shown >= 1; shown--) {
    badges[shown].hidden = true;
    const rest = badges.slice(shown);
    more.textContent = `+${rest.length}`;
    more.dataset.text = rest.map((badge) => `${english(badge)}: ${badge.dataset.text}`).join("\n");
    more.title = more.dataset.text;
    more.setAttribute("aria-label", `${rest.length} more: ${rest.map(english).join(", ")}`);
    if (!isTooWide(row)) return;
  }
}
