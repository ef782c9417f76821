"""The command line for a reader of Chinese: help, errors and tables; what programs read stays English."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from playground.cli import main
from playground.cli.chinese_help import in_chinese
from playground.cli.terminal import parted, reader_language, shown, unknown_language
from playground.settings import Settings
from playground.store import open_store
from playground.translation.lines import width
from playground.types.prompt import Prompt, Turn
from tests.conftest import Call

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(autouse=True)
def language(data: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_LANG", "zh")


def test_errors_are_told_in_the_readers_language(call: Call) -> None:
    called = call("run", "nope")
    assert called.code == 2
    assert called.err.startswith("错误：没有") and "nope" in called.err
    assert not re.search("[A-Za-z]{3,} [a-z]{3,} ", called.err)


def test_how_answers_were_made_is_told_in_the_readers_language() -> None:
    way = "batched, guesses ahead, tiles from 1024 tokens, probe: company changes no bit"
    assert parted("exact", f"llama-cpp-python 0.3.36, {way}") == (
        "精确，llama-cpp-python 0.3.36，批处理，提前猜测，从 1024 个 token 起分块，探测：同伴不改变任何一位"
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("choice of 12, 1 empty", "12 选一，1 个为空"),
        ("tag, choice of 3", "标签，3 选一"),
        ("expected, choice of 2, 3 empty", "期望答案，2 选一，3 个为空"),
        ("cluster, text, 1 empty", "聚类，文本，1 个为空"),
    ],
)
def test_what_a_column_holds_is_told_in_the_readers_language(said: str, told: str) -> None:
    assert shown(said) == told


def test_help_is_in_the_readers_language(call: Call) -> None:
    told = call("run", "--help").out
    assert told.startswith("用法：") and "选项" in told and "变量的值" in told
    assert "Value of a variable" not in told and "Show this message" not in told


@pytest.mark.parametrize(
    ("environment", "language", "unknown"),
    [
        ({"PLAYGROUND_LANG": "zh", "LC_ALL": "C"}, "zh", ""),
        ({"PLAYGROUND_LANG": "en_GB", "LANG": "zh_CN.UTF-8"}, "en", ""),
        ({"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "zh", ""),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en", ""),
        ({"LANG": "zh_TW.UTF-8"}, "zh", ""),
        ({"LANG": "fr_FR.UTF-8"}, "en", ""),
        ({"PLAYGROUND_LANG": "fr", "LANG": "zh_CN.UTF-8"}, "en", "fr"),
        ({}, "en", ""),
    ],
)
def test_the_language_is_the_one_that_was_asked_for_else_the_locale(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], language: str, unknown: str
) -> None:
    for name in ("PLAYGROUND_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (reader_language(), unknown_language()) == (language, unknown)


def test_a_language_that_is_none_here_is_said(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_LANG", "fr")
    called = call("run", "nope")
    assert called.err.startswith('Note: PLAYGROUND_LANG is "fr", which is no language here: en or zh.')
    assert "There is no prompt" in called.err


def test_what_programs_read_stays_english(call: Call) -> None:
    told = json.loads(call("list", "--format", "json").out)
    assert told.keys() == {"patterns", "saved"}
    assert not CHINESE.search(told["patterns"][0]["name"] + told["patterns"][0]["slug"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run",), "错误：缺少参数“PROMPT”。"),
        (("runn",), "错误：没有命令“runn”。是否指“run”？"),
        (
            ("data", "export", "x", "--format", "foo"),
            "“foo”不在“csv”、“tsv”、“json”、“jsonl”、“xlsx”、“parquet”之中。",
        ),
        (("run", "x", "--seed", "abc"), "错误：“--seed”的值无效：须为整数"),
        (("run", "x", "--exampl"), "错误：没有选项 --exampl（相近的选项：--example、--samples）"),
        (("run", "x", "--samples"), "错误：选项“--samples”需要一个值。"),
    ],
)
def test_a_command_that_cannot_be_read_is_refused_in_the_readers_language(
    call: Call, arguments: tuple[str, ...], told: str
) -> None:
    called = call(*arguments)
    assert called.code == 2
    assert called.err.endswith(f"{told}\n")
    assert "Error" not in called.err and "Try" not in called.err and "Usage" not in called.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("doctor", "foo"), "错误：指定模型须与 --exact 同用。请写明：playground doctor --exact foo"),
        (("run", "e.yaml"), "错误：e.yaml 没有变体。至少指定两个，例如：variants: {A: {baseline: true}, B: {technique: chain-of-thought}}"),
        (("run", "e.yaml", "--seed", "3"), "错误：--seed 不能与实验的文件同用。请在文件中说明。"),
        (("run", "e2.yaml", "--markdown", "no/x.md"), "错误：no/x.md 所在的文件夹不存在。请先给出一个文件，然后再运行。"),
        (("document", "remove", "x"), "错误：没有文档“x”。文档：无。"),
        (("server", "add", "gpu", "http://127.0.0.1:1", "--kind", "vllm"), "已添加 gpu：vLLM，位于 http://127.0.0.1:1"),
    ],
)  # fmt: skip
def test_what_a_command_says_is_chinese_but_for_names_and_options(
    call: Call, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    (tmp_path / "e.yaml").write_text("prompt: techniques/role/role\n")
    (tmp_path / "e2.yaml").write_text(
        "prompt: techniques/role/role\nvariants: {A: {baseline: true}, B: {technique: zero-shot}}\n"
    )
    called = call(*arguments)
    assert called.err + called.out == f"{told}\n"


def test_the_half_of_a_row_is_said_in_the_readers_language(call: Call, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("text\nx\n")
    call("data", "import", "m.csv")
    call("data", "split", "m", "--held-out", "1")
    assert "\n第 1 行（留出）\n" in call("data", "show", "m").out


def test_what_the_system_says_is_told_in_the_readers_language(call: Call) -> None:
    assert call("data", "import", "/no.csv").err == "错误：无法读取 /no.csv：没有该文件或目录。请检查路径。\n"


def test_every_help_of_every_command_is_in_the_readers_language(call: Call) -> None:
    def helps(command: Any) -> Iterator[str]:
        yield from (
            part for part in [command.help, *(getattr(p, "help", "") for p in command.params)] if part
        )
        for below in getattr(command, "commands", {}).values():
            yield from helps(below)

    told = list(helps(in_chinese(get_command(main.app))))
    assert len(told) > 100
    assert [text for text in told if re.search("[A-Za-z]{3,}", text) and not CHINESE.search(text)] == []
    assert call("data", "--help").out.startswith("用法：playground data [选项] 命令 [参数]...")


def test_the_lines_of_a_help_are_no_wider_than_the_terminal_and_begin_with_no_closing_mark(
    call: Call,
) -> None:
    for command in ((), ("run",), ("doctor",), ("data", "import"), ("library", "sync"), ("server", "add")):
        lines = call(*command, "--help").out.splitlines()
        assert [line for line in lines if width(line) > 80 or re.match(r"\s*[，。；：、）”]", line)] == []
        columns = {
            width(line[: line.index(found[1])])
            for line in lines
            if (found := re.match(r"  --\S.*?  (\S)", line))
        }
        assert len(columns) <= 2, columns  # the width of the lists of arguments and of options


def test_tables_keep_the_names_of_users_and_stand_in_columns(call: Call, data: Path) -> None:
    store = open_store(Settings(data_dir=data))
    for name in ("Data", "爬行提示词"):
        store.save_version(Prompt(name=name, turns=(Turn(role="user", template="说"),)), message="")
    store.close()
    mine = [line for line in call("list").out.splitlines() if "已保存" in line]
    assert [line.split()[0] for line in mine] == ["爬行提示词", "Data"]
    assert len({width(line[: line.index("已保存")]) for line in mine}) == 1
    samples = call("data", "list").out.splitlines()[2:]
    assert {line.split()[0] for line in samples} >= {"arithmetic", "sentiment", "facts-zh"}
    assert [
        line for line in samples if re.search("[A-Za-z]{3,}", " ".join(line.split()[1:]).replace("JSON", ""))
    ] == []
    assert len({width(line[: line.index(" 行")]) for line in samples}) == 1


def test_what_is_said_of_a_column_leaves_its_name(call: Call, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("answer,sentiment\nx,y\n")
    told = call("data", "import", "m.csv", "--name", "Data").out
    assert "  answer：文本，" in told and "  sentiment：文本，" in told and "Data@1" in told
    assert "  sentiment：文本" in call("data", "show", "Data").out


def test_prompts_are_imported_bundled_and_synced_in_the_readers_language(call: Call, data: Path) -> None:
    (data.parent / "a.prompty").write_text("---\nname: Data\n---\nuser:\nHi\n")
    added = call("library", "import", "a.prompty")
    assert (
        added.out
        == "新  添加  Data（a.prompty）：还不在你的提示词库中。\n添加 1 个，0 个新版本，略过 0 个。\n"
    )
    assert call("library", "export", "包.zip").out == "1 个提示词已写入 包.zip\n"
    synced = call("library", "sync", "文件夹")
    assert synced.out == "已写入文件夹  data.prompty\n0 个相同，1 个已带入，0 个冲突。\n"


def test_an_error_and_what_to_do_next_are_each_told_in_chinese(call: Call, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("text,mood\nx,y\n")
    (tmp_path / "n.yaml").write_text("- 1\n")
    (tmp_path / "p.prompty").write_text("---\nname: p\n---\nuser:\nHi\n")
    call("library", "import", "p.prompty")
    again = call("library", "import", "p.prompty").out
    assert again.startswith("相同  跳过  p（p.prompty）：与你的第 1 版相同。\n")
    for arguments, told in (
        (("bench-techniques", "m.csv"), "把它命名为其中之一：expected、answer、output、label、"),
        (("run", "n.yaml"), "它的键有：name、prompt、variants、model、"),
        (("server", "add", "x", "http://127.0.0.1:1", "--kind", "y"), "类型：ollama、vllm、"),
        (("show", "p@生产"), "“p”没有标签“生产”。它没有标签。它最新的版本是 1。\n"),
        (("data", "import", "没有.csv"), "错误：无法读取 没有.csv：没有该文件或目录。请检查路径。\n"),
    ):
        assert told in call(*arguments).err


def test_rows_that_are_nearly_equal_and_halves_are_told_in_chinese(call: Call, tmp_path: Path) -> None:
    rows = ["北京是中国的首都吗", "北京是中国首都吗", "今天天气怎么样", "今天天气怎么样"]
    (tmp_path / "重.csv").write_text("问题\n" + "\n".join(rows) + "\n")
    call("data", "import", "重.csv")
    told = call("data", "dedupe", "重", "--near").out
    assert told == (
        "第 2 行与第 1 行有 89% 的词相同\n第 4 行等于第 3 行\n重@2：2 行，去除 2 行，它们与另一行相同或近似相同\n"
    )
    assert call("data", "split", "重", "--held-out", "0.5").out == "重@3：训练 1，留出 1，按种子 7 抽取\n"
