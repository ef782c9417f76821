// Markup that is drawn anew only where it differs from what stands there: the focus, a selected text, an open fold, how
// far a box is scrolled and what is being pressed stay.

const drawn = new WeakMap(); // by element: the markup that it was drawn from

function read(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

/**
 * Fills an element with markup that Python has escaped.
 * @param {HTMLElement} box
 * @param {string} html
 */
export function fillAnew(box, html) {
  drawn.set(box, html);
  box.innerHTML = html;
}

/**
 * Brings an element from the markup that it was filled with to another one. What a script has changed in it stays where
 * the markup is the same, and so does what is typed into a field: it is for what nobody has asked for.
 * @param {HTMLElement} box
 * @param {string} html markup that Python has escaped
 */
export function patch(box, html) {
  const was = drawn.get(box);
  drawn.set(box, html);
  if (was === undefined) box.innerHTML = html;
  else if (was !== html) patchNodes(box, read(was), read(html));
}

const isSame = (a, b) => a.nodeName === b.nodeName && a.nodeType === Node.ELEMENT_NODE && a.id === b.id;
const isAlike = (a, b) => isSame(a, b) || a.isEqualNode(b);

// `was` and `now` are the markup before and after, `live` is what became of the first.
function patchNodes(live, was, now) {
  const here = [...live.childNodes], old = [...was.childNodes], next = [...now.childNodes];
  const isWhole = here.length === old.length && here.every((node, n) => node.nodeName === old[n].nodeName);
  let start = 0, end = 0;
  const least = Math.min(old.length, next.length);
  while (start < least && old[start].isEqualNode(next[start])) start++;
  while (end < least - start && old.at(-1 - end).isEqualNode(next.at(-1 - end))) end++;
  const from = old.slice(start, old.length - end), to = next.slice(start, next.length - end);
  // A line of texts and elements may stand in another order in Chinese: it is one.
  const isLine = [...old, ...next].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  if (!isWhole || (isLine && old.length > 1)) live.replaceChildren(...next);
  else if (from.length === to.length && from.every((node, n) => isAlike(node, to[n])))
    from.forEach((node, n) => patchElement(here[start + n], node, to[n]));
  else {
    const before = here[start + from.length] ?? null;
    for (const node of here.slice(start, start + from.length)) node.remove();
    for (const node of to) live.insertBefore(node, before);
  }
}

function patchElement(live, was, now) {
  if (was.isEqualNode(now)) return;
  const names = new Set([...was.getAttributeNames(), ...now.getAttributeNames()]);
  const differ = [...names].filter((name) => was.getAttribute(name) !== now.getAttribute(name));
  // What a field holds comes from its markup only when it is made.
  if ((differ.length && now.matches("input")) || now.matches("select, textarea")) {
    live.replaceWith(now);
    return;
  }
  for (const name of differ) {
    if (now.hasAttribute(name)) live.setAttribute(name, now.getAttribute(name));
    else live.removeAttribute(name);
  }
  patchNodes(live, was, now);
}
