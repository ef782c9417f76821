"""The README's recipe for a backend of one's own works as it is pasted."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from playground import backends
from playground.backends.base import complete
from playground.errors import SettingsError
from playground.settings import Settings
from playground.types.generation import GenerationRequest, Message
from playground.types.prompt import Sampling

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The recipe's module, importable, and registered as its entry point says; gives its source."""
    text = README.read_text()
    (source,) = re.findall(r"```python\n# shout\.py\n(.*?)```", text, re.DOTALL)
    (entry,) = re.findall(
        r'```toml\n\[project\.entry-points\."playground\.backends"\]\nshout = "(.*?)"\n```', text
    )
    (tmp_path / "shout.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [EntryPoint("shout", entry, "playground.backends")]
    monkeypatch.setattr(backends, "entry_points", lambda group: points if group == points[0].group else [])
    backends._registered.cache_clear()
    yield source
    backends._registered.cache_clear()
    sys.modules.pop("shout", None)


async def test_the_recipe_answers_in_thirty_lines(pasted: str, tmp_path: Path) -> None:
    assert len(pasted.splitlines()) <= 30
    backend = backends.make_backend("shout", Settings(data_dir=tmp_path))
    assert [model.id for model in await backend.models()] == ["shout:loud"]
    assert (await backend.health()).ok
    request = GenerationRequest("shout:loud", (Message("user", "say it again"),), Sampling())
    answer = await complete(backend, request)
    assert (answer.text, answer.finish, answer.completion_tokens) == ("SAY IT AGAIN", "stop", 3)
    assert "temperature" in " ".join(answer.ignored)
    await backend.close()


def test_a_class_that_is_no_backend_is_refused_with_what_it_lacks(pasted: str, tmp_path: Path) -> None:
    module = import_module("shout")
    del module.ShoutBackend.stream, module.ShoutBackend.abilities
    with pytest.raises(SettingsError, match='The backend "shout" has no abilities, stream') as caught:
        backends.make_backend("shout", Settings(data_dir=tmp_path))
    assert "uninstall it" in caught.value.hint
