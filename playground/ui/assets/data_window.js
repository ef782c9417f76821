// The rows of a data set that this page has: they come from the program by the hundred, as they are looked at.

import { ask, sheet } from "./data_state.js";

const SOME = 100, // rows that come, and are forgotten, together
  AT_ONCE = 5, // such hundreds of one request
  MOST_PAGES = 12; // the oldest are forgotten

/** What is looked at: how many rows, of each half, the filter in words; edited rows that are searched as they were. */
export const looked = { total: 0, halves: {}, words: "", unread: 0 };

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
 * Puts rows that were changed in the place of what they were. Rows that are still on their way are asked for anew: they
 * may have been read before the change.
 * @param {object[]} changed
 */
export function put(changed) {
  if ([...asked.keys()].some((page) => !pages.has(page))) return renew(false);
  for (const row of changed)
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
  const from = Math.floor(first / SOME),
    to = Math.ceil(last / SOME);
  for (let page = from; page < to; page++) {
    if (pages.has(page) || asked.has(page)) continue;
    let count = 1;
    while (count < AT_ONCE && page + count < to && !pages.has(page + count) && !asked.has(page + count)) count++;
    const coming = fetchPages(page, count);
    for (let n = 0; n < count; n++) asked.set(page + n, coming);
  }
  for (let page = from; page < to; page++) await asked.get(page);
}

async function fetchPages(first, count) {
  const mine = turn;
  const { find, half, sort, falls } = sheet;
  const found = await ask("data_rows", {
    find,
    half,
    sort,
    falls: falls ? "yes" : "no",
    start: first * SOME,
    count: count * SOME,
  });
  if (mine !== turn) return;
  const ofThem = Array.from({ length: count }, (_, n) => first + n);
  if (!found) {
    for (const page of ofThem) asked.delete(page);
    return;
  }
  const isFirst = isEmpty();
  for (const page of ofThem) pages.set(page, found.rows.slice((page - first) * SOME, (page - first + 1) * SOME));
  while (pages.size > MOST_PAGES) {
    const [oldest] = pages.keys();
    pages.delete(oldest);
    asked.delete(oldest);
  }
  const before = looked.total;
  const { total, halves, asked: words, unread } = found;
  Object.assign(looked, { total, halves, words, unread });
  arrived({ isFirst, isOther: isFirst || before !== found.total });
}
