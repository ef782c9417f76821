"""How scorers word what they found: texts clipped and quoted, numbers and counts as people write them."""

from __future__ import annotations


def clip(text: str, chars: int = 60) -> str:
    """One line of at most `chars` characters that any file and page can hold (no half surrogates)."""
    line = " ".join(text[: chars * 20].split())
    line = line.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return line if len(line) <= chars else line[: chars - 1].rstrip() + "…"


def quote(text: str, chars: int = 60) -> str:
    """The text clipped and in quotation marks; "nothing" for an empty one."""
    return f'"{clip(text, chars)}"' if text.strip() else "nothing"


def quote_all(texts: list[str]) -> str:
    """Up to three texts in quotation marks, and how many more there are."""
    shown = ", ".join(quote(text, 30) for text in texts[:3])
    return f"{shown} and {len(texts) - 3} more" if len(texts) > 3 else shown


def show_number(value: float) -> str:
    """A number as people write it: "1,142", "0.5", "−2", "6.02e+23"."""
    text = f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
    return text.replace("-", "\N{MINUS SIGN}", 1) if value < 0 else text


def pass_words(passing: int, judged: int) -> str:
    """Such as "3 of 4 pass" and "1 of 4 passes"."""
    is_one = 1 in (passing, judged)
    return f"{passing} of {judged} passes" if is_one else f"{passing} of {judged} pass"


def checks_pass_words(passing: int, judged: int) -> str:
    """Such as "3 of 4 checks pass" and "1 of 1 check passes"."""
    if judged == 1:
        return f"{passing} of {judged} check passes"
    return f"{passing} of {judged} checks passes" if passing == 1 else f"{passing} of {judged} checks pass"


def pass_all_words(passing: int, judged: int) -> str:
    """Such as "3 of 4 pass all checks" and "1 of 4 passes all checks"."""
    is_one = 1 in (passing, judged)
    return f"{passing} of {judged} passes all checks" if is_one else f"{passing} of {judged} pass all checks"
