// Fields that stay while somebody types: of a half-typed tag nothing is known, so the last good fields are kept, and a
// name that is still being written is no field yet.

import { previewListeners, page } from "./store.js";

const PATIENCE_MS = 900; // a name inside a closed tag counts as written after so long

let good = { variables: [], kinds: {} };
let last = null, // what the server said last, as it said it
  timer = null;

/** Another prompt comes onto the screen: its fields have nothing to do with those before. */
export function forgetFields() {
  good = { variables: [], kinds: {} };
  last = null;
  clearTimeout(timer);
}

/**
 * Whether the caret of the turn that has the focus stands inside a tag, as in "{{ na| }}".
 * @returns {boolean}
 */
function isInTag() {
  const area = document.activeElement;
  if (!area?.matches?.(".turn textarea")) return false;
  const before = area.value.slice(Math.max(0, area.selectionStart - 2000), area.selectionStart);
  const open = Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%"));
  return open > Math.max(before.lastIndexOf("}}"), before.lastIndexOf("%}"));
}

/**
 * Puts fields into the server's answer that are fit to be shown: nothing that is only half typed takes one away.
 * @param {object} preview
 */
export function settle(preview) {
  last = { variables: preview.variables ?? [], kinds: preview.kinds ?? {}, needs: preview.needs ?? [] };
  const isBroken = preview.problems.some((p) => p.turn !== null && !p.name);
  clearTimeout(timer);
  if (isInTag() && good.variables.length + last.variables.length) {
    const isNews = JSON.stringify(good.variables) !== JSON.stringify(last.variables);
    if (isNews && !isBroken && !preview.is_old) timer = setTimeout(release, PATIENCE_MS);
    show(preview, good.variables, { ...last.kinds, ...good.kinds });
    return;
  }
  if (isBroken) {
    const fresh = last.variables.filter((name) => !good.variables.includes(name));
    show(preview, [...good.variables, ...fresh], { ...last.kinds, ...good.kinds });
    return;
  }
  good = { variables: last.variables, kinds: last.kinds };
  show(preview, good.variables, good.kinds);
}

function show(preview, variables, kinds) {
  preview.variables = variables;
  preview.kinds = kinds;
  preview.needs = last.needs.filter((name) => variables.includes(name));
}

// The tag is written: what the server said of it is shown.
function release() {
  clearTimeout(timer);
  const { preview } = page;
  if (!last || !preview || JSON.stringify(preview.variables) === JSON.stringify(last.variables)) return;
  if (preview.problems.some((p) => p.turn !== null && !p.name)) return;
  good = { variables: last.variables, kinds: last.kinds };
  show(preview, good.variables, good.kinds);
  for (const fn of previewListeners) fn(preview, true);
}

document.addEventListener("selectionchange", () => {
  if (timer !== null && !isInTag()) release();
});
// Who types on has not written it yet, however long the server took to answer.
document.addEventListener("input", () => {
  clearTimeout(timer);
  timer = null;
});
document.addEventListener("focusout", () => {
  if (timer !== null) setTimeout(() => !isInTag() && release());
});
