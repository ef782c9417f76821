from __future__ import annotations

import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from playground.cli.arguments import address_of, read_values
from playground.errors import NoAnswer, PromptError, ReadOnlyData
from playground.formats import prompty
from playground.formats.registry import FORMATS
from playground.settings import Settings
from playground.store import open_store
from playground.store.records import StoredRun
from playground.types.generation import Chunk
from playground.types.prompt import PRESETS, Check, Input, Prompt, Sampling, Turn
from tests import forked
from tests.forked import Program
from tests.tried_engine import Tried

if TYPE_CHECKING:
    from tests.conftest import Call

PLAYGROUND = [sys.executable, "-m", "playground.cli.main"]


def write_prompt(folder: Path, template: str, *checks: Check, **fields: object) -> str:
    prompt = Prompt(turns=(Turn(role="user", template=template),), checks=checks, name="Greeting")
    prompt = Prompt.model_validate(prompt.model_dump() | fields)
    (folder / "greeting.prompty").write_text(prompty.dump(prompt)[0])
    return str(folder / "greeting.prompty")


def stored(data: Path) -> list[StoredRun]:
    store = open_store(Settings(data_dir=data))
    try:
        return [store.run(row.id) for row in store.history().rows]
    finally:
        store.close()


# --- run ------------------------------------------------------------------------------------------------


def test_run_prints_the_answer_and_keeps_it_in_the_history(call: Call, data: Path, tmp_path: Path) -> None:
    file = write_prompt(tmp_path, "Hello {{ name }}!")
    assert call("run", file, "--var", "name=Ada") == (0, "Hello Ada!\n", "")
    [run] = stored(data)
    assert run.spec.case.values == {"name": "Ada"}
    assert run.cells[0].completion and run.cells[0].completion.text == "Hello Ada!"


def test_run_as_json_prints_one_object_with_the_receipt(call: Call, data: Path, tmp_path: Path) -> None:
    file = write_prompt(tmp_path, "Hi", Check(scorer="contains", options={"text": "Hi"}))
    called = call("run", file, "--format", "json", "--seed", "7", "--temperature", "0.5", "--stop", "###")
    told = json.loads(called.out)
    [run] = stored(data)
    assert (called.code, told["text"], told["finish"], told["status"]) == (0, "Hi", "stop", "done")
    assert told["run"] == run.id and told["hash"] == run.cells[0].content_hash
    assert told["model"] == "scripted:echo" and told["tokens"]["completion"] == 1
    assert told["timings"]["total_s"] >= told["timings"]["first_token_s"] >= 0
    assert told["sampling"]["seed"] == 7 and told["sampling"]["stop"] == ["###"]
    assert told["scores"][0]["value"] == 1.0
    assert told["messages"] == [{"role": "user", "content": "Hi"}]


def test_a_failed_check_is_exit_code_1_and_named(call: Call, tmp_path: Path) -> None:
    file = write_prompt(tmp_path, "Hi", Check(scorer="contains", options={"text": "goodbye"}))
    called = call("run", file)
    assert (called.code, called.out) == (1, "Hi\n")
    assert "check failed" in called.err and "goodbye" in called.err


def test_a_check_that_does_not_apply_is_no_failure(call: Call, tmp_path: Path) -> None:
    # The check looks for the value of a variable that this case leaves empty.
    check = Check(scorer="contains", options={"text": "{{ wanted }}"})
    inputs = [Input(name="wanted", required=False).model_dump()]
    called = call("run", write_prompt(tmp_path, "Hi", check, inputs=inputs), "--format", "json")
    assert json.loads(called.out)["scores"][0]["value"] is None
    assert (called.code, called.err) == (0, "")


def test_an_answer_that_was_cut_says_so(call: Call, tmp_path: Path) -> None:
    called = call("run", write_prompt(tmp_path, "Hi there"), "--max-tokens", "1")
    assert called == (0, "Hi\n", "note: the answer was cut after 1 tokens (--max-tokens).\n")


