"""The READMEs, English and Chinese, cannot lie: tables and tree are made from the code; `README=write` writes them anew."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.main

from playground.cli.main import app
from playground.formats.registry import FORMATS
from playground.scorers import SCORERS, options_of
from playground.translation.shown import chinese

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CHINESE = ROOT / "data/README.zh.md"
OUTSIDE = {
    "prompts": "the pattern library: one .prompty file per prompt; travels in the wheel",
    "data": "playground.db of a checkout (not in git), screenshots of this page",
    "tests": "mirrors the tree; browser/ drives a real Chromium, bench/ measures, wire/ replays recorded servers",
}


Say = Callable[[str], str]


HEADS = {
    "Serve the app on this machine.": "在本机提供应用。",
    "command": "命令",
    "what it does": "作用",
    "format": "格式",
    "file": "文件",
    "read and written as": "读写为",
    "check": "检查",
    "options": "选项",
    "optional": "可选",
    "templates": "模板",
    "messages, variables filled in": "消息，变量已填入",
    "cases and checks, for a prompt that is here": "用例和检查，用于这里已有的提示词",
}


def in_chinese(text: str) -> str:
    """A text of this page, or of the code as a reader of Chinese is shown it."""
    return HEADS.get(text) or chinese().of(text)


def first_line(path: Path) -> str:
    """What a module says of itself, without its full stop."""
    doc = ast.get_docstring(ast.parse(path.read_text())) or ""
    return doc.partition("\n")[0].rstrip(".")


def script_line(path: Path) -> str:
    """What a script says of itself in its first comment, without its full stop."""
    return path.read_text().partition("\n")[0].removeprefix("// ").partition(". ")[0].rstrip(".")


def style_line(path: Path) -> str:
    """What a style sheet says of itself in its first comment, without its full stop."""
    return path.read_text().partition("\n")[0].removeprefix("/* ").removesuffix(" */").rstrip(".")


def commands(of: Say) -> str:
    """Every command with its help's first sentence, from the command line's own definition."""
    group = typer.main.get_command(app)
    served = of("Serve the app on this machine.")
    rows = [f"| {of('command')} | {of('what it does')} |", "|---|---|", f"| `playground` | {served} |"]
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        summary = (command.help or "").strip().partition("\n\n")[0].replace("\n", " ")
        rows.append(f"| `playground {name}` | {of(summary)} |")
    return "\n".join(rows)


def formats(of: Say) -> str:
    """The registry of formats."""
    rows = [f"| {of('format')} | {of('file')} | {of('read and written as')} |", "|---|---|---|"]
    for name, row in FORMATS.items():
        kind = "messages, variables filled in" if row.renders else "templates"
        kind = "cases and checks, for a prompt that is here" if row.only_cases else kind
        rows.append(f"| {of(row.label)} (`{name}`) | `{row.suffix}` | {of(kind)} |")
    return "\n".join(rows)


def scorers(of: Say) -> str:
    """The registry of checks with their options."""
    rows = [f"| {of('check')} | {of('options')} |", "|---|---|"]
    for name, row in SCORERS.items():
        maybe = f" ({of('optional')})"
        shown = ", ".join(f"`{o.name}`{'' if o.required else maybe}" for o in options_of(name))
        rows.append(f"| {of(row.label)} (`{name}`) | {shown or '–'} |")
    return "\n".join(rows)


def tree(of: Say) -> str:
    """Every module with the first line of its docstring."""
    lines = [f"{name + '/':<26}{text}" for name, text in OUTSIDE.items()]
    lines.append("playground/")
    package = ROOT / "playground"
    tops = sorted(package.iterdir(), key=lambda p: (p.is_dir(), p.name))
    for path in tops:
        if path.suffix == ".py" and path.name != "__init__.py":
            lines.append(f"  {path.name:<24}{first_line(path)}")
        elif path.is_dir() and (path / "__init__.py").is_file():
            lines.append(f"  {path.name + '/':<24}{first_line(path / '__init__.py')}")
            for module in sorted(path.glob("*.py")):
                if module.name != "__init__.py":
                    lines.append(f"    {module.name:<22}{first_line(module)}")
        if path.name == "ui":
            lines.append(f"    {'assets/':<22}icons.svg, the look, and the page's script:")
            styles, scripts = sorted(path.glob("assets/look/*.css")), sorted(path.glob("assets/*.js"))
            lines += [f"      {f'look/{style.name}':<20}{style_line(style)}" for style in styles]
            lines += [f"      {script.name:<20}{script_line(script)}" for script in scripts]
    return "\n".join(["```", *lines, "```"])


PARTS = {"commands": commands, "formats": formats, "scorers": scorers, "tree": tree}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("readme", [README, CHINESE], ids=["english", "chinese"])
def test_generated_parts_of_the_readme_are_those_of_the_code(readme: Path, part: str) -> None:
    if readme == CHINESE and part == "tree":  # the code describes itself in English
        assert "<!-- generated: tree" not in readme.read_text()
        return
    text = readme.read_text()
    pattern = re.compile(rf"(<!-- generated: {part} -->\n)(.*?)(<!-- end -->)", re.DOTALL)
    found = pattern.search(text)
    assert found, f"{readme.name} has no part called {part}"
    wanted = PARTS[part](str if readme == README else in_chinese) + "\n"
    if os.environ.get("README") == "write":
        readme.write_text(pattern.sub(lambda m: m[1] + wanted + m[3], text))
        return
    assert found[2] == wanted, f"{readme.name} is out of date: README=write pytest tests/test_readme.py"


def test_the_chinese_readme_says_what_the_english_one_says() -> None:
    """The same chapters, commands and pictures, and no line of English prose."""
    english, chinese_text = (p.read_text().partition("<summary><b>The tree")[0] for p in (README, CHINESE))
    for what in (r"^## ", r"^\*\*[^*]+\*\*", r"^!\["):
        counts = [len(re.findall(what, text, re.MULTILINE)) for text in (english, chinese_text)]
        assert counts[0] == counts[1] > 0, what
    for what in (r"```sh\n(.*?)```", r"`(PLAYGROUND_\w+)", r"`(CMAKE_ARGS.*?)`"):
        blocks = [set(re.findall(what, text, re.DOTALL)) for text in (english, chinese_text)]
        assert blocks[0] <= blocks[1] and blocks[0], what
    prose = re.sub(r"```.*?```|<[^>]*>|`[^`]*`|^\|.*$", "", chinese_text, flags=re.DOTALL | re.MULTILINE)
    assert [line for line in prose.splitlines() if re.search(r"[A-Za-z]{2,}( [a-z]{2,}){3}", line)] == []


def test_every_module_says_in_one_line_what_it_is() -> None:
    silent = [
        p for p in (ROOT / "playground").rglob("*.py") if "migrations" not in p.parts and not first_line(p)
    ]
    assert silent == []


@pytest.mark.parametrize("readme", [README, CHINESE], ids=["english", "chinese"])
def test_every_picture_and_path_of_the_readme_is_there(readme: Path) -> None:
    paths = re.findall(r"\[[^]]*\]\(([^)#]+)", readme.read_text())
    assert len(paths) >= 3
    assert [path for path in paths if not (readme.parent / path).is_file()] == []


def test_patterns_named_in_the_readme_exist() -> None:
    slugs = re.findall(r"\b(?:techniques|hub)(?:/[\w-]+){2}\b", README.read_text())
    assert slugs
    assert [slug for slug in slugs if not (ROOT / "prompts" / f"{slug}.prompty").is_file()] == []
