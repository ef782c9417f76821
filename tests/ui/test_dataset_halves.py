"""An import chooses the half of its rows, and says how long they are after the template."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from playground.errors import PromptError
from playground.store.records import DatasetSummary
from playground.types.dataset import Column, Half, Row
from playground.types.prompt import Prompt, Turn
from playground.ui.actions import Ask
from playground.ui.dataset_halves import halves_of, halves_part, length_part, share_of
from playground.ui.dataset_more import data_more, data_sample, data_split
from playground.workbench.service import Workbench


def summary(train: int, held_out: int) -> DatasetSummary:
    at = datetime.now(UTC)
    return DatasetSummary("d1", "Words", 3, train + held_out, train, held_out, (), at, at, None, 0)


def halves(rows: list[Row]) -> dict[Half, int]:
    return {half: sum(row.half == half for row in rows) for half in ("", "train", "held-out")}  # type: ignore[misc]


ROWS = [Row({"word": f"w{n}"}) for n in range(30)]


@pytest.mark.parametrize(
    ("chosen", "into", "found"),
    [
        ("", None, {"": 30, "train": 0, "held-out": 0}),
        ("ratio", None, {"": 0, "train": 10, "held-out": 20}),
        ("", summary(30, 30), {"": 0, "train": 15, "held-out": 15}),
        ("held-out", None, {"": 0, "train": 0, "held-out": 30}),
        ("train", summary(1, 2), {"": 0, "train": 30, "held-out": 0}),
    ],
)
def test_rows_go_into_the_half_that_is_chosen(
    chosen: str, into: DatasetSummary | None, found: dict[Half, int]
) -> None:
    assert halves(halves_of(ROWS, chosen, into)) == found


def test_equal_rows_and_those_of_a_cluster_stay_together() -> None:
    twice = halves_of([Row({"word": f"w{n // 2}"}) for n in range(60)], "ratio", None)
    assert all(a.half == b.half for a, b in zip(twice[::2], twice[1::2], strict=True))
    rows = [Row({"word": f"w{n}", "mail": n // 10}) for n in range(60)]
    drawn = halves_of(rows, "ratio", None, "mail")
    assert all(len({row.half for row in drawn if row.values["mail"] == n}) == 1 for n in range(6))


def test_what_the_choice_comes_to_is_said_beforehand() -> None:
    said = halves_part("t", "", 123, summary(80, 160))
    assert "Keep 1 : 2" in said and "41 to train, 82 held out, drawn with seed 7" in said
    assert "Version 4: 121 train + 242 held out = 363 rows." in said
    assert share_of(summary(0, 0)) == share_of(None)
    assert "in none" in halves_part("t", "", 5, None)


async def test_a_stored_data_set_is_split_as_an_import_is(workbench: Workbench) -> None:
    rows = [Row({"word": f"w{n}"}) for n in range(300)]
    made = await workbench.datasets.create("Words", [Column(name="word")], rows)

    def ask(**typed: str) -> Ask:
        return Ask(action="", dataset=made.dataset_id, draft="draft000a", fields={"seed": "7", **typed})  # type: ignore[call-arg]

    assert 'max="99" value="67"' in (await data_more(workbench, ask()))["drawer"]["body"]
    await data_split(workbench, ask(share="67"))  # in whole percent the form says two thirds so
    version = await workbench.datasets.version(made.dataset_id)
    assert (version.train, version.held_out) == (100, 200)
    # Nothing is done with a number that nobody typed, and the field is named.
    for typed, said in (
        ({"share": ""}, '"Held out, %" is empty.'),
        ({"share": "150"}, '"150" is not what "Held out, %" takes.'),
        ({"share": "67", "seed": "-5.5"}, '"-5.5" is not what "Seed" takes.'),
    ):
        with pytest.raises(PromptError, match=re.escape(said)):
            await data_split(workbench, ask(**typed))
    assert (await workbench.datasets.version(made.dataset_id)).number == version.number


async def test_a_sample_has_rows_and_a_name_in_the_language_of_who_draws_it(workbench: Workbench) -> None:
    made = await workbench.datasets.create("Answer", [Column(name="word")], ROWS)

    def ask(count: str, lang: str) -> Ask:
        of = {"dataset": made.dataset_id, "draft": "draft000a", "lang": lang}
        return Ask(action="", fields={"count": count, "seed": "7"}, **of)  # type: ignore[arg-type]

    for count in ("0", "31", ""):
        with pytest.raises(PromptError):
            await data_sample(workbench, ask(count, "zh"))
    for lang in ("en", "zh"):
        await data_sample(workbench, ask("12", lang))
    named = {each.name: each.rows for each in await workbench.datasets.all()}
    assert named == {"Answer": 30, "Answer, 12 rows": 12, "Answer，12 行": 12}


async def test_columns_that_are_called_like_words_of_the_page_stay_as_they_are(workbench: Workbench) -> None:
    made = await workbench.datasets.create("Words", [Column(name="answer")], [Row({"answer": "x"})])
    asked = Ask.model_validate({"action": "", "dataset": made.dataset_id, "draft": "draft000a"})
    body = (await data_more(workbench, asked))["drawer"]["body"]
    assert body.count('<option value="answer" translate="no">answer</option>') == 2
    assert body.count('<option value="" selected>none</option>') == 2


async def test_the_length_after_the_template_is_told_where_somebody_can_count(workbench: Workbench) -> None:
    prompt = Prompt(name="<b>", turns=(Turn(role="user", template="Say {{ word }}"),))
    rows = [{"word": "a " * n} for n in range(1, 40)]
    said = await length_part(workbench, prompt, "scripted:echo", rows, {})
    assert said == "" or ("tokens a row" in said and "&lt;b&gt;" in said)
    assert await length_part(workbench, prompt, "nobody:x", rows, {}) == ""
    assert await length_part(workbench, prompt, "scripted:echo", [{"other": "x"}], {}) == ""
