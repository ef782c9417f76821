"""An answer that becomes a turn says the same again, whatever it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.templating.literal import literal
from playground.templating.rendering import check, normalise
from playground.templating.sandbox import SANDBOX
from playground.types.prompt import Turn

PIECES = [
    "{{ x }}",
    "{% raw %}",
    "{% endraw %}",
    "{%- endraw -%}",
    "{# c #}",
    "\nuser:\n",
    "a",
    "\n",
    " ",
    "}}",
    "{",
    '"',
    "%}",
]


def said(text: str) -> str:
    (turn,) = normalise([Turn(role="assistant", template=literal(text))])
    assert not check([turn], ())
    return SANDBOX.from_string(turn.template).render()


@given(
    st.lists(st.sampled_from(PIECES)).map("".join)
    | st.text(st.characters(exclude_characters="\r\x00", exclude_categories=["Cs"]))
)
def test_a_text_is_said_again_as_it_was(text: str) -> None:
    assert said(text) == text.rstrip("\n")


@pytest.mark.parametrize("text", ["Plain words.", "1 < 2 and {a}", "user: no role line"])
def test_a_plain_text_stays_readable(text: str) -> None:
    assert literal(text) == text
