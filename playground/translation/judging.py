"""Whether a text is a sentence or a word that people read, by its look, and what is known to be none."""

from __future__ import annotations

import re

NOT_READ = {
    r"Bearer |^file:|^PARAMETER |^MESSAGE |^FROM \{": "what programs say to each other",
    r"^\(?\{source\d?\}|^not \(?\{source|^\| |^\(json |^\(lookup |\| default|^@\{|^\{% |\{quoted\}$|^#|\{data\}:": "pieces of templates",
    r"^\(?window\.|^import \w+[;,]|^svg \{|charset=|^attachment;|^<\?xml|<\|channel|^tabindex=|^data-\w|^, ?\"cells\"|\{\%\% |^prompt: Late|^\(\[\{|"
    r"\} if \{|^\$ playground|\{% endwith|^\{\{ \w+ \}\}$": "code",
    r"^[a-z]{2} [A-Z][a-z]+[ ,]": "codes of languages",
    r"^__|__\{|<__|getpid|hexdigest|st_mtime|\?mode=ro": "names of things",
    r"'\(\.\+\)'|\(\\w\+\)|\|\[|\\\(|\]\{|\.\+": "regular expressions",
    r"^(could not convert|invalid literal|is out of range|must be in|unable to open|no such table|disk I/O|not a database|"
    r"readonly database|database is locked|end of (print|statement|template)|empty separator|division by zero)$": "what libraries say",
}
"""Patterns of texts that look like sentences and are none, with the reason."""
_SMALL = re.compile(r"\b(of|to|in|is|by|at|on|no|or|ms|and|not)\b")

_SQL = re.compile(r"^(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA|WITH|BEGIN|COMMIT|EXPLAIN|VACUUM|ATTACH|ANALYZE|FROM|WHERE|ORDER BY|AND|JOIN|LEFT JOIN|CASE WHEN|GROUP BY|LIMIT)\b(?!.*[a-z]\.$)")  # fmt: skip
_CODE = re.compile(
    r"^[\w./-]+\.(py|js|css|json|yaml|md|txt|html|csv|gguf|prompty|svg|png|xlsx|zip|jsonl|tsv)$|^https?://\S*$|^[a-z]+/[a-z0-9.+*-]+$"
    r"|^\W*[\w-]+=\S*$|^--?[\w-]+$|^[\w.-]+$(?<![a-z]{4})"
)
_REGEX = re.compile(r"\(\?[:P=!<]|\[\^|\\[wdsbS]|\]\+|\)\*|\]\*|\.\*|\$\)|\{\d,\d*\}")
_STYLE = re.compile(
    r"^(?:[\w-]+:[^\s;:]+(?: [^\s;:]+)*(?:;|$))+$|^(?:var|calc|minmax|repeat|translate|rgb|hsl)\("
)
_CSS_CLASSES = re.compile(r"^[a-z]+(-[a-z]+)+( [a-z-]+)*$")
_SELECTOR = re.compile(
    r"^[.#\[][\w-]+[\w\]=]( |$)|\[[\w-]+[~^$*|]?=|:not\(|:has\(|> \.|^:[a-z]|^(?:[a-z]+|\[[\w-]+\])(?:\[\w+\])?, (?:[a-z]+|\[[\w-]+\])(?:\[\w+\])?(?:,|$)"
)
_HOLE = re.compile(r"\{\w+\}|</?\d+>")


def is_message(text: str, worded: bool = False) -> bool:
    """Whether a person reads it. `worded` says that its place is one of words, so that a single small word is read too."""
    words = _HOLE.sub(" ", text).strip()
    if not re.search(r"[A-Za-z]{2}", words) or re.search(r"[\u3400-\u9fff]", words):
        return False
    if any(re.search(pattern, text) for pattern in NOT_READ):
        return False
    if _SQL.search(text) or _REGEX.search(words) or _STYLE.search(text) or _SELECTOR.search(text):
        return False
    bare = words.strip(" .,:;·…()“”\"'!?–—-+%&/")
    if not re.search(r"\s", words):  # one word
        if re.search(r"[_/\\@=<>#{}\[\]|$^*`&]|\d", words) or re.search(
            r"[a-z][A-Z]|\w\.\w|\w-\w.*\w-\w", words
        ):
            return False
        if re.fullmatch(r"[A-Z]+", bare) and bare not in ("OK",):
            return False
        return (
            worded
            or re.fullmatch(r"[A-Z][a-z’'-]+\W*", words) is not None
            or (
                bool(_HOLE.search(text))
                and " " in text
                and (len(bare) > 2 or _SMALL.search(bare) is not None)
            )
        )
    if _CODE.search(text):
        return False
    return worded or not (
        _CSS_CLASSES.match(words) and "." not in words and words.count("-") > words.count(" ") / 2
    )
