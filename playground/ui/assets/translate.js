// A text as it is shown to a reader of Chinese: found in the catalogue, made by its template, or piece by piece. As
// playground/translation/shown.py does it for the command line; tests hold both to one table.

const HOLE = /\{([a-z_][a-z0-9_]*)\}|<(\/?)(\d+)>/g;
const WORD = /[A-Za-z]+/g;
const WORDS = /[A-Za-z]{2}/; // of "p < 0.001" and "k = 3" no word is left to say
const NUMBER = /^[\s\d.,:%×+−–~≈<>≥≤/-]*$/;
const MEASURE = /^[\d.,]+ [kKMGT]?i?B$/;
const COUNT = /^\d[\d.,]* /;
const STANDS_FOR = /\{\{ [\p{L}\d_.]+ \}\}/u; // a variable
const LETTER = new RegExp(`^(?:[A-Z]′?|${STANDS_FOR.source})$`, "u"); // a variant's name, or what stands for a variable
const CJK = "\u3000-\u303f\u3400-\u9fff\uff00-\uffef“”";
const AFTER = new RegExp(`[${CJK}] $`), BEFORE = new RegExp(`^ [${CJK}]`);
const STARTS = new RegExp(`^[${CJK}]`), ENDS = new RegExp(`[${CJK}]$`);
const HOLDS_ONE = /[A-Za-z].*[.?!]$|: [A-Z][a-z]* [a-z]/s;
const SEVERAL = /[a-z]{2}[.?!] [A-Z]/;
const ENDS_HAN = /[\u3400-\u9fff]$/, HAS_HAN_END = /^[\u3400-\u9fff]|[\u3400-\u9fff]$/;
const CHANGE = /: (?:.* → |added |removed )/;
const SENTENCES = /(?<=[.?!])\s+(?=[^a-z])|(?<=[。？！])\s+/;
const SEPARATORS = [[" · ", " · "], ["; ", "；"], [": ", "："], [", ", "，"]];
const END = { ".": "。", ":": "：", ",": "，", ";": "；", "?": "？", "!": "！", "…": "…" };
const NAME = /^(?:(?:"[^"]*"|“[^”]*”|[^\s"“”]+)(?: [\d.,]+(?: ?%)?)?|[\d\s=]+)$/; // one of several names: "A 3"
const VARIANTS = /^[A-Z]′?(?: [\d.,]+(?: ?%)?)?(?:, [A-Z]′?(?: [\d.,]+(?: ?%)?)?)+$/; // "A 3, B 1"
const CODES = /^(?=\S*[A-Za-z])[^\s,]*[.:/@_][^\s,]*(?:, (?=\S*[A-Za-z])[^\s,]*[.:/@_][^\s,]*)+$/; // files, models
const IN_QUOTES = /^"[^"]*"(?:(?:, | and | or )"[^"]*")*$/;
const SAYS_THE_SAME = [NUMBER, MEASURE, new RegExp(`^${STANDS_FOR.source}$`, "u"), IN_QUOTES]; // in both languages
const SPACED = new RegExp(`(?<=[，。；：？！、）”]) +(?=[${CJK}])`, "g");
const ONE_OF = /(?:"[^"]*"|“[^”]*”|[^,]|,(?! ))+/g;
const WORD_OR_NUMBER = /^(?:[^\s,;:(（]|,(?=\d))*/;
const THING = /^[A-Z]\S*(?: [A-Z\d(]\S*)+$/; // what its maker calls a thing: "CUDA0 (NVIDIA H100)"
const MORE = / and ([\d,]+) more$/;
const SHORT = 5, DEEPEST = 5, MOST_KEPT = 20_000;

/** Whether a text may have to be changed for a reader of Chinese: it has letters, or a space behind a Chinese mark. */
export const TOLD = /[A-Za-z%]|[，。；：？！、）”] /;

function piecesOf(text) {
  const pieces = [];
  let at = 0;
  for (const hole of text.matchAll(HOLE)) {
    const before = text.slice(at, hole.index);
    pieces.push({ before, name: hole[1] ?? "", tag: hole[3] ?? "", closes: Boolean(hole[2]) });
    at = hole.index + hole[0].length;
  }
  return { pieces, rest: text.slice(at) };
}

const wordsOf = (text) => text.match(WORD) ?? [];
const OPENS = /<(?=\d+>)\d+/g, CLOSES = /<\/\d+/g;
const tagsOf = (text, tags) => (text.match(tags) ?? []).map((tag) => tag.replace(/\D/g, "")).sort().join();
const GOES_ON = /[.?!]<\/\d+>\s*[^a-z\s]/;
// It holds a part of an element: its beginning without its end, or its last sentence and what follows.
const isTorn = (text) =>
  text.includes("<") && (tagsOf(text, OPENS) !== tagsOf(text, CLOSES) || GOES_ON.test(text));
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");

class Template {
  constructor(text, chinese) {
    Object.assign(this, { text, chinese, ...piecesOf(text) });
    const literals = [...this.pieces.map((piece) => piece.before), this.rest];
    this.letters = literals.flatMap(wordsOf).join("").length;
    // Only whole words: a hole beside one may make it longer.
    this.keys = new Set(text.replace(HOLE, "\0").match(/(?<![A-Za-z\0])[A-Za-z]+(?![A-Za-z\0])/g) ?? []);
    this.starts = this.pieces[0].before;
    this.quoted = new Set();
    this.pieces.forEach(({ before, name }, n) => {
      const isCode = /["“`]$/.test(before) && /^["”`]/.test(literals[n + 1]);
      if (name && (isCode || before.endsWith("--"))) this.quoted.add(name);
    });
    // Holes with another right behind them that stands elsewhere in the Chinese: they hold one word or number.
    const beside = [...text.matchAll(/\{([a-z_0-9]+)\}(?=(\{[a-z_0-9]+\}))/g)];
    this.parted = new Set(beside.filter(([a, , b]) => !chinese.includes(a + b)).map(([, name]) => name));
    const listed = this.pieces.filter(({ name, before }) => name && before.endsWith(": "));
    this.listed = new Set(listed.map(({ name }) => name));
    this.isSeveral = SENTENCES.test(text);
    this.hasTags = this.pieces.some((piece) => piece.tag);
  }

  /** What a text of it looks like, where it has tags; made when it is first looked for. */
  get tagged() {
    if (this.form) return this.form;
    let written = "";
    const seen = new Set();
    this.pieces.forEach(({ before, name, tag, closes }, n) => {
      written += escaped(before);
      if (name) written += `(?<p${n}>.*?)`;
      else if (closes || seen.has(tag)) written += `<${closes ? "/" : ""}\\k<t${tag}>>`;
      else written += `<(?<t${tag}>\\d+)>`;
      if (tag) seen.add(tag);
    });
    return (this.form = new RegExp(`^${written}${escaped(this.rest)}$`, "s"));
  }

  values(text) {
    const { pieces, rest } = this;
    const found = {};
    if (this.hasTags) {
      const match = this.tagged.exec(text);
      if (!match) return null;
      pieces.forEach(({ name, tag }, n) => (found[name || tag] = match.groups[name ? `p${n}` : `t${tag}`]));
      return found;
    }
    // Each literal as early as possible, the last at the end: in one pass.
    let at = pieces[0].before.length;
    for (let n = 0; n < pieces.length; n++) {
      const isLast = n === pieces.length - 1;
      const then = isLast ? rest : pieces[n + 1].before;
      let end = isLast ? text.length - then.length : then ? text.indexOf(then, at) : at;
      if (!then && !isLast && this.parted.has(pieces[n].name)) end += WORD_OR_NUMBER.exec(text.slice(at))[0].length;
      if (end < at) return null;
      found[pieces[n].name] = text.slice(at, end);
      at = end + then.length;
    }
    return found;
  }
}

/**
 * What looks texts up in a catalogue.
 * @param {Record<string, string>} catalogue English to Chinese
 * @param {Record<"ours" | "listed" | "names" | "counted" | "free" | "lists" | "spoken", string[]>} holes what
 *   placeholders stand for, as shown.py says it: a name of ours, names one after the other, a name, a number, more
 *   words than a template has, several names or words, or what somebody says
 * @returns {(text: string) => string}
 */
export function makeTranslation(catalogue, holes) {
  const OURS = new Set(holes.ours), LISTED = new Set(holes.listed);
  const LISTS = new Set(holes.lists), SPOKEN = new Set(holes.spoken);
  const NAMES = new Set(holes.names), COUNTED = new Set(holes.counted), FREE = new Set(holes.free);
  // Pieces of sentences without the comma that joins them, too: texts are cut there.
  const cut = Object.entries(catalogue)
    .map((row) => row.map((text) => text.replace(/^[ ,;:，；：]+|[ ,;:，；：]+$/g, "")))
    .filter(([text, chinese]) => chinese && !(text in catalogue));
  const exact = new Map([...cut, ...Object.entries(catalogue)]);
  const hasHole = (text) => text.search(HOLE) >= 0;
  const templates = [...exact].filter(([text]) => hasHole(text)).map(([text, chinese]) => new Template(text, chinese));
  // First what has the most letters and the fewest holes, then what counts: that fits the least else.
  const counts = ({ pieces }) => pieces.some(({ name }) => COUNTED.has(name.replace(/\d+$/, "")));
  for (const template of templates) template.isFree = counts(template) ? 0 : 1;
  const orderOf = (a, b) => b.letters - a.letters || a.pieces.length - b.pieces.length || a.isFree - b.isFree;
  templates.sort((a, b) => orderOf(a, b) || (a.text < b.text ? -1 : 1));
  const often = new Map();
  for (const template of templates) for (const key of template.keys) often.set(key, (often.get(key) ?? 0) + 1);
  const byWord = new Map();
  templates.forEach((template, place) => {
    template.place = place;
    const rarest = [...template.keys].sort((a, b) => often.get(a) - often.get(b) || (a < b ? -1 : 1))[0] ?? "";
    if (!byWord.has(rarest)) byWord.set(rarest, []);
    byWord.get(rarest).push(template);
  });

  // A message by itself, or a count of something: what a short template may be filled with.
  const isKnown = (value) => exact.has(value.trim()) || exact.has(value.trim().replace(COUNT, "{n} "));

  // A number of something: "3 rows", and not a word that is only known.
  const isCount = (value) => COUNT.test(value.trim()) && isKnown(value);

  // With `isWhole` null also when a part of it is not known.
  function known(text, depth, isWhole = false) {
    if (depth > DEEPEST || text.search(WORD) < 0) return number(text);
    if (VARIANTS.test(text)) return (number(text) ?? text).replaceAll(", ", "、");
    if (CODES.test(text)) return text.replaceAll(", ", "、");
    const same = exactly(text);
    if (same !== undefined) return same;
    const parts = text.includes("; ") ? text.split("; ").map((part) => part && exactly(part)) : [];
    if (parts.length && parts.every(Boolean)) return parts.join("；");
    const pieces = text.split(SENTENCES);
    let found = [];
    if (pieces.length > 1) {
      // A hole of one sentence must not swallow the next: only a message of several goes before them.
      const several = byTemplates(text, depth, true);
      if (several) return several;
      found = pieces.map((piece) => known(piece, depth + 1, isWhole));
      const last = pieces.at(-1);
      if (!(last.at(-1) in END)) found[found.length - 1] = endCut(last, depth) || found.at(-1);
      if (found.every(Boolean)) return sentences(pieces, found);
      if (isWhole || pieces.some(isTorn)) found = []; // an element goes on: each text is shown by itself
    }
    if (text.includes("; ") && CHANGE.test(text)) {
      // Changes, one after the other: a hole of one must not swallow the next.
      const parts = text.split("; "), told = parts.map((part) => known(part, depth + 1));
      if (told.some(Boolean) && parts.every((part, n) => told[n] || CHANGE.test(part)))
        return parts.map((part, n) => told[n] || part).join("；");
    }
    const whole = byTemplates(text, depth) || withoutEnd(text, depth);
    return whole || (found.some(Boolean) ? sentences(pieces, found) : separated(text, depth, isWhole));
  }

  function formsOf(text) {
    const first = text[0], other = first === first.toLowerCase() ? first.toUpperCase() : first.toLowerCase();
    return [text, other + text.slice(1)];
  }

  const exactly = (text) => exact.get(formsOf(text).find((form) => exact.has(form) && !hasHole(form)));

  // By one message with holes; where they shall be several, only by one that is several sentences itself.
  function byTemplates(text, depth, areSeveral = false) {
    const [form, other] = formsOf(text);
    return byTemplate(form, depth, areSeveral) ?? byTemplate(other, depth, areSeveral);
  }

  function byTemplate(text, depth, areSeveral) {
    const words = new Set(wordsOf(text));
    const fits = ({ starts, rest, keys, isSeveral }) =>
      (isSeveral || !areSeveral) &&
      text.startsWith(starts) && text.endsWith(rest) && [...keys].every((key) => words.has(key));
    const candidates = [...words, ""].flatMap((word) => (byWord.get(word) ?? []).filter(fits));
    candidates.sort((a, b) => a.place - b.place);
    next: for (const template of candidates) {
      const values = template.values(text);
      if (!values) continue;
      const shown = {}, own = new Set();
      for (const [name, value] of Object.entries(values)) {
        const isTag = /^\d+$/.test(name);
        const noun = name.replace(/\d+$/, "");
        // What is quoted, or named, ends or begins there.
        if ((noun === "quote" && value.includes('": ')) || (NAMES.has(noun) && value.includes(': "'))) continue next;
        if (isTorn(value)) continue next;
        // No second one stands behind it.
        const isNumber = NUMBER.test(value) && !value.includes(", ");
        if (COUNTED.has(noun) && !isTag && !isNumber && !isCount(value)) continue next;
        const isName = template.quoted.has(name) || (NAMES.has(name) && /^[A-Z]/.test(template.text));
        const isShort = template.letters < SHORT && !isName;
        const isLabel = template.listed.has(name) && template.starts !== "";
        const isSure = isTag || NUMBER.test(value) || LETTER.test(value) || IN_QUOTES.test(value) || isKnown(value);
        if (isShort && !isSure && !isLabel) continue next;
        const isSaid = FREE.has(noun) || template.quoted.has(name) || SAYS_THE_SAME.some((each) => each.test(value));
        const isWhole = !isSaid && !template.listed.has(name) && !SPOKEN.has(noun);
        const words = isTag ? null : filled(template, name, value, depth, isWhole);
        if (isShort && words === null && !isSure) continue next;
        const isForeign = words === null && !isSaid;
        const isSentence = value.trim().includes(" ") && WORDS.test(value);
        if (isForeign && isSentence && !template.listed.has(name)) continue next;
        // The end of the sentence is no part of what stands in it.
        if (words === null && !isTag && value.at(-1) in END && text.endsWith(value)) continue next;
        // Nor is a sentence that follows.
        const isBare = !isTag && !template.listed.has(name) && !template.quoted.has(name);
        if (isWhole && !isTag && HOLDS_ONE.test(value)) continue next;
        if (isBare && NAMES.has(noun) && SEVERAL.test(value)) continue next;
        shown[name] = words ?? value;
        if (words === null && !isTag && HAS_HAN_END.test(value)) own.add(name);
      }
      return written(template, shown, own);
    }
    return null;
  }

  function filled(template, name, value, depth, isWhole) {
    if (OURS.has(name) || (name === "file" && value.startsWith("The "))) return exact.get(value) ?? null;
    const noun = name.replace(/\d+$/, "");
    if (value === "none" && LISTED.has(noun)) return exact.get(value) ?? null;
    if (template.quoted.has(name) || NAMES.has(noun)) return null;
    if (LISTS.has(noun) || (template.listed.has(name) && !SPOKEN.has(noun))) {
      const several = listedValues(value.trim(), depth);
      if (several !== null) return several;
    }
    const tag = /^(<\d+>)(.*)(<\/\d+>)$/s.exec(value), bare = tag ? tag[2] : value.trim();
    if (SPOKEN.has(noun) && !tag && bare.includes(" ")) {
      const cut = endCut(bare, depth);
      if (cut) return cut;
    }
    const shown = bare ? known(bare, depth + 1, isWhole) : null;
    return shown === null ? (tag ? value : null) : value.replace(bare, () => shown);
  }

  // Several names or words as Chinese lists them; null where it is no list of such.
  function listedValues(text, depth) {
    if (!text.includes(", ") || exact.has(text)) return null;
    const more = MORE.exec(text), pieces = text.replace(MORE, "").match(ONE_OF).map((one) => one.trim());
    const found = pieces.map((piece) => known(piece, depth + 1));
    if (pieces.some((piece, n) => !found[n] && !NAME.test(piece))) return null;
    const said = pieces.map((piece, n) => found[n] || quoted(piece)).join("、");
    return more ? `${said} 及另外 ${more[1]} 个` : said;
  }

  // Sentences of ours, known as a whole, whose full stop was left out to stand in another: a reason behind a colon.
  function endCut(text, depth) {
    if (exactly(text) !== undefined) return null;
    const isCut = !(text.at(-1) in END), whole = known(isCut ? `${text}.` : text, depth + 1, true);
    return isCut ? whole?.replace(/。$/, "") ?? null : whole;
  }

  function withoutEnd(text, depth) {
    if (text.startsWith("(") && text.endsWith(")") && !text.slice(1).includes("(")) {
      const inner = known(text.slice(1, -1), depth + 1);
      return inner ? `（${inner}）` : null;
    }
    const end = text.at(-1);
    if (!(end in END)) return null;
    const bare = text.slice(0, -1).trimEnd();
    const whole = bare ? exactly(bare) || byTemplates(bare, depth) : null;
    const inner = whole || (bare.endsWith(")") ? withoutEnd(bare, depth) : null);
    return inner ? inner + END[end] : null;
  }

  // One after another, those that are known in Chinese; a space only where Latin letters meet.
  function sentences(pieces, found) {
    let all = "";
    pieces.forEach((piece, n) => (all += (!all || ENDS.test(all) ? "" : " ") + (found[n] || piece)));
    return all;
  }

  function separated(text, depth, isWhole) {
    for (const [separator, shown] of SEPARATORS) {
      // Where there are elements each text of the line is shown by itself.
      if (!text.includes(separator) || /<\d/.test(text)) continue;
      const pieces = text.split(separator);
      const found = pieces.map((piece) => (piece ? known(piece, depth + 1, isWhole) : ""));
      // Between commas, and before a colon, only a word, or a name, may be somebody's: else it is a sentence of his.
      const isForeign = (piece) => piece.includes(" ") && piece.search(isWhole ? WORDS : WORD) >= 0;
      const isThing = (piece) => separator === ", " && THING.test(piece);
      const hasForeign = pieces.some((piece, n) => found[n] === null && isForeign(piece) && !isThing(piece));
      if (!found.some(Boolean) || ((isWhole || separator === ", ") && hasForeign)) continue;
      if (separator === ": " && found.at(-1) === null && !CHANGE.test(text)) continue;
      let all = found[0] || pieces[0];
      for (let n = 1; n < pieces.length; n++)
        all += (found[n] || found[n - 1] || separator === ", " ? shown : separator) + (found[n] || pieces[n]);
      return all;
    }
    return null;
  }

  function number(text) {
    const shown = text.replace(/(\d) %/g, "$1%");
    return shown === text ? null : shown;
  }

  // Names as Chinese lists them: "A", "B" is “A”、“B”, and 1 and 2 is 1 和 2.
  const quoted = (text) => text.replace(/"([^"]*)"/g, "“$1”");
  const listed = (names) =>
    quoted(names).replaceAll(", ", "、").replace(MORE, " 及另外 $1 个")
      .replace(/”( and | or )“/g, (_, said) => `”${said === " and " ? "和" : "或"}“`)
      .replace(/^(\S+) and (\S+)$/, "$1 和 $2");

  // What is own, a name that nobody translated, keeps the gaps around it: 无法读取 没有.csv.
  function written(template, values, own) {
    const { pieces, rest } = piecesOf(template.chinese);
    let all = "", isOwn = false;
    const add = (text) => (all += !isOwn && ENDS.test(all) && BEFORE.test(text) ? text.slice(1) : text);
    for (const { before, name, tag, closes } of pieces) {
      add(before);
      isOwn = own.has(name);
      if (tag) {
        all += `<${closes ? "/" : ""}${values[tag]}>`;
        continue;
      }
      let value = number(values[name]) ?? values[name];
      const noun = name.replace(/\d+$/, "");
      if (LISTED.has(noun)) value = listed(value);
      else if (noun === "quote") value = value.replace(/^"(.*)"$/, "“$1”");
      else if (IN_QUOTES.test(value)) value = listed(value);
      if (!isOwn && AFTER.test(all) && STARTS.test(value)) all = all.slice(0, -1);
      if (ENDS_HAN.test(all) && /^[A-Za-z\d]/.test(value)) all += " ";
      all += AFTER.test(value) ? value.slice(0, -1) : value;
    }
    return add(rest);
  }

  const keptOf = new Map();
  return (text) => {
    const bare = text.trim();
    if (!TOLD.test(bare)) return text;
    let shown = keptOf.get(bare);
    if (shown === undefined) {
      shown = (known(bare.replace(/\s+/g, " "), 0) ?? bare).replace(SPACED, "");
      if (keptOf.size > MOST_KEPT) keptOf.clear();
      keptOf.set(bare, shown);
    }
    const said = text.replace(bare, () => shown);
    // A mark as wide as a character has its gap in itself.
    return shown !== bare && /^[（，。；：、？！]/.test(shown) ? said.trimStart() : said;
  };
}
