// Python writes UTC; people read their own clock: "16:02" today, else "10 May, 16:02", the full stamp on hover.

import { $$ } from "./dom.js";
import { language, onLanguage } from "./language.js";

const CLOCK = { hour: "2-digit", minute: "2-digit" };

/**
 * Words every `time` element below `root` in the reader's own zone.
 * @param {ParentNode} root
 */
export function wordTimes(root) {
  const now = new Date();
  for (const el of $$("time", root)) {
    const when = new Date(el.dateTime);
    const year = when.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
    const second = "seconds" in el.dataset ? { second: "2-digit" } : {};
    const isChinese = language() === "zh", locale = isChinese ? "zh-CN" : "en-GB";
    const clock = when.toLocaleTimeString(locale, { ...CLOCK, ...second, hourCycle: "h23" });
    const day = when.toLocaleDateString(locale, { day: "numeric", month: "short", ...year });
    el.title = when.toLocaleString(isChinese ? locale : undefined);
    el.textContent = when.toDateString() === now.toDateString() ? clock : day + (isChinese ? " " : ", ") + clock;
  }
}

onLanguage(() => wordTimes(document));
