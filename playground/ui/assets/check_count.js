// Counts that stand in several places and must be the same in all of them.

/**
 * How many checks look at an answer: those of the prompt, and its schema unless a check asks for the same.
 * @param {{checks: {scorer: string, options: object}[], output_schema: object | null} | undefined} prompt
 * @returns {number}
 */
export function checksOf(prompt) {
  if (!prompt) return 0;
  const schema = prompt.output_schema && JSON.stringify(sorted(prompt.output_schema));
  const asks = ({ scorer, options, negate }) =>
    scorer === "json_schema" && !negate && JSON.stringify(sorted(read(options?.schema))) === schema;
  return prompt.checks.length + (schema && !prompt.checks.some(asks) ? 1 : 0);
}

// A schema may be given as text.
function read(schema) {
  try {
    return typeof schema === "string" ? JSON.parse(schema) : schema;
  } catch {
    return schema;
  }
}

// The keys of an object in one order, whatever order it was written in.
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
