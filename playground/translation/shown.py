"""A text as it is shown to a reader of Chinese: found in the catalogue, made by its template, or piece by piece.

chinese().of("12 rows left")              →  "还有 12 行"
chinese().of("Paused. The disk is full.")  →  sentence by sentence
chinese().of("Late-parcel reply")          →  "Late-parcel reply": what nobody translated stays

So what is stored (errors, reasons, findings) can stay English for ever. `ui/assets/translate.js` does the same on the page;
tests hold both to one table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from functools import cache, lru_cache

from playground.translation.catalogue import translations
from playground.translation.templates import COUNTED, HOLE, SENTENCES, WORD, Template, pieces_of

_WORDS = re.compile(r"[A-Za-z]{2}")
"""Of "p < 0.001" and "k = 3" no word is left to say."""
_NUMBER = re.compile(r"[\s\d.,:%×+−–~≈<>≥≤/-]*")
_COUNT = re.compile(r"^\d[\d.,]* ")
_STANDS_FOR = r"\{\{ [\w.]+ \}\}"
_LETTER = re.compile(rf"[A-Z]′?|{_STANDS_FOR}|{_NUMBER.pattern}")
"""What any template may be filled with: a number, a variant's name, or what stands for a variable."""
_CJK = "\u3000-\u303f\u3400-\u9fff\uff00-\uffef“”"
_AFTER_CJK = re.compile(f"[{_CJK}] $")
_BEFORE_CJK = re.compile(f"^ [{_CJK}]")
_STARTS_CJK = re.compile(f"^[{_CJK}]")
_ENDS_HAN = re.compile("[\u3400-\u9fff]$")
_HAS_HAN_END = re.compile("^[\u3400-\u9fff]|[\u3400-\u9fff]$")
_ENDS_CJK = re.compile(f"[{_CJK}]$")
_CHANGE = re.compile(": (?:.* → |added |removed )")
_SEPARATORS = ((" · ", " · "), ("; ", "；"), (": ", "："), (", ", "，"))
_SEVERAL = re.compile(r"[a-z]{2}[.?!] [A-Z]")
_HOLDS_ONE = re.compile(r"[A-Za-z].*[.?!]$|: [A-Z][a-z]* [a-z]")
_ENDS = {".": "。", ":": "：", ",": "，", ";": "；", "?": "？", "!": "！", "…": "…"}
# What these stand for is a name of somebody's or of a thing: it is shown as it is.
LISTED = frozenset({"names", "known", "table", "presets", "formats", "choices", "scorers", "declared"})
"""What these stand for are names or codes, one after the other."""
LISTS = frozenset({"quote_all", "some", "hashes", "named", "types", "given", "standing"})
"""These may hold several, one after the other, wherever they stand; others do where they stand after a colon."""
SPOKEN = frozenset({
    "text", "detail", "before", "after", "why", "error", "exc", "message", "reason", "value", "sentence", "note",
})  # fmt: skip
"""After a colon these are what somebody says, not a list."""
NAMES = LISTED | {
    "name",
    "title",
    "file",
    "path",
    "url",
    "model",
    "slug",
    "id",
    "search",
    "quote",
    "clip",
    "dataset",
}
FREE = NAMES | {
    "", "label", "value", "example", "prompt", "column", "variable", "field", "tag", "variant", "mode", "why", "error", "exc",
    "text", "detail", "before", "after",
}  # fmt: skip
"""What may be filled with more words than the template has. Of others, that is a sentence of somebody's which only begins so."""
OURS = frozenset({"check_label", "level", "sample_title", "field_label"})
"""What these stand for is a name of ours: in Chinese where there is one, also in quotation marks."""
HOLES = {
    "ours": sorted(OURS),
    "listed": sorted(LISTED),
    "names": sorted(NAMES),
    "counted": sorted(COUNTED),
    "free": sorted(FREE),
    "lists": sorted(LISTS),
    "spoken": sorted(SPOKEN),
}
"""These for the page's script, which gets them with the catalogue."""
_NAME = re.compile(r'(?:"[^"]*"|“[^”]*”|[^\s"“”]+)(?: [\d.,]+(?: ?%)?)?|[\d\s=]+')
"""One of several names: in quotation marks or a word, with what it has ("A 3"), or numbers that are equal."""
_ONE_OF = re.compile(r'(?:"[^"]*"|“[^”]*”|[^,]|,(?! ))+')
_MORE = re.compile(r" and ([\d,]+) more$")
_VARIANTS = re.compile(r"[A-Z]′?(?: [\d.,]+(?: ?%)?)?(?:, [A-Z]′?(?: [\d.,]+(?: ?%)?)?)+")
"""Variants one after the other, or what each of them has: "A 3, B 1"."""
_OPENS, _CLOSES = re.compile(r"<(\d+)>"), re.compile(r"</(\d+)>")
_GOES_ON = re.compile(r"[.?!]</\d+>\s*[^a-z\s]")
_CODE = r"(?=\S*[A-Za-z])[^\s,]*[.:/@_][^\s,]*"
_CODES = re.compile(f"{_CODE}(?:, {_CODE})+")
"""Files and models one after the other: "a.prompty, ollama:qwen"."""
_IN_QUOTES = re.compile(r'"[^"]*"(?:(?:, | and | or )"[^"]*")*')
_MEASURE = r"[\d.,]+ [kKMGT]?i?B"
_SAID = re.compile(f"{_NUMBER.pattern}|{_MEASURE}|{_STANDS_FOR}|{_IN_QUOTES.pattern}")
"""What says the same in both languages: numbers, sizes such as "98.4 MB", what stands for a variable or in quotes."""
_SPACED = re.compile(f"(?<=[，。；：？！、）”]) +(?=[{_CJK}])")
_TOLD = re.compile(r"[A-Za-z%]|[，。；：？！、）”] ")
_THING = re.compile(r"[A-Z]\S*(?: [A-Z\d(]\S*)+")
"""What a thing is called by its maker: "CUDA0 (NVIDIA H100)"."""
_NEEDS_NO_GAP = re.compile("[（，。；：、？！]")
_SHORT = 5
"""A template with fewer letters than this fits too much: all it is filled with must be numbers or known."""
_DEEPEST = 5