def test_thoughts_never_reach_standard_output(
    call: Call, scripts: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts["late"] = ["Let me", " see", Chunk(text="Hello", rethought=True), " there"]
    scripts["only"] = [Chunk(reasoning="Let me see")]
    file = write_prompt(tmp_path, "Hi")
    assert call("run", file, "--model", "late") == (0, "Hello there\n", "")
    code, out, err = call("run", file, "--model", "only")
    assert (code, out) == (1, "") and "no answer" in err
    # On a terminal what stands there cannot be taken back: it is said.
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    code, out, err = call("run", file, "--model", "late")
    assert (code, out) == (0, "Let me see\nHello there\n") and "model's thinking" in err


def test_a_refusal_and_a_tool_call_are_exit_code_1(
    call: Call, scripts: dict[str, object], tmp_path: Path
) -> None:
    scripts["refuses"] = [NoAnswer("The model refused to answer.", 'It said: "No."', "refusal")]
    scripts["calls"] = ["One moment.", NoAnswer("The model called a tool.", "It called a().", "tool_calls")]
    file = write_prompt(tmp_path, "Hi")
    assert call("run", file, "--model", "refuses") == (
        1,
        "",
        'error: The model refused to answer. It said: "No."\n',
    )
    code, out, err = call("run", file, "--model", "calls", "--format", "json")
    told = json.loads(out)
    assert (code, told["finish"], told["status"], told["text"]) == (1, "tool_calls", "error", "One moment.")
    assert "It called a()." in err and told["hint"] == "It called a()."


def test_an_empty_answer_is_said(call: Call, scripts: dict[str, object], tmp_path: Path) -> None:
    scripts["silent"] = [" "]
    called = call("run", write_prompt(tmp_path, "Hi"), "--model", "silent")
    assert (called.code, called.err) == (0, "note: the answer is empty.\n")


def test_a_failed_answer_is_exit_code_1_with_what_had_come(call: Call, data: Path, tmp_path: Path) -> None:
    called = call("run", write_prompt(tmp_path, "Hi"), "--model", "broken")
    assert (called.code, called.out.strip()) == (1, "half")
    assert called.err == "error: The model fell over. Choose another.\n"
    assert stored(data)[0].cells[0].status == "error"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere"], 'There is no prompt "nowhere"'),
        (["nowhere.prompty"], "nowhere.prompty cannot be read"),
        (["greeting.prompty"], "These variables need a value: name, place."),
        (["greeting.prompty", "--var", "nam=x"], 'The prompt has no variable "nam".'),
        (["greeting.prompty", "--var", "name"], '"name" is not NAME=VALUE.'),
        (["greeting.prompty", "--var", "name=@missing.txt"], "missing.txt cannot be read"),
        (["greeting.prompty", "--example", "--model", "gpt-9"], 'No single model is called "gpt-9".'),
        (["greeting.prompty", "--example", "--preset", "Wild"], "Presets: Greedy, Balanced, Creative."),
        (["greeting.prompty", "--example", "--temperature", "99"], "emperature"),
        (["greeting.prompty", "--format", "xml"], "xml"),
        (["greeting.prompty", "--unknown"], "--unknown"),
        (["broken.prompty"], "User turn, line 1, column 7"),
    ],
)
def test_bad_input_is_exit_code_2_with_one_sentence(
    call: Call, data: Path, tmp_path: Path, arguments: list[str], reason: str
) -> None:
    inputs = [Input(name="name", example="Ada"), Input(name="place", example="Turin")]
    write_prompt(tmp_path, "{{ name }} in {{ place }}", inputs=[field.model_dump() for field in inputs])
    (tmp_path / "broken.prompty").write_text("---\nname: x\n---\nuser:\n{% if %}\n")
    called = call("run", *arguments)
    assert (called.code, called.out) == (2, "")
    assert reason in called.err and "Traceback" not in called.err
    assert not (data / "playground.db").exists() or stored(data) == []


