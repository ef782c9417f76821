// The value of a variable whose type becomes another: shown as far as the new type can, and not lost where it cannot.
//
//   form.sources.word = {value: "abc", shown: null}   // what "abc" looks like as a number

import { isObject, nestedValue } from "./nested.js";
import { page } from "./store.js";

const isSame = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
const lines = (value) => (typeof value === "string" ? value.split("\n").filter((line) => line.trim()) : []);

/**
 * Turns a variable's value into another type. One that was turned before, and not changed since, is made of what it was
 * at first: so going to another type and back changes nothing.
 * @param {string} name
 * @param {string} kind
 * @param {string} key the first field of a row of examples
 */
export function retype(name, kind, key) {
  const sources = (page.form.sources ??= {}),
    { values } = page.form;
  const source = sources[name];
  const value = source && isSame(source.shown, values[name]) ? source.value : values[name];
  const shown = valueAs(kind, value, key);
  values[name] = shown;
  if (isSame(shown, value)) delete sources[name];
  // A copy: the field changes what it shows in place.
  else sources[name] = { value: value ?? null, shown: structuredClone(shown) };
}

// What a field of another type cannot show is not sent either.
function valueAs(kind, value, key) {
  if (kind === "boolean") return value === true;
  if (kind === "number")
    return value === "" || value === null || typeof value === "boolean" || !Number.isFinite(Number(value))
      ? null
      : Number(value);
  if (kind === "examples" || kind === "list") {
    const read = nestedValue(kind, value);
    if (Array.isArray(read)) return read;
    return kind === "list" ? lines(value) : lines(value).map((line) => ({ [key]: line }));
  }
  if (kind === "object") {
    const read = nestedValue(kind, value);
    return isObject(read) ? read : null;
  }
  return value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}
