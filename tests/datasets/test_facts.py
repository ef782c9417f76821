"""What is said of a data set at a glance."""

from __future__ import annotations

from playground.datasets.facts import look_over
from playground.types.dataset import Column, Row

COLUMNS = (
    Column(name="message"),
    Column(name="days", kind="number"),
    Column(name="channel", role="tag"),
    Column(name="answer", role="expected"),
)


def row(number: int, message: str = "", half: str = "", answer: str | None = "wait") -> Row:
    values = {"message": message or f"message {number}", "days": number % 22, "answer": answer}
    values["channel"] = "email" if number % 3 else "chat"
    return Row({k: v for k, v in values.items() if v is not None}, half, number=number)  # type: ignore[arg-type]


def test_columns_are_told_in_a_few_words() -> None:
    facts = look_over(COLUMNS, [[row(n) for n in range(1, 50)], [row(50, "three words here", answer=None)]])
    assert facts.columns["message"].words == "text, 2 to 3 words"
    assert facts.columns["days"].words == "number, 0 to 21"
    assert facts.columns["channel"].words == "tag, choice of 2"
    assert facts.columns["channel"].choices == (("email", 34), ("chat", 16))
    assert facts.columns["answer"].words == "expected, text, 1 empty"
    assert [(each.words, each.rows) for each in facts.troubles] == [("answer is empty in row 50", (50,))]


def test_a_chinese_column_is_told_in_characters() -> None:
    facts = look_over(COLUMNS, [[row(1, "快递三天没到。"), row(2, "用 Python 写代码")]])
    assert facts.columns["message"].words == "text, 5 to 6 characters"


def test_equal_rows_are_named_and_those_in_both_halves_are_a_leak() -> None:
    rows = [row(1, half="train"), row(2, half="train"), row(3)]
    twin = Row(rows[0].values, "held-out", number=7)
    same = Row(rows[1].values, "train", number=9)
    facts = look_over(COLUMNS, [rows, [twin, same]])
    assert facts.twins == {7: 1, 9: 2}
    assert [(each.words, each.rows) for each in facts.troubles] == [
        ("2 duplicates, 1 across the split", (1, 7, 2, 9))
    ]
