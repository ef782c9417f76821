// Building the page's own pieces. Text always goes in as text, never as markup.

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

export function icon(name, extra = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `i ${extra}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export function select(options, value, attrs = {}) {
  const known = options.some((option) => option.value === value);
  const all = known ? options : [{ value, label: attrs.missing ?? String(value) }, ...options];
  return h(
    "select",
    { ...attrs, missing: null },
    all.map((o) => h("option", { value: o.value, selected: o.value === value, title: o.title }, o.label)),
  );
}

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
const CONTROLS = "button, select, input, textarea, a[href]";
export const sign = (el) => `${el.tagName} ${el.id} ${el.name ?? ""} ${JSON.stringify(el.dataset)}`;
export function keepFocus(box, draw) {
  const had = document.activeElement,
    controls = $$(CONTROLS, box),
    place = controls.indexOf(had);
  const same = place < 0 ? "" : sign(had);
  draw();
  if (place < 0) return;
  const now = $$(CONTROLS, box).filter((el) => !el.disabled && el.offsetParent);
  (now.find((el) => sign(el) === same) ?? now[Math.min(place, now.length - 1)])?.focus({ preventScroll: true });
}

// Draws a row of controls anew; the one that had the focus has it again, by its place.
export function keepPlace(box, draw) {
  const place = $$("button, select, input", box).indexOf(document.activeElement);
  draw();
  if (place < 0) return;
  const controls = $$("button, select, input", box);
  const next =
    controls[place] && !controls[place].disabled ? controls[place] : controls.find((el) => !el.disabled && !el.hidden);
  next?.focus({ preventScroll: true });
}