def test_a_technique_prints_its_answer_and_what_it_took(
    call: Call, data: Path, tmp_path: Path, scripts: dict[str, object]
) -> None:
    scripts["steps"] = "3 and 5 are 8. Answer: 8"
    prompt = write_prompt(tmp_path, "3 + 5?", Check(scorer="equals", options={"text": "8"}))
    named = (prompt, "--model", "scripted:steps", "--technique", "self-consistency", "--option", "samples=2")
    called = call("run", *named)
    assert (called.code, called.out) == (0, "3 and 5 are 8. Answer: 8\n")
    assert re.fullmatch(
        r"2 calls, \d+ tokens \(\d+ in, 14 out\), \d+\.\d\d s; votes: 2 of 2; the answer: 8\n", called.err
    )
    told = json.loads(call("run", *named, "--format", "json").out)
    assert (told["extracted"], told["calls"], told["facts"]) == ("8", 2, {"votes": "2 of 2"})
    assert [(step["label"], step["state"], step["text"]) for step in told["steps"]] == [
        ("sample 1", "answer", "3 and 5 are 8. Answer: 8"),
        ("sample 2", "kept", "3 and 5 are 8. Answer: 8"),
    ]
    (cell,) = stored(data)[0].cells
    assert (cell.answer.extracted, cell.answer.calls) == ("8", 2)


