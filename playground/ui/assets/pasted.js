// A block of cells of the clipboard: of a spreadsheet (tabs), or CSV text. A cell in quotes may hold line breaks.
//
//   block('a\tb\n"two\nlines"\td')  →  [["a", "b"], ["two\nlines", "d"]]

/**
 * The rows of a pasted text, null when it is a text and no table.
 * @param {string} text
 * @param {boolean} isTable whether the clipboard says that it came from one
 * @returns {string[][] | null}
 */
export function block(text, isTable = false) {
  const plain = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  if (isTable || plain.includes("\t")) return records(plain, "\t");
  if (!plain.includes("\n")) return null;
  for (const mark of [",", ";"]) {
    const rows = records(plain, mark);
    const width = rows[0].length;
    // Prose has commas too, with a space after them or at the ends of its lines; a table has as many in each row.
    const isEven = rows.length > 1 && width > 1 && rows.every((row) => row.length === width);
    if (isEven && !/[,;] /.test(text.replace(/"[^"]*"/g, "")) && rows.some((row) => row.at(-1) !== "")) return rows;
  }
  return null;
}

/**
 * Whether the first line of a text names columns and others are parted as it is: sentences in its cells do not matter.
 * @param {string} text
 */
export function hasHead(text) {
  const [head, ...rest] = text.split(/\r\n?|\n/);
  const lines = [head, ...rest].filter((line) => line.trim());
  if (["，", "；", "｜"].some((mark) => isWideTable(lines, mark))) return true;
  return [",", ";", "|"].some((mark) => {
    const [names] = records(head, mark);
    const isNamed = names.length > 1 && names.every((name) => /^[\p{L}\p{N}_](.{0,58}[^\s.?!])?$/u.test(name));
    return isNamed && rest.some((line) => line.includes(mark));
  });
}

// Marks that Chinese sentences have too part a table only where every line has as many, and none ends as a sentence.
function isWideTable(lines, mark) {
  const [head, ...rest] = lines.map((line) => line.trim().split(mark));
  const isNamed = head?.length > 1 && head.every((name) => name && name.length <= 8);
  const isEven = rest.length > 0 && rest.every((cells) => cells.length === head.length);
  return isNamed && isEven && !lines.some((line) => /[。！？…]\s*$/.test(line));
}

function records(text, mark) {
  const rows = [[]];
  let cell = "",
    at = 0;
  const end = () => {
    rows.at(-1).push(cell);
    cell = "";
  };
  while (at < text.length) {
    const quoted = cell === "" && text[at] === '"' ? quotedCell(text, at, mark) : null;
    if (quoted) {
      [cell, at] = quoted;
    } else if (text[at] === mark) {
      end();
      at++;
    } else if (text[at] === "\n") {
      end();
      rows.push([]);
      at++;
    } else cell += text[at++];
  }
  end();
  return rows;
}

// A quote that is not closed before the end of a cell is one that somebody wrote.
function quotedCell(text, start, mark) {
  let cell = "";
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] !== '"') cell += text[at];
    else if (text[at + 1] === '"') {
      cell += '"';
      at++;
    } else {
      const next = text[at + 1];
      return next === undefined || next === mark || next === "\n" ? [cell, at + 1] : null;
    }
  }
  return null;
}
