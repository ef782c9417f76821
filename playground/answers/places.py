r"""Where in an answer its result stands: in a box, after "the answer is", after "####", in its last line.

boxed(r"so \boxed{\frac{1}{2}}.")                → r"\frac{1}{2}"
told("Hm. The answer is 5, no: 答案是6。\nBye")   → ["6。", "5, no: 答案是6。"]
"""

from __future__ import annotations

import regex

from playground.answers.chinese import simplified
from playground.answers.late import late

_ADJECTIVE = r"(?:final|correct|right|best|numerical|short|overall|numeric)"
_CUE = late(
    rf"""(?:
      \b(?:the\s|my\s|our\s)?(?:{_ADJECTIVE}\s)*(?:answer|result|solution)\b[*_]{{0,2}}
        (?:\s?\([^()\n]{{1,40}}\))?(?:\s(?:to|of|for)\s[^\n.?!:]{{1,80}}?)?[*_]{{0,2}}
        \s*(?:(?:is|are|was|will\sbe|would\sbe|should\sbe|must\sbe|equals)\b(?!\s+not\s+\S+[.\n])(?:\s+(?:therefore|thus|clearly|simply|just|equal\sto|then|about|approximately|exactly|option|choice))*\s*:?|:|=|→|->|⇒|[-–—]\s)
      | ^\W{{0,4}}(?:{_ADJECTIVE}\s)*(?:answer|result)\W{{0,4}}$
      | ^\s*\#\#\#\#\s
      | <(?:final[_-]?)?(?:answer|result|答案)>
      | (?<![标参])(?:最终|正确|最后|标准|参考|最佳|本题|问题|该题|此题)?的?(?:答案|结果|结论|答复)[*_」】\]”]{{0,2}}
        (?:应该|应当|应|就|便|也|都)?(?:是|为|选|等于|即|:|：|=|→|⇒|->)(?!否(?:正确|存在|合理))\s*[:：]?
      | ^\s*(?:\*\*)?答(?:\*\*)?\s*[:：]
      | [【\[](?:最终|正确|标准|参考)?(?:答案|结论|答)[】\]]\s*[:：]?
      | \b(?:die\santwort\s(?:ist|lautet)|antwort\s*:|la\srespuesta\ses|respuesta\s*:|la\sréponse\sest|réponse\s*:)
      | 答え(?:は|:|：)
    )[*_\s]*""",
    regex.VERBOSE | regex.IGNORECASE | regex.MULTILINE,
)
_WORD = late(r"answer|result|solution|####|答|结果|结论|antwort|respuesta|réponse", regex.IGNORECASE)
_BOX = late(r"\\(?:boxed|fbox)\s*(?:(?P<open>\{)|(?P<bare>[^\s{}\\]))")
_MARKS = late(r"^(?:[#>*_`\s-]|\d+\.\s(?=\S))+|[*_`\s]+$")
MOST_CHARS = 20_000
"""Of a longer answer only the end is looked at."""
_MOST_TOLD = 8
_LINE_CHARS = 1_000


def boxed(text: str) -> str | None:
    r"""What stands in the last \boxed{…}; a box that is never closed ends with its line."""
    match = None
    for match in _BOX.finditer(text):  # noqa: B007 — the last one counts
        pass
    if match is None:
        return None
    if match["bare"]:
        return str(match["bare"])
    depth = 1
    for place in range(match.end(), len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[match.end() : place].strip()
    return text[match.end() :].partition("\n")[0].strip()


def told(text: str) -> list[str]:
    """What stands after each phrase that announces the answer, to the end of its line, the last phrase first.

    After a phrase that ends its line it is the next line that has words.
    """
    found = []
    for match in _cues(text)[-_MOST_TOLD:]:
        line, _, rest = text[match.end() :].partition("\n")
        if not regex.search(r"\w", line):
            line = next((each for each in rest.splitlines() if regex.search(r"\w", each)), "")
        if line.strip():
            found.append(line.strip()[:_LINE_CHARS].partition("</")[0])
    return found[::-1]


def _cues(text: str) -> list[regex.Match[str]]:
    """The phrases, looked for in lines that have a word of one: five times as fast as trying each place."""
    text = simplified(text)
    lines: dict[int, int] = {}
    for word in _WORD.finditer(text):
        begin = text.rfind("\n", 0, word.start()) + 1
        if begin not in lines:
            end = text.find("\n", word.end())
            lines[begin] = len(text) if end < 0 else end
    return [match for begin, end in lines.items() for match in _CUE.finditer(text, begin, end)]


def last_line(text: str) -> str:
    """The last line that has a word, without the marks of Markdown around it; "" for none."""
    lines = [line for line in text.splitlines() if regex.search(r"[\w\p{S}]", line)]
    lines = [line for line in lines if not line.strip().startswith(("```", "~~~"))]
    return unmarked(lines[-1][-_LINE_CHARS:]) if lines else ""


def unmarked(line: str) -> str:
    """A line without the marks of headings, lists, quotations and emphasis at its ends."""
    if regex.fullmatch(r"\s*-\s?[\d.,]+\s*", line):  # a negative number is no item of a list
        return line.strip()
    return _MARKS.sub("", line).strip()


_ENDS = late(r"[。！？!?](?=\s|$|\S)|(?<!\b\p{Lu}\p{Ll}{0,2})(?<!\b[a-z]\.[a-z])\.(?=\s+\S|\s*$)")


def sentence(line: str) -> str:
    """The first sentence of a line without its full stop; "3.5" and "St. Louis" do not end one."""
    match = _ENDS.search(line)
    return line[: match.start()].strip() if match else line.strip().removesuffix(".")