def test_a_prompt_that_names_its_technique_is_run_with_it_unless_told_otherwise(
    call: Call, tmp_path: Path, scripts: dict[str, object]
) -> None:
    scripts["steps"] = "3 and 5 are 8. Answer: 8"
    own = {"name": "self-consistency", "options": {"samples": 3}}
    named = (write_prompt(tmp_path, "3 + 5?", run_with=own), "--model", "scripted:steps")
    assert "3 calls" in call("run", *named).err
    assert "2 calls" in call("run", *named, "--option", "samples=2").err
    assert (
        "9 calls" not in (other := call("run", *named, "--technique", "say-it-twice").err)
        and "1 call" in other
    )
    assert call("run", *named, "--technique", "single").err == ""


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"name": "self-consistence"}, 'There is no technique "self-consistence". Do you mean "self-consistency"?'),
        ({"name": "self-consistency", "options": {"sampels": 3}}, 'There is no option "sampels" of self-consistency. Do you mean "samples"?'),
    ],
)  # fmt: skip
def test_a_prompt_that_names_a_technique_that_is_none_is_refused(
    call: Call, tmp_path: Path, own: dict[str, object], message: str
) -> None:
    called = call("run", write_prompt(tmp_path, "Hi", run_with=own), "--model", "scripted:echo")
    assert (called.code, called.out) == (2, "")
    assert message in called.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--technique", "tree-of-thought"), 'There is no technique "tree-of-thought". Do you mean "tree-of-thoughts"?'),
        (("--technique", "self-consistency", "--option", "sampels=2"), 'There is no option "sampels" of self-consistency. Do you mean "samples"?'),
        (("--technique", "self-consistency", "--option", "samples"), "--option samples is not NAME=VALUE."),
        (("--option", "samples=2"), "--option belongs to a technique, and none is named."),
        (("--technique", "self-consistency", "--step", "sample=Nobody"), 'The step "sample" has no prompt "Nobody".'),
    ],
)  # fmt: skip
def test_a_technique_that_cannot_run_is_refused_with_the_nearest_name(
    call: Call, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    called = call("run", write_prompt(tmp_path, "Hi"), "--model", "scripted:echo", *arguments)
    assert (called.code, called.out) == (2, "")
    assert message in called.err


def test_samples_are_printed_by_number_with_what_they_come_to(call: Call, data: Path, tmp_path: Path) -> None:
    file = write_prompt(tmp_path, "Hello {{ name }}!", Check(scorer="contains", options={"text": "Ada"}))
    code, out, err = call("run", file, "--var", "name=Ada", "--samples", "3")
    assert code == 0
    assert out == "".join(f"sample {n} of 3:\nHello Ada!\n" for n in (1, 2, 3))
    assert err == "3 of 3 pass all checks\nall answers are equal\n"
    [run] = stored(data)
    assert sorted(cell.repeat for cell in (*run.cells, *run.earlier)) == [0, 1, 2]
    assert [cell.sampling.seed for cell in (*run.earlier, *run.cells)] == [42, 43, 44]


def test_one_sample_that_fails_a_check_is_named_and_makes_the_exit_code_1(
    call: Call, data: Path, tmp_path: Path
) -> None:
    file = write_prompt(tmp_path, "Hello!", Check(scorer="contains", options={"text": "Ada"}))
    code, _, err = call("run", file, "--samples", "2")
    assert code == 1
    assert err.count("check failed: ") == 2 and "sample 2: check failed: " in err
    assert "0 of 2 pass all checks" in err


def test_samples_as_json_are_one_object_with_each_receipt(call: Call, data: Path, tmp_path: Path) -> None:
    file = write_prompt(tmp_path, "Hello!")
    code, out, _ = call("run", file, "--samples", "2", "--seed", "7", "--format", "json")
    told = json.loads(out)
    assert (code, told["judged"], told["equal"]) == (0, 0, [[1, 2]])
    assert [(row["sample"], row["passes"], row["sampling"]["seed"]) for row in told["samples"]] == [
        (1, None, 7),
        (2, None, 8),
    ]


@pytest.mark.parametrize("count", ["0", "21", "many"])
def test_a_number_of_samples_that_is_none_is_refused(
    call: Call, data: Path, tmp_path: Path, count: str
) -> None:
    code, out, err = call("run", write_prompt(tmp_path, "Hello!"), "--samples", count)
    assert (code, out) == (2, "")
    assert "samples" in err
    assert not data.exists() or not stored(data)


def test_a_prompt_whose_check_cannot_work_is_refused_before_it_runs(
    call: Call, data: Path, tmp_path: Path
) -> None:
    called = call("run", write_prompt(tmp_path, "Hi", Check(scorer="regex", options={"pattern": "("})))
    assert called.code == 2
    assert stored(data) == []


def test_defaults_fill_what_is_not_given_and_examples_only_on_request(call: Call, tmp_path: Path) -> None:
    inputs = [Input(name="a", default="dflt", example="exa"), Input(name="b", example="exb")]
    file = write_prompt(tmp_path, "{{ a }} {{ b }}", inputs=[field.model_dump() for field in inputs])
    assert call("run", file, "--var", "b=given").out == "dflt given\n"
    assert call("run", file, "--example", "--var", "b=given").out == "exa given\n"


def test_a_preset_replaces_the_sampling_of_the_prompt_and_options_change_it(
    call: Call, tmp_path: Path
) -> None:
    file = write_prompt(tmp_path, "Hi", sampling=Sampling(temperature=0.3, max_tokens=9).model_dump())
    own = json.loads(call("run", file, "--format", "json").out)["sampling"]
    named = json.loads(call("run", file, "--format", "json", "--preset", "creative", "--top-k", "5").out)[
        "sampling"
    ]
    assert (own["temperature"], own["max_tokens"]) == (0.3, 9)
    assert named == PRESETS["Creative"].model_copy(update={"top_k": 5}).model_dump(mode="json")


def test_a_pattern_runs_by_its_slug_and_a_saved_prompt_by_its_name(call: Call, data: Path) -> None:
    store = open_store(Settings(data_dir=data))
    store.save_version(Prompt(name="My Tone / ü", turns=(Turn(role="user", template="saved"),)), message="")
    store.close()
    assert call("run", "my tone / Ü").out == "saved\n"
    assert "Is this review positive" in call("run", "hub/classification/sentiment", "--example").out


def test_run_offers_an_option_for_every_sampling_value(call: Call) -> None:
    text = call("run", "--help").out
    assert [name for name in Sampling.model_fields if f"--{name.replace('_', '-')}" not in text] == []
    assert all(preset in text for preset in PRESETS)


# --- values ---------------------------------------------------------------------------------------------

KINDS = Prompt(
    inputs=(
        Input(name="text"),
        Input(name="stars", kind="number"),
        Input(name="flag", kind="boolean"),
        Input(name="tone", kind="choice", choices=("kind", "curt")),
        Input(name="rows", kind="examples"),
    )
)


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("text=5", "5"),
        ("text=a=b", "a=b"),
        ("text=@@home", "@home"),
        ("text=", ""),
        ("stars=4", 4),
        ("stars=4.5", 4.5),
        ("flag=true", True),
        ("tone=curt", "curt"),
        ('rows=[{"input": "a"}]', [{"input": "a"}]),
        ("undeclared=5", "5"),
    ],
)
def test_a_value_is_read_as_the_kind_that_the_prompt_declares(pair: str, value: object) -> None:
    [read] = read_values(KINDS, [pair]).values()
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize(
    "pair",
    [
        "stars=four", "stars=NaN", "stars=1e999", "stars=true", "stars=" + "9" * 5000, "flag=yes", "flag=1",
        "tone=loud", "rows=a", "rows={}", "rows=" + "[" * 100_000, "=x", "text=\udcff", r'rows=["\ud800"]',
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused(pair: str) -> None:
    with pytest.raises(PromptError) as refused:
        read_values(KINDS, [pair])
    assert refused.value.hint


def test_a_value_comes_from_a_file_or_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "letter.txt").write_text("Dear Zoë,\n")
    assert read_values(KINDS, [f"text=@{tmp_path}/letter.txt"]) == {"text": "Dear Zoë,\n"}
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"piped")))
    assert read_values(KINDS, ["text=@-"]) == {"text": "piped"}


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 16_000_001])
def test_a_file_that_is_no_text_or_too_large_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(PromptError, match="UTF-8|larger"):
        read_values(KINDS, [f"text=@{tmp_path}/file"])


