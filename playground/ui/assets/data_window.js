// The rows of a data set that this page has: they come from the program a hundred at a time, as they are looked at.

import { ask, sheet } from "./data_state.js";

const SOME = 100, // rows of one request
  MOST_PAGES = 30; // the oldest are forgotten

/** What is looked at: how many rows, how many of each half, and the filter in words. */
export const looked = { total: 0, halves: {}, words: "" };

let pages = new Map(), // rows by the number of their hundred
  asked = new Map(), // requests that are under way or done, by the same
  turn = 0, // answers to an earlier question are passed over
  arrived = () => {};

/**
 * Calls `fn` when rows have come; `isFirst` where none were here, `isOther` where there are more or fewer than before.
 * @param {(came: {isFirst: boolean, isOther: boolean}) => void} fn
 */
export const onRows = (fn) => (arrived = fn);

/** @returns {boolean} whether no row is here */
export const isEmpty = () => !pages.size;

/**
 * @param {number} at its place among those that are looked at, from 0
 * @returns {object | null} the row, as far as it is here
 */
export const rowAt = (at) => pages.get(Math.floor(at / SOME))?.[at % SOME] ?? null;

/**
 * Forgets all rows, and asks for the first ones anew.
 * @param {boolean} others whether other rows are looked at now
 */
export function renew(others) {
  turn++;
  pages = new Map();
  asked = new Map();
  if (others) looked.total = 0;
  bring(0, 1);
}

/**
 * Puts a row that was changed in the place of what it was.
 * @param {object} row
 */
export function put(row) {
  for (const rows of pages.values()) {
    const n = rows.findIndex((other) => other.n === row.n);
    if (n >= 0) rows[n] = row;
  }
}

/**
 * Brings the rows from one place to another, those that are not here; each hundred is asked for once.
 * @param {number} first
 * @param {number} last the first that is not wanted
 * @returns {Promise<void>} done when they are here
 */
export async function bring(first, last) {
  for (let page = Math.floor(first / SOME); page * SOME < last; page++) {
    if (pages.has(page)) continue;
    if (!asked.has(page)) asked.set(page, fetchPage(page));
  }
  for (let page = Math.floor(first / SOME); page * SOME < last; page++) await asked.get(page);
}

async function fetchPage(page) {
  const mine = turn;
  const { find, half, sort, falls } = sheet;
  const found = await ask("data_rows", {
    find,
    half,
    sort,
    falls: falls ? "yes" : "no",
    start: page * SOME,
    count: SOME,
  });
  if (mine !== turn) return;
  if (!found) {
    asked.delete(page);
    return;
  }
  const isFirst = isEmpty();
  pages.set(page, found.rows);
  if (pages.size > MOST_PAGES) {
    const [oldest] = pages.keys();
    pages.delete(oldest);
    asked.delete(oldest);
  }
  const count = looked.total;
  Object.assign(looked, { total: found.total, halves: found.halves, words: found.asked });
  arrived({ isFirst, isOther: isFirst || count !== found.total });
}
