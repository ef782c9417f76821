// What a column's prompt is called: "shared prompt", "own text", "Chain of thought", "Refund@3", "Refund@production".

/** @typedef {{pattern: string, prompt_id: string, number: number, at: string, name: string, edited: boolean}} Source */

/**
 * The name of a column's prompt.
 * @param {object} column of the form
 * @returns {string}
 */
export function nameOf({ own, source }) {
  if (!own) return "shared prompt";
  if (!source) return "own text";
  const at = source.at || source.number;
  return `${source.name}${at ? `@${at}` : ""}${source.edited ? ", edited" : ""}`;
}

/**
 * Where a column's prompt comes from, in a sentence.
 * @param {object} column of the form
 * @returns {string}
 */
export function sourceWords({ own, source }) {
  if (!own) return "The prompt of the editor above. Press to choose another.";
  if (!source) return "A text of this column's own. Press to choose another prompt.";
  const from = source.pattern ? "a pattern of the library" : `version ${source.number} of a saved prompt`;
  return `${source.name}: ${from}${source.at ? `, chosen as ${source.at}` : ""}${source.edited ? ", edited here" : ""}`;
}
