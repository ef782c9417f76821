"""The one function the page calls: whatever comes, an update in words goes back."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.errors import NotFoundError, PromptError
from playground.formats import yaml_text
from playground.store.records import StoredRun
from playground.types.prompt import Sampling
from playground.ui.actions import Ask, make_call
from playground.ui.alerts import to_alert
from playground.ui.app import ACTIONS
from playground.ui.forms import CompareForm
from playground.workbench.service import Workbench
from tests.examples import examples

Call = Callable[..., Awaitable[dict[str, Any]]]
Run = Callable[..., Awaitable[StoredRun]]

ARGUMENTS = [
    "column",
    "value",
    "vote",
    "view",
    "run",
    "previous",
    "fields",
    "form",
    "prompt",
    "number",
    "to",
    "from",
    "slug",
    "key",
    "id",
    "show",
    "search",
    "origin",
    "family",
    "query",
    "draft",
    "draft_run",
    "text",
    "format",
    "as",
    "name",
    "message",
    "sure",
]
HOSTILE: tuple[Any, ...] = (
    None,
    "",
    "abc",
    "-1",
    "²",
    "9" * 30,
    "9" * 5000,
    3.5,
    True,
    [],
    [1],
    {},
    {"a": {"b": None}},
    "<script>",
    "../../etc/passwd",
    "a\x00b",
)


def is_worded(update: dict[str, Any]) -> bool:
    """Whether the update tells no inside of the program."""
    text = json.dumps(update.get("alert", ""))
    return not any(word in text for word in ("Traceback", ".py", "The program failed", "Error:"))


async def test_an_unknown_action_is_named(call: Call):
    alert = (await call("nothing"))["alert"]
    assert (alert["message"], alert["hint"]) == ('There is no action "nothing".', "Reload the page.")


@pytest.mark.parametrize(
    "payload", ["", "{", "[]", "null", "3", '"vote"', "{}", '{"action": 5}', "[" * 100_000]
)
async def test_a_call_that_is_no_call_is_answered_in_words(workbench: Workbench, payload: str):
    update = json.loads(await make_call(workbench, ACTIONS)(payload))
    assert list(update) == ["alert"]
    assert update["alert"]["message"]
    assert is_worded(update)


async def test_an_exception_nobody_foresaw_is_logged_and_not_shown(workbench: Workbench, caplog):
    async def broken(_: Workbench, __: Ask) -> dict[str, Any]:
        raise KeyError("secret/path.py")

    with caplog.at_level(logging.ERROR):
        update = json.loads(await make_call(workbench, {"broken": broken})('{"action": "broken"}'))
    assert update["alert"]["message"] == "The program failed with KeyError."
    assert "secret" not in json.dumps(update)
    assert "secret/path.py" in caplog.text


async def test_an_action_without_its_arguments_is_answered_in_words(call: Call):
    assert [action for action in ACTIONS if not is_worded(await call(action))] == []


@pytest.fixture
def written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same data becomes YAML once: a bundle of the whole library is asked for 34 times."""
    write, written = yaml_text.dump, dict[str, str]()

    def dump(data: dict[str, Any]) -> str:
        key = repr(data)
        if key not in written:
            written[key] = write(data)
        return written[key]

    monkeypatch.setattr(yaml_text, "dump", dump)


@pytest.mark.usefixtures("written_once")
@pytest.mark.parametrize("action", ACTIONS)
async def test_an_action_with_senseless_arguments_is_answered_in_words(
    call: Call, ran: Run, form: dict[str, Any], action: str
):
    run = await ran(2)
    for value in HOSTILE:
        assert is_worded(await call(action, **dict.fromkeys(ARGUMENTS, value))), repr(value)[:40]
        here = dict.fromkeys(set(ARGUMENTS) - {"run", "form", "fields", "previous"}, value)
        assert is_worded(await call(action, run=run.id, form=form, **here)), repr(value)[:40]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=examples(50),
    deadline=None,
)
@given(st.text())
def test_any_text_is_a_call_that_is_answered(workbench: Workbench, payload: str):
    update = json.loads(asyncio.run(make_call(workbench, ACTIONS)(payload)))
    assert is_worded(update)


def test_arguments_come_from_the_element_then_from_the_form_around_it():
    ask = Ask.model_validate({"action": "a", "name": "here", "fields": {"name": "there", "other": True}})
    assert (ask.text("name"), ask.text("other"), ask.text("none"), ask.text("none", "x")) == (
        "here",
        "True",
        "",
        "x",
    )
    assert Ask.model_validate({"action": "a", "name": None}).text("name", "x") == "x"


def test_a_number_may_have_a_default_and_is_never_guessed():
    ask = Ask.model_validate({"action": "a", "n": "7", "empty": "", "bad": "x"})
    assert (ask.integer("n"), ask.integer("n", 3), ask.integer("empty", 3), ask.integer("none", 3)) == (
        7,
        7,
        3,
        3,
    )
    for name in ("bad", "empty", "none"):
        with pytest.raises(PromptError, match=f'"{name}" must be a whole number'):
            ask.integer(name)
    with pytest.raises(PromptError):
        ask.integer("bad", 3)


@pytest.mark.parametrize("run", [None, ""])
def test_an_action_on_a_run_says_when_there_is_none(run: str | None):
    with pytest.raises(PromptError, match="There is no run yet"):
        Ask(action="vote", run=run).run_id()


def test_an_alert_has_the_message_and_the_hint_of_the_error():
    assert to_alert(NotFoundError("Gone.", "Look there.")) == {"message": "Gone.", "hint": "Look there."}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"columns": []}, "column"),
        ({"columns": [{"model": "m", "sampling": {"temperature": 9}}]}, "column 1 sampling temperature: "),
        ({"columns": [{"model": "m"}] * 7}, "column"),
        ({"prompt": None}, "prompt: "),
        ({"prompt": {"turns": [{"role": "robot", "template": ""}]}}, "prompt turns 1 role: "),
    ],
)
async def test_a_form_that_is_not_valid_is_named_by_the_words_on_screen(
    call: Call, form: dict[str, Any], change: dict[str, Any], where: str
):
    alert = (await call("preview", form=form | change))["alert"]
    assert alert["message"].startswith(where)
    assert alert["hint"]


def test_the_presets_and_forms_of_the_page_are_valid(form: dict[str, Any]):
    assert CompareForm.model_validate(form).columns[0].sampling == Sampling()
