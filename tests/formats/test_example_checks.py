"""Checks of the example values in formats that judge every row by every check."""

from __future__ import annotations

import pytest

from playground.formats import github_models, promptfoo, promptfoo_csv
from playground.formats.base import Export, Format
from playground.types.prompt import Check, Input, Prompt, Sampling, Turn

FORMATS = (github_models.FORMAT, promptfoo.FORMAT, promptfoo_csv.FORMAT)


def written(form: Format, cases: tuple[dict[str, str], ...]) -> tuple[str, list[str]]:
    prompt = Prompt(
        name="Letter",
        turns=(Turn(role="user", template="Write to {{ name }}"),),
        inputs=(Input(name="name", example="Maria"),),
        cases=cases,
        checks=(
            Check(scorer="contains", options={"text": "Dear"}),
            Check(scorer="contains", options={"text": "cordially"}, example=True),
        ),
    )
    assert form.write is not None
    file = form.write(Export(prompt, sampling=Sampling()))
    return file.text, [loss for loss in file.losses if "cordially" in loss]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_check_of_the_example_is_left_out_where_it_would_judge_other_cases(form: Format) -> None:
    text, (loss,) = written(form, ({"name": "Ahmed"}, {"name": "Li"}))
    assert "Dear" in text
    assert "cordially" not in text
    assert loss == 'checks: contains "cordially": left out, it is of the example values only'


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_check_of_the_example_that_is_the_only_row_is_written(form: Format) -> None:
    text, (loss,) = written(form, ())
    assert "cordially" in text
    assert loss == 'checks: contains "cordially": counts for any values there'