NESTED = Prompt(
    turns=(Turn(role="user", template="{{ customer.first }} {{ tags[0] }} {{ other.x }} {{ text }}"),),
    inputs=(Input(name="customer", kind="object"), Input(name="tags", kind="list"), Input(name="text")),
)


def test_objects_and_lists_are_given_as_json_and_texts_stay_texts(tmp_path: Path) -> None:
    (tmp_path / "tags.json").write_text('["a", {"b": 1}]')
    pairs = ['customer={"first": "Bo"}', f"tags=@{tmp_path}/tags.json", 'other={"x": 1}', 'text={"x": 1}']
    assert read_values(NESTED, pairs) == {
        "customer": {"first": "Bo"},
        "tags": ["a", {"b": 1}],
        "other": {"x": 1},
        "text": '{"x": 1}',
    }


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ('customer={"first": ', '"customer" must be an object as JSON: line 1, column 11: Expecting value.'),
        ("customer=[1]", '"customer" must be an object as JSON, not a list.'),
        ("customer=", '"customer" is empty.'),
        ("tags=a,b", '"tags" must be a list as JSON: line 1, column 1: Expecting value.'),
    ],
)
def test_what_is_no_object_or_list_is_refused_with_an_example(pair: str, message: str) -> None:
    with pytest.raises(PromptError) as caught:
        read_values(NESTED, [pair])
    assert caught.value.message == message
    assert "--var" in caught.value.hint


def test_a_run_with_an_object_keeps_it_in_the_history(call: Call, data: Path, tmp_path: Path) -> None:
    field = {"name": "customer", "kind": "object", "default": {"first": "Ann", "tier": 2}}
    file = write_prompt(tmp_path, "Greet {{ customer.first }}, {{ customer.tier }}.", inputs=[field])
    assert call("run", file).out == "Greet Ann, 2.\n"
    assert call("run", file, "--var", 'customer={"first": "Bo", "tier": 3}').out == "Greet Bo, 3.\n"
    values = [run.spec.case.values for run in stored(data)]
    assert {"customer": {"first": "Bo", "tier": 3}} in values


# --- list, show, export ---------------------------------------------------------------------------------


def test_list_names_patterns_and_saved_prompts(call: Call, data: Path) -> None:
    store = open_store(Settings(data_dir=data))
    store.save_version(Prompt(name="Mine", turns=(Turn(role="user", template="x"),)), message="")
    store.close()
    text = call("list").out
    assert "hub/classification/sentiment" in text and "Mine" in text and "version 1" in text
    rows = json.loads(call("list", "--format", "json").out)
    assert {"slug", "name", "tags"} <= rows["patterns"][0].keys()
    assert [(row["name"], row["version"]) for row in rows["saved"]] == [("Mine", 1)]


