"""The style sheets as one: each rule also below Gradio's container, as Gradio itself would write it at every opening."""

from __future__ import annotations

import re
from pathlib import Path

import gradio
import httpx
import pytest

from playground.ui.app import STYLES
from playground.ui.styles import Styles, below


@pytest.mark.parametrize(
    ("css", "written"),
    [
        (".a { b: c; }", ".a { b: c; } #g .a { b: c; }"),
        (".a,\n.b > i { b: c }", ".a, .b > i { b: c } #g .a, #g .b > i { b: c }"),
        (".dark .a { b: c; }", ".dark .a { b: c; } .dark #g .a { b: c; }"),
        ("/* of } { */.a { b: c; }", ".a { b: c; } #g .a { b: c; }"),
        (""".a { b: "}{"; }\n.c { d: url('{'); }""", """.a { b: "}{"; } #g .a { b: "}{"; } .c { d: url('{'); } #g .c { d: url('{'); }"""),
        ("@media (x) { .a { b: c; } .d { e: f; } }", "@media (x) { .a { b: c; } #g .a { b: c; } .d { e: f; } #g .d { e: f; } }"),
        ("@keyframes k { 50% { b: c; } }", "@keyframes k { 50% { b: c; } }"),
        (".a :is(th, td) { b: c; }", ".a :is(th, td) { b: c; } #g .a :is(th, td) { b: c; }"),
        (":is(a:not(b), c), d { e: f; }", ":is(a:not(b), c), d { e: f; } #g :is(a:not(b), c), #g d { e: f; }"),
        (".dark { --a: b; }", ".dark { --a: b; } .dark #g { --a: b; }"),
    ],
)  # fmt: skip
def test_a_rule_stands_alone_and_below_the_container(css: str, written: str) -> None:
    assert " ".join(below(css, "#g").split()) == written


@pytest.mark.parametrize("css", ["@supports (a: b) { .a { b: c; } }", ".a { & .b { c: d; } }", "@media (x) { @keyframes k { 50% { b: c; } } }"])  # fmt: skip
def test_what_gradio_would_leave_out_is_not_known(css: str) -> None:
    with pytest.raises(ValueError, match="Not known"):
        below(css, "#g")


def test_the_sheets_of_the_page_are_all_there_in_their_order() -> None:
    styles = Styles(STYLES, "6.31.0")
    body, kept = styles.at("look.css", styles.version) or (b"", "")
    text = body.decode()
    assert "immutable" in kept
    places = [
        text.index(re.findall(r"^\.[\w-]+", path.read_text(), re.MULTILINE)[0] + " ") for path in STYLES
    ]
    assert len(places) == len(STYLES)
    assert text.count(".gradio-container.gradio-container-6-31-0 .contain ") > 1000
    assert text.count("{") == text.count("}")


def test_gradio_still_puts_our_rules_below_this_container() -> None:
    script = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (Path(str(gradio.__file__)).parent / "templates/frontend/assets").glob("core-*.js")
    )
    assert "`.gradio-container.gradio-container-${t} .contain `" in script
    assert r"/@import\s+url\((.*?)\);\s*/g" in script  # it leaves what is imported as it is


async def test_the_sheet_is_served_at_the_address_of_what_is_in_it(web: httpx.AsyncClient) -> None:
    styles = Styles(STYLES, "6.31.0")
    address = f"playground/{styles.version}/look.css"
    assert styles.css() == f"@import url({address});"
    assert f'href="{address}"' in styles.head()
    answer = await web.get(f"/{address}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["cache-control"]
    older = await web.get("/playground/0123456789abcdef/look.css")
    assert (older.text, older.headers["cache-control"]) == (answer.text, "no-cache")
    assert (await web.get("/playground/look.css")).status_code == 404


def test_what_can_be_done_with_an_experiment_is_there_in_a_narrow_window_too() -> None:
    """Its file, its checks and more cases stand nowhere else."""
    (sheet,) = [path for path in STYLES if path.stem == "experiments"]
    hidden = re.findall(r"([^{}]*)\{\s*display: none;", sheet.read_text())
    parts = [part.strip() for rule in hidden for part in rule.split(",")]
    assert ".exp-bar .hint.fold" in parts
    assert not [part for part in parts if part.endswith((".exp-bar .fold", ".btn.fold"))]


def test_the_class_of_a_small_sign_is_of_one_sheet() -> None:
    """What is underlined in the editor was drawn as wide as the sign of a data set's half: one letter under the other."""
    sheets = {
        path.stem: re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S) for path in STYLES
    }
    for name, sheet in sheets.items():
        for alone in re.findall(r"^\.([\w-]+) \{[^}]*?\bwidth: 1?\dpx", sheet, re.MULTILINE):
            others = [
                other
                for other, css in sheets.items()
                if other != name and re.search(rf"\.{alone}(?![\w-])", css)
            ]
            assert set(others) <= {"fit", "narrow", "chinese"}, (alone, others)