class Translation:
    """A catalogue as it is looked up."""

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        catalogue = {**_ends_cut(catalogue), **catalogue}
        self.exact = dict(catalogue)
        templates = [Template(text, chinese) for text, chinese in catalogue.items() if HOLE.search(text)]
        templates.sort(key=lambda each: -each.letters)
        often = Counter(key for template in templates for key in template.keys)
        self.by_word: dict[str, list[Template]] = {}
        for template in templates:
            rarest = min(template.keys, key=lambda key: (often[key], key), default="")
            self.by_word.setdefault(rarest, []).append(template)
        self.of = lru_cache(20_000)(self._of)

    def _of(self, text: str) -> str:
        """The text in Chinese as far as it is known; spaces around stay."""
        bare = text.strip()
        if not _TOLD.search(bare):
            return text
        known = self._known(re.sub(r"\s+", " ", bare), 0)
        known = _SPACED.sub("", bare if known is None else known)
        start = len(text) - len(text.lstrip())
        # A mark as wide as a character has its gap in itself.
        if known != bare and _NEEDS_NO_GAP.match(known):
            start = 0
        return text[:start] + known + text[len(text.rstrip()) :]

    def _known(self, text: str, depth: int, *, is_whole: bool = False) -> str | None:
        """The Chinese of a text without spaces around; None when no part of it is known, with `is_whole` when one is not."""
        if depth > _DEEPEST or not WORD.search(text):
            return _number(text)
        if _VARIANTS.fullmatch(text):
            return (_number(text) or text).replace(", ", "、")
        if _CODES.fullmatch(text):
            return text.replace(", ", "、")
        if (exact := self._exactly(text)) is not None:
            return exact
        several = [self._exactly(part) for part in text.split("; ")] if "; " in text else []
        if several and all(several):
            return "；".join(filter(None, several))
        pieces = SENTENCES.split(text)
        found: list[str | None] = []
        if len(pieces) > 1:
            # A hole of one sentence must not swallow the next: only a message of several goes before them.
            if whole := self._by_templates(text, depth, are_several=True):
                return whole
            found = [self._known(piece, depth + 1, is_whole=is_whole) for piece in pieces]
            if pieces[-1][-1] not in _ENDS:
                found[-1] = self._end_cut(pieces[-1], depth) or found[-1]
            if all(found):
                return _sentences(pieces, found)
            if is_whole or any(map(_is_torn, pieces)):  # an element goes on: each text is shown by itself
                found = []
        if "; " in text and _CHANGE.search(text):  # a hole of one change must not swallow the next
            parts = text.split("; ")
            told = [self._known(part, depth + 1) for part in parts]
            if any(told) and all(known or _CHANGE.search(p) for p, known in zip(parts, told, strict=True)):
                return "；".join(known or part for part, known in zip(parts, told, strict=True))
        whole = self._by_templates(text, depth) or self._without_end(text, depth)
        return whole or (_sentences(pieces, found) if any(found) else self._separated(text, depth, is_whole))

    def _exactly(self, text: str) -> str | None:
        found = (self.exact[form] for form in _forms(text) if form in self.exact and not HOLE.search(form))
        return next(found, None)

    def _by_templates(self, text: str, depth: int, *, are_several: bool = False) -> str | None:
        """By one message with holes; with `are_several` only by one that is several sentences itself."""
        templates = (self._by_template(form, depth, are_several) for form in _forms(text))
        return next((found for found in templates if found is not None), None)

    def _by_template(self, text: str, depth: int, are_several: bool) -> str | None:
        words = {*WORD.findall(text)}
        candidates = [
            template
            for word in (*words, "")
            for template in self.by_word.get(word, ())
            if template.keys <= words
            and text.startswith(template.starts)
            and text.endswith(template.ends)
            and (template.are_several or not are_several)
        ]
        for template in sorted(candidates, key=lambda each: each.order):
            values = template.values(text)
            if values is None:
                continue
            shown = {}
            own = set()
            for name, value in values.items():
                noun = name.rstrip("0123456789")
                if (noun == "quote" and '": ' in value) or (noun in NAMES and ': "' in value):
                    break  # what is quoted, or named, ends or begins there
                if _is_torn(value):
                    break
                # No second one stands behind it.
                is_number = _NUMBER.fullmatch(value) is not None and ", " not in value
                if noun in COUNTED and not is_number and not self._counts(value):
                    break
                is_name = name in template.quoted or (name in NAMES and template.text[0].isupper())
                is_short = template.letters < _SHORT and not is_name
                is_label = name in template.listed and template.starts != ""
                is_quoted = _IN_QUOTES.fullmatch(value) is not None
                is_sure = is_quoted or _LETTER.fullmatch(value) is not None or self._is_known(value)
                if is_short and name and not is_sure and not is_label:
                    break
                is_said = noun in FREE or name in template.quoted or _SAID.fullmatch(value) is not None
                is_whole = not is_said and name not in template.listed and noun not in SPOKEN
                known = None if name.isdigit() else self._filled(template, name, value, depth, is_whole)
                if is_short and name and known is None and not is_sure:
                    break
                is_foreign = known is None and not is_said
                is_sentence = " " in value.strip() and _WORDS.search(value)
                if is_foreign and is_sentence and name not in template.listed:
                    break
                if known is None and value[-1:] in _ENDS and text.endswith(value):
                    break  # the end of the sentence is no part of what stands in it
                is_name = noun in NAMES and name not in template.quoted and name not in template.listed
                if (is_whole and _HOLDS_ONE.search(value)) or (is_name and _SEVERAL.search(value)):
                    break  # nor is a sentence that follows
                shown[name] = value if known is None else known
                if known is None and not name.isdigit() and _HAS_HAN_END.search(value):
                    own.add(name)
            else:
                return _written(template, shown, own)
        return None

    def _is_known(self, value: str) -> bool:
        """Whether it is a message by itself, or counts something: what a short template may be filled with."""
        bare = value.strip()
        return bare in self.exact or _COUNT.sub("{n} ", bare) in self.exact

    def _counts(self, value: str) -> bool:
        """Whether it is a number of something: "3 rows", and not a word that is only known."""
        bare = value.strip()
        return _COUNT.match(bare) is not None and self._is_known(bare)

    def _filled(self, template: Template, name: str, value: str, depth: int, is_whole: bool) -> str | None:
        if name in OURS or (name == "file" and value.startswith("The ")):  # one that has no name
            return self.exact.get(value)
        noun = name.rstrip("0123456789")
        if value == "none" and noun in LISTED:
            return self.exact.get(value)
        if name in template.quoted or noun in NAMES:
            return None
        are_several = noun in LISTS or (name in template.listed and noun not in SPOKEN)
        if are_several and (listed := self._listed_values(value.strip(), depth)) is not None:
            return listed
        tag = re.fullmatch(r"(<\d+>)(.*)(</\d+>)", value)
        bare = tag[2] if tag else value.strip()
        if noun in SPOKEN and not tag and " " in bare and (cut := self._end_cut(bare, depth)):
            return cut
        known = self._known(bare, depth + 1, is_whole=is_whole) if bare else None
        return value if tag and known is None else known and value.replace(bare, known, 1)

    def _listed_values(self, text: str, depth: int) -> str | None:
        """Several names or words as Chinese lists them; None where it is no list of such."""
        if ", " not in text or text in self.exact:
            return None
        more = _MORE.search(text)
        pieces = [piece.strip() for piece in _ONE_OF.findall(_MORE.sub("", text))]
        known = [self._known(piece, depth + 1) for piece in pieces]
        if not all(k or _NAME.fullmatch(piece) for piece, k in zip(pieces, known, strict=True)):
            return None
        said = "、".join(k or _quoted(piece) for piece, k in zip(pieces, known, strict=True))
        return f"{said} 及另外 {more[1]} 个" if more else said

    def _end_cut(self, text: str, depth: int) -> str | None:
        """Sentences of ours, known as a whole, whose full stop was left out to stand in another: a reason behind a colon."""
        if self._exactly(text) is not None:
            return None
        is_cut = text[-1] not in _ENDS
        known = self._known(f"{text}." if is_cut else text, depth + 1, is_whole=True)
        return known.removesuffix("。") if known and is_cut else known

    def _without_end(self, text: str, depth: int) -> str | None:
        if text[:1] == "(" and text[-1:] == ")" and "(" not in text[1:]:
            inner = self._known(text[1:-1], depth + 1)
            return f"（{inner}）" if inner else None
        if text[-1:] in _ENDS:
            bare = text[:-1].rstrip()
            inner = self._exactly(bare) or self._by_templates(bare, depth)
            inner = inner or (self._without_end(bare, depth) if bare[-1:] == ")" else None)
            return inner + _ENDS[text[-1]] if inner else None
        return None

    def _separated(self, text: str, depth: int, is_whole: bool) -> str | None:
        for separator, shown in _SEPARATORS:
            # Where there are elements each text of the line is shown by itself.
            if separator not in text or re.search(r"<\d", text):
                continue
            pieces = text.split(separator)
            found = [self._known(piece, depth + 1, is_whole=is_whole) if piece else "" for piece in pieces]
            # Between commas, and before a colon, only a word, or a name, may be somebody's: else it is a sentence of his.
            rest = [p for p, k in zip(pieces, found, strict=True) if k is None and " " in p]
            rest = [p for p in rest if separator != ", " or not _THING.fullmatch(p)]
            foreign = any(map((_WORDS if is_whole else WORD).search, rest))
            is_left = separator == ": " and found[-1] is None and not _CHANGE.search(text)
            if not any(found) or ((is_whole or separator == ", ") and foreign) or is_left:
                continue
            written = found[0] or pieces[0]
            for n in range(1, len(pieces)):
                between = shown if found[n] or found[n - 1] or separator == ", " else separator
                written += between + (found[n] or pieces[n])
            return written
        return None