@pytest.mark.usefixtures("in_india")
def test_list_gives_people_the_day_here_and_programs_the_time_with_its_offset(
    call: Call, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(Settings(data_dir=data))
    late = datetime(2026, 1, 2, 23, 30, tzinfo=UTC)
    monkeypatch.setattr("playground.store.saving.now", lambda: late, raising=True)
    store.save_version(Prompt(name="Mine", turns=(Turn(role="user", template="x"),)), message="")
    store.close()
    assert "Mine" in (text := call("list").out) and "2026-01-03" in text
    [row] = json.loads(call("list", "--format", "json").out)["saved"]
    assert datetime.fromisoformat(row["updated"]) == late


def test_show_prints_a_pattern_as_it_stands_on_disk(call: Call) -> None:
    shown = call("show", "hub/classification/sentiment").out
    assert "# Why these words" in shown
    assert prompty.read(shown, "shown").prompt.name == "Classify sentiment"


def test_patterns_are_listed_shown_and_exported_in_the_language_of_the_reader(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    slug = "hub/classification/sentiment"
    monkeypatch.setenv("PLAYGROUND_LANG", "zh_CN.UTF-8")
    listed = call("list").out.splitlines()
    assert [line for line in listed if line.startswith(f"{slug} ")] == []
    assert any(line.startswith(f"{slug}.zh ") and line.endswith("情感分类") for line in listed)
    assert f'"slug": "{slug}"' in call("list", "--format", "json").out  # a program's output knows no locale
    assert "language: zh" in call("show", slug).out
    assert "name: 情感分类" in call("export", slug).out
    assert "name: Classify sentiment" in call("show", slug, "--language", "en").out
    monkeypatch.setenv("PLAYGROUND_LANG", "en")
    assert "language: zh" in call("show", f"{slug}.zh").out
    assert "language: zh" in call("show", slug, "--language", "zh").out
    assert call("show", slug, "--language", "fr").code == 2


def test_show_prints_a_saved_prompt_so_that_it_can_be_read_again(call: Call, data: Path) -> None:
    prompt = Prompt(
        name="Mine", turns=(Turn(role="user", template="Hi {{ you }}"),), inputs=(Input(name="you"),)
    )
    store = open_store(Settings(data_dir=data))
    store.save_version(prompt, message="")
    store.close()
    assert prompty.read(call("show", "Mine").out, "shown").prompt == prompt


@pytest.mark.parametrize("name", FORMATS)
def test_export_writes_every_format_to_a_folder_and_to_standard_output(
    call: Call, tmp_path: Path, name: str
) -> None:
    printed = call("export", "hub/classification/sentiment", "--format", name)
    assert printed.code == 0 and printed.out
    written = call("export", "hub/classification/sentiment", "--format", name, "--output", str(tmp_path))
    assert (written.code, written.out) == (0, "")
    [file] = tmp_path.glob(f"*{FORMATS[name].suffix}")
    assert file.stat().st_size > 100


def test_export_uses_the_given_values(call: Call) -> None:
    called = call(
        "export", "hub/classification/sentiment", "--format", "openai", "--var", "review=Never again."
    )
    assert "Never again." in called.out


def test_the_help_of_export_names_every_format(call: Call) -> None:
    text = "".join(call("export", "--help").out.split())  # a name may be broken at its hyphen
    assert [name for name in FORMATS if name not in text] == []


def test_export_refuses_an_unknown_format_and_a_place_it_cannot_write(call: Call, tmp_path: Path) -> None:
    unknown = call("export", "hub/classification/sentiment", "--format", "docx")
    assert unknown.code == 2 and "Formats: prompty" in unknown.err
    nowhere = call("export", "hub/classification/sentiment", "--output", str(tmp_path / "no" / "x"))
    assert nowhere.code == 1 and "cannot be written" in nowhere.err


# --- set-up ---------------------------------------------------------------------------------------------


def test_a_folder_that_may_not_be_written_is_replaced_by_a_temporary_one_and_that_is_said(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_first(settings: Settings) -> object:
        if settings.data_dir == tmp_path / "data":
            raise ReadOnlyData("The data folder cannot be written.", "Choose another.")
        return open_store(settings)

    monkeypatch.setattr("playground.workbench.service.open_store", refuse_first)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    called = call("run", write_prompt(tmp_path, "Hi"))
    [folder] = tmp_path.glob("prompt-playground-*")
    assert (called.code, called.out) == (0, "Hi\n")
    assert f"Runs are kept in {folder} until the computer restarts." in called.err
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(stored(folder)) == 1


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PLAYGROUND_PORT", "many", "port"),
        ("PLAYGROUND_MODELS", "not json", "PLAYGROUND_MODELS in the environment is no JSON."),
        ("PLAYGROUND_MODELS", '["/nowhere/x.gguf"]', "There is no model file at /nowhere/x.gguf"),
        ("PLAYGROUND_DATA_DIR", "~nobody-of-that-name/x", "home"),
    ],
)
def test_a_wrong_environment_is_one_sentence(
    call: Call, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)
    called = call("list")
    assert called.code == 1 and reason in called.err and called.err.startswith("error: ")


def test_options_before_a_command_hold_for_it_too(call: Call, tmp_path: Path) -> None:
    assert call("--data", str(tmp_path / "other"), "run", write_prompt(tmp_path, "Hi")).code == 0
    assert len(stored(tmp_path / "other")) == 1


@pytest.mark.parametrize(
    ("host", "address", "private"),
    [
        ("127.0.0.1", "http://localhost:7860", True),
        ("localhost", "http://localhost:7860", True),
        ("::1", "http://localhost:7860", True),
        ("0.0.0.0", "http://localhost:7860", False),
        ("192.0.2.7", "http://192.0.2.7:7860", False),
        ("2001:db8::7", "http://[2001:db8::7]:7860", False),
    ],
)
def test_the_address_is_one_that_a_browser_here_can_open(host: str, address: str, private: bool) -> None:
    settings = Settings(host=host, port=7860)
    assert address_of(settings) == address
    assert (not settings.is_open_to_network, settings.is_admin) == (private, private)
    assert Settings(host=host, allow_admin=True).is_admin


def test_help_needs_none_of_the_heavy_packages() -> None:
    code = (
        "import sys\nfrom playground.cli import main as cli\n"
        "try: cli.main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'gradio', 'sqlmodel', 'llama_cpp', 'pydantic', 'jinja2', 'fastapi', 'rich'}\n"
        "print('heavy:', sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy: []"
    assert "Usage: playground" in done.stdout


# --- a real process with the real model -----------------------------------------------------------------


def test_a_pattern_answers_on_the_embedded_model(data: Path, tried_engine: Tried) -> None:
    tried_engine(data)
    command = [*PLAYGROUND, "run", "hub/classification/sentiment", "--example"]
    done = forked.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "negative" in done.stdout
    assert stored(data)[0].cells[0].backend == "llama.cpp"


def test_ctrl_c_stops_the_model_and_keeps_what_arrived(
    data: Path, tmp_path: Path, tried_engine: Tried
) -> None:
    tried_engine(data)
    file = write_prompt(tmp_path, "Tell a very long story about the sea.")
    command = [*PLAYGROUND, "run", file, "--max-tokens", "4000"]
    with Program(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        first = os.read(process.stdout.fileno(), 100)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    [run] = stored(data)
    assert process.returncode == 130 and errors == b""
    assert run.cells[0].status == "cancelled" and run.cells[0].completion
    text = run.cells[0].completion.text
    assert text and (first + rest).decode().startswith(text[:20])


def test_a_reader_that_leaves_early_stops_the_model_without_a_traceback(
    data: Path, tmp_path: Path, tried_engine: Tried
) -> None:
    tried_engine(data)
    file = write_prompt(tmp_path, "Tell a very long story about the sea.")
    command = [*PLAYGROUND, "run", file, "--max-tokens", "4000"]
    with Program(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        os.read(process.stdout.fileno(), 10)
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(60)
    assert errors == b"" and process.returncode != 0
    assert stored(data)[0].cells[0].status == "cancelled"


def test_a_run_under_a_lock_says_so_waits_and_is_kept(
    call: Call,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("playground.store.writer.LOCK_MS", 50)
    monkeypatch.setattr("playground.runs.deposits.PATIENCE_S", 0.2)
    settings = Settings(data_dir=data, database_url="")
    open_store(settings).close()
    other = sqlite3.connect(settings.database_path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")

    def release_when_told() -> None:
        ending = time.monotonic() + 30
        while "What waits is kept" not in caplog.text and time.monotonic() < ending:
            time.sleep(0.02)
        time.sleep(0.5)  # the command is still there
        other.execute("COMMIT")

    releasing = Thread(target=release_when_told)
    releasing.start()
    called = call("run", write_prompt(tmp_path, "Hi"), "--model", "second")
    releasing.join()
    other.close()
    assert (called.code, called.out) == (0, "two\n")
    assert "in use by another program. What waits is kept in memory" in caplog.text
    store = open_store(settings)
    (row,) = store.history().rows
    completion = store.run(row.id).cells[0].completion
    store.close()
    assert completion and completion.text == "two"
