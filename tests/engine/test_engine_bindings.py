"""What the engine process loads of llama-cpp-python, and the chat templates that it renders without it."""

import subprocess
import sys
from importlib.metadata import version as installed

import jinja2
import pytest

from playground.engine.bindings import version
from playground.engine.chat_template import ChatTemplate

TURNS = [{"role": "user", "content": "Grüß"}, {"role": "assistant", "content": "Gott"}]


def said(source: str, *, thinking: bool = False) -> str:
    return ChatTemplate(source, bos="<s>", eos="</s>").text(TURNS, thinking=thinking)


def test_an_engine_process_loads_nothing_of_the_high_level_api_nor_numpy() -> None:
    names = (
        "llama_cpp.llama",
        "llama_cpp.llama_chat_format",
        "diskcache",
        "sqlite3",
        "importlib.metadata",
        "numpy",
    )
    script = f"import sys, playground.engine.worker; sys.exit(', '.join(n for n in {names} if n in sys.modules) or 0)"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_version_in_receipts_is_that_of_the_package() -> None:
    assert version() == installed("llama-cpp-python")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "{{ bos_token }}{% for m in messages %}\n  {% if loop.index == 2 %}\n  {% break %}\n  {% endif %}\n{{ m.role }}\n"
            "{% endfor %}{{ eos_token }}",
            "<s>user\n</s>",
        ),
        ("{% generation %}{{ messages[1].content }}{% endgeneration %}", "Gott"),
        (
            "{{ messages[0] | tojson }} {{ {'b': 1, 'a': 2} | tojson(sort_keys=True) }}",
            '{"role": "user", "content": "Grüß"} {"a": 2, "b": 1}',
        ),
        ("{% if tools is none and add_generation_prompt %}{{ enable_thinking }}{% endif %}", "False"),
        ("{{ strftime_now('%%') }}", "%"),
    ],
    ids=["blocks", "generation", "json", "names", "date"],
)
def test_a_template_finds_what_transformers_gives_it(source: str, text: str) -> None:
    assert said(source) == text


def test_a_template_hears_that_thinking_is_wanted_and_may_refuse() -> None:
    assert said("{{ enable_thinking }}", thinking=True) == "True"
    with pytest.raises(ValueError, match="no system turn"):
        said("{{ raise_exception('no system turn') }}")


def test_a_template_changes_no_message_and_reaches_nothing_else() -> None:
    for source in ("{{ messages.append(1) }}", "{{ messages.__class__.__mro__ }}"):
        with pytest.raises(jinja2.TemplateError):
            said(source)