def _is_torn(text: str) -> bool:
    """Whether it holds a part of an element: its beginning without its end, or its last sentence and what follows."""
    if "<" not in text:
        return False
    return sorted(_OPENS.findall(text)) != sorted(_CLOSES.findall(text)) or _GOES_ON.search(text) is not None


def _sentences(pieces: Sequence[str], found: Sequence[str | None]) -> str:
    """Sentences one after another, those that are known in Chinese; a space only where Latin letters meet."""
    written = ""
    for piece, known in zip(pieces, found, strict=True):
        written += ("" if not written or _ENDS_CJK.search(written) else " ") + (known or piece)
    return written


def _forms(text: str) -> tuple[str, str]:
    """As it stands, and with a large first letter for a small one or the other way round."""
    return text, text[:1].swapcase() + text[1:]


def _number(text: str) -> str | None:
    """A number as Chinese writes it: no space before %. None when nothing changes."""
    shown = re.sub(r"(\d) %", r"\1%", text)
    return None if shown == text else shown


def _quoted(text: str) -> str:
    return re.sub(r'"([^"]*)"', r"“\1”", text)


def _listed(names: str) -> str:
    """Names as Chinese lists them: "A", "B" is “A”、“B”, and 1 and 2 is 1 和 2."""
    marked = _MORE.sub(r" 及另外 \1 个", _quoted(names).replace(", ", "、"))
    marked = re.sub("”( and | or )“", lambda said: f"”{'和' if said[1] == ' and ' else '或'}“", marked)
    return re.sub(r"^(\S+) and (\S+)$", r"\1 和 \2", marked)


