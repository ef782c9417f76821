"""The filter in SQL lets the same rows through as the one that reads a row."""

from __future__ import annotations

from playground.datasets.looking import matches, read_filter
from playground.store import Store
from playground.store.dataset_rows import RowLook
from playground.types.dataset import Column, Row

COLUMNS = (
    Column(name="message"),
    Column(name="days late", kind="number"),
    Column(name="channel", role="tag"),
    Column(name="tags", kind="list"),
    Column(name="urgent", kind="boolean"),
)
ROWS = (
    Row({"message": "Where is my KETTLE?", "days late": 7, "channel": "email", "urgent": True}, "train"),
    Row({"message": "Größe ÄNDERN, 100 %", "days late": 5.5, "tags": ["new"]}, "train", "ollama:x"),
    Row({"message": "12", "days late": 0, "channel": "chat_a", "urgent": False}, "held-out"),
    Row({"message": "a_b\nsecond line", "channel": ""}),
    Row({"message": "7.0 x", "channel": "Phone"}),
)
FILTERS = (
    *("", "kettle", "GRÖSSE", "ändern", "100 %", '"a_b"', "-kettle", "a%b"),
    *(
        '"days late":>5',
        '"days late":>=5.5',
        '"days late":<7',
        "message:>5",
        '"days late":=7.0',
        '"days late":!=7',
    ),
    *(
        "channel:",
        "-channel:",
        "channel:=PHONE",
        "channel:a",
        "channel:!=email",
        "-channel:=email",
        "tags:new",
        "tags:",
    ),
    *("urgent:true", "urgent:=false", "row:1,3", "-row:1", "is:generated", "-is:generated", "nothing:here"),
)


def test_the_database_finds_the_rows_that_the_filter_means(store: Store) -> None:
    version = store.datasets.create("Filtered", COLUMNS, ROWS)
    stored = store.datasets.page(version, RowLook()).rows
    for text in FILTERS:
        terms = read_filter(text, COLUMNS)
        page = store.datasets.page(version, RowLook(terms=terms))
        expected = [row.number for row in stored if matches(row, terms)]
        assert [row.number for row in page.rows] == expected, text
        assert page.total == len(expected) == sum(page.halves.values()), text
