// Building the page's own pieces. Text always goes in as text, never as markup.

/**
 * An element with its attributes (`on…` listens, `value` and `checked` are set) and children; texts stay texts.
 * @param {string} tag
 * @param {Record<string, any>} attrs
 * @param {...(Node | string | null | boolean | Array)} children
 * @returns {HTMLElement}
 */
export function h(tag, attrs = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "selected") el[name] = value;
    else el.setAttribute(name, value === true ? "" : value);
  }
  el.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return el;
}

/**
 * An icon of the page's sprite.
 * @param {string} name
 * @param {string} extra more classes
 * @returns {SVGElement}
 */
export function icon(name, extra = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `i ${extra}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/**
 * A list to choose from; a value that is not among the options is shown too.
 * @param {{value: string, label: string, title?: string, isName?: boolean}[]} options a name is shown as it is
 * @param {string} value
 * @param {Record<string, any>} attrs
 * @returns {HTMLElement}
 */
export function select(options, value, attrs = {}) {
  const known = options.some((option) => option.value === value);
  const all = known ? options : [{ value, label: attrs.missing ?? String(value) }, ...options];
  const drawn = ({ value: is, label, title, isName }) =>
    h("option", { value: is, selected: is === value, title, translate: isName ? "no" : null }, label);
  const groups = [...new Set(all.map((o) => o.group))];
  const parts = groups.map((group) => {
    const mine = all.filter((o) => o.group === group).map(drawn);
    return group ? h("optgroup", { label: group }, mine) : mine;
  });
  return h("select", { ...attrs, missing: null }, parts.flat());
}

/**
 * Calls `fn` once nobody has asked for it for so many milliseconds.
 * @param {number} wait
 * @param {(...args: any[]) => void} fn
 * @returns {(...args: any[]) => void}
 */
export function debounce(wait, fn) {
  let timer = null;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...args), wait);
  };
}

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// Draws a part of the page anew; the control that had the focus has it again, known by what it is, else by its place.
const CONTROLS = "button, select, input, textarea, a[href], [tabindex='0']";
/**
 * What a control is known by when it is drawn anew.
 * @param {HTMLElement} el
 * @returns {string}
 */
export const sign = (el) => `${el.tagName} ${el.id} ${el.name ?? ""} ${JSON.stringify(el.dataset)}`;
/**
 * Draws a part of the page anew; the control that had the focus has it again, by what it is, else by its place.
 * @param {HTMLElement} box
 * @param {() => void} draw
 */
export function keepFocus(box, draw) {
  const had = document.activeElement,
    controls = $$(CONTROLS, box),
    place = controls.indexOf(had);
  const same = place < 0 ? "" : sign(had);
  draw();
  if (place < 0) return;
  if (document.activeElement === had) return;
  const now = $$(CONTROLS, box).filter((el) => !el.disabled && el.offsetParent);
  focusAs(now.find((el) => sign(el) === same) ?? now[Math.min(place, now.length - 1)], had);
}

/**
 * Gives the focus to what has taken the place of a control, with what was selected in it where it says the same.
 * @param {HTMLElement | undefined} el
 * @param {HTMLElement} had
 */
export function focusAs(el, had) {
  el?.focus({ preventScroll: true });
  const { selectionStart: from, selectionEnd: to, selectionDirection: way } = had;
  const isText = el?.tagName === had.tagName && el.type === had.type && typeof from === "number";
  if (isText && el.value === had.value) el.setSelectionRange(from, to, way);
}

/**
 * Puts these into an element and nothing else; one that is there stays where it is, with the focus and what is typed.
 * @param {HTMLElement} box
 * @param {Node[]} nodes
 */
export function arrange(box, nodes) {
  const wanted = new Set(nodes);
  for (const el of [...box.childNodes]) if (!wanted.has(el)) el.remove();
  nodes.forEach((el, n) => {
    if (box.childNodes[n] !== el) box.insertBefore(el, box.childNodes[n] ?? null);
  });
}

/**
 * Draws a row of controls anew; the one that had the focus has it again, by its place.
 * @param {HTMLElement} box
 * @param {() => void} draw
 */
export function keepPlace(box, draw) {
  const place = $$("button, select, input", box).indexOf(document.activeElement);
  draw();
  if (place < 0) return;
  const controls = $$("button, select, input", box);
  const next =
    controls[place] && !controls[place].disabled ? controls[place] : controls.find((el) => !el.disabled && !el.hidden);
  next?.focus({ preventScroll: true });
}