def _ends_cut(catalogue: Mapping[str, str]) -> dict[str, str]:
    """Pieces of sentences without the comma that joins them: texts are cut there, too."""
    cut = {}
    for text, chinese in catalogue.items():
        bare, shown = text.strip(" ,;:"), chinese.strip(" ,;:，；：")
        if bare != text and shown:
            cut[bare] = shown
    return cut


def _written(template: Template, values: Mapping[str, str], own: Set[str]) -> str:
    """The message filled in; what is `own`, a name that nobody translated, keeps the gaps around it: 无法读取 没有.csv."""
    pieces, rest = pieces_of(template.chinese)
    written = ""
    is_own = False
    for piece in pieces:
        before = piece.before
        if not is_own and _ENDS_CJK.search(written) and _BEFORE_CJK.search(before):
            before = before[1:]
        written += before
        is_own = piece.name in own
        if piece.tag:
            written += f"<{'/' if piece.closes else ''}{values[piece.tag]}>"
            continue
        value = _number(values[piece.name]) or values[piece.name]
        noun = piece.name.rstrip("0123456789")
        if noun in LISTED:
            value = _listed(value)
        elif noun == "quote":
            value = re.sub(r'^"(.*)"$', r"“\1”", value)
        elif _IN_QUOTES.fullmatch(value):
            value = _listed(value)
        if not is_own and _AFTER_CJK.search(written) and _STARTS_CJK.search(value):
            written = written[:-1]
        if _AFTER_CJK.search(value):
            value = value[:-1]
        if _ENDS_HAN.search(written) and value[:1].isascii() and value[:1].isalnum():
            written += " "
        written += value
    if not is_own and _ENDS_CJK.search(written) and _BEFORE_CJK.search(rest):
        rest = rest[1:]
    return written + rest


@cache
def chinese() -> Translation:
    """The translation that comes with the program."""
    return Translation(translations())
