// What all columns are run with, and where a column differs from it.
//
//   page.form.common = {sampling, thinking, top_logprobs, samples}; null until somebody sets a value: what most have
//   exceptions(1) = [{key: "temperature", words: "temperature 0.9"}]

import { page } from "./store.js";

const OWN = "Own values";
export const MOST_SAMPLES = 20;

/** What a person should know who asks for samples without chance. */
export const GREEDY = "At temperature 0 every sample is the same answer.";

/** Kept when a preset is chosen: a preset is a distribution; length, seed and stop texts are a choice of their own. */
const KEPT = ["seed", "max_tokens", "stop"];
const BESIDE = ["thinking", "top_logprobs", "samples"];
const PLAIN = { thinking: false, top_logprobs: null, samples: 1 };

/** A setting in words, by its key. */
export const WORDS = {
  temperature: (v) => (v === 0 ? "temperature 0 (greedy)" : `temperature ${v}`),
  top_p: (v) => `top-p ${v}`,
  top_k: (v) => (v ? `top-k ${v}` : "top-k off"),
  min_p: (v) => `min-p ${v}`,
  repetition_penalty: (v) => `repetition penalty ${v}`,
  presence_penalty: (v) => `presence ${v}`,
  frequency_penalty: (v) => `frequency ${v}`,
  seed: (v) => (v === null ? "new seed" : `seed ${v}`),
  max_tokens: (v) => `max ${v.toLocaleString("en")}`,
  stop: (v) => (v.length ? `${v.length} stop` : "no stop texts"),
  thinking: (v) => (v ? "thinks first" : "no thinking"),
  top_logprobs: (v) => (v === null ? "no probabilities" : "probabilities"),
  samples: (v) => `${v} sample${v === 1 ? "" : "s"}`,
};
const ALWAYS = ["temperature", "seed", "max_tokens"];
const OFF = {
  top_p: 1,
  top_k: 0,
  min_p: 0,
  repetition_penalty: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
};

const columns = () => page.form.columns;
const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/**
 * A setting of a column or of what is common.
 * @param {object} from
 * @param {string} key
 * @returns {any}
 */
export const valueOf = (from, key) => (BESIDE.includes(key) ? (from[key] ?? PLAIN[key]) : from.sampling[key]);

function put(into, key, value) {
  if (BESIDE.includes(key)) into[key] = value;
  else into.sampling = { ...into.sampling, [key]: value };
  if ("preset" in into) into.preset = presetOf(into.sampling);
}

/**
 * The preset with this distribution, else "Own values".
 * @param {Sampling} sampling
 * @returns {string}
 */
export function presetOf(sampling) {
  const has = ([, preset]) =>
    Object.keys(preset).every((key) => KEPT.includes(key) || same(preset[key], sampling[key]));
  return Object.entries(page.presets).find(has)?.[0] ?? OWN;
}

// What most columns have, of as many the first.
function most() {
  const all = columns().map((column) => {
    const beside = Object.fromEntries(BESIDE.map((key) => [key, valueOf(column, key)]));
    return { sampling: structuredClone(column.sampling), ...beside };
  });
  const votes = all.map((one) => all.filter((other) => same(one, other)).length);
  return all[votes.indexOf(Math.max(...votes))];
}

export const common = () => page.form.common ?? most();

/**
 * Where a column differs from what is common.
 * @param {number} i
 * @returns {{key: string, words: string}[]}
 */
export function exceptions(i) {
  const column = columns()[i],
    all = common();
  const keys = [...Object.keys(WORDS)].filter((key) => !same(valueOf(column, key), valueOf(all, key)));
  return keys.map((key) => ({ key, words: WORDS[key](valueOf(column, key)) }));
}

/**
 * Sets a value of one column, or (null) of all that have no other.
 * @param {number | null} i
 * @param {string} key
 * @param {any} value
 */
export function setValue(i, key, value) {
  const all = (page.form.common ??= most());
  if (i !== null) {
    put(columns()[i], key, value);
    return;
  }
  const before = valueOf(all, key);
  for (const column of columns()) if (same(valueOf(column, key), before)) put(column, key, value);
  put(all, key, value);
}

/**
 * A column, or (null) all of them, takes the distribution of a preset.
 * @param {number | null} i
 * @param {string} name
 */
export function usePreset(i, name) {
  for (const [key, value] of Object.entries(page.presets[name])) if (!KEPT.includes(key)) setValue(i, key, value);
}

/**
 * A column takes what is common again.
 * @param {number} i
 * @param {string} key
 */
export const dropException = (i, key) => setValue(i, key, structuredClone(valueOf(common(), key)));

/**
 * More max tokens: for the column alone where it is an exception, else for all.
 * @param {number} i
 * @param {number} limit
 */
export function raiseTokens(i, limit) {
  const alone = exceptions(i).some(({ key }) => key === "max_tokens");
  setValue(alone ? i : null, "max_tokens", limit);
}

/**
 * Settings in words, such as "temperature 0.7, top-p 0.9, new seed, max 256".
 * @param {object} of a column, or what is common
 * @returns {string}
 */
export function summary(of) {
  const { sampling } = of;
  const said = Object.keys(WORDS).filter((key) => {
    if (BESIDE.includes(key)) return !same(valueOf(of, key), PLAIN[key]);
    return ALWAYS.includes(key) || (key === "stop" ? sampling.stop.length > 0 : sampling[key] !== OFF[key]);
  });
  return said.map((key) => WORDS[key](valueOf(of, key))).join(", ");
}
