// The columns beside each other: how many there are, and which of them a phone shows.

import { drawBar } from "./bar.js";
import { $ } from "./dom.js";
import { drawHead } from "./heads.js";
import { drawPager } from "./pager.js";
import { onChange, page } from "./store.js";

const TIGHT = 4; // so many beside each other have less room for marks and margins

/**
 * Draws the columns that there are.
 * @param {boolean} withOwn their own prompts too
 */
export function drawColumns(withOwn = true) {
  const count = page.form.columns.length;
  $("#columns").classList.toggle("four", count >= TIGHT);
  for (let i = 0; i < page.most; i++) {
    const block = $(`#answer${i}`);
    block.classList.toggle("off", i >= count);
    block.classList.toggle("front", i === page.front);
    if (i < count) drawHead(i, withOwn);
  }
  drawPager();
}

onChange((what) => {
  if (what !== "all" && what !== "columns") return;
  drawColumns();
  drawBar();
});
