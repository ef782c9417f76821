"""A technique of one's own, written as the README shows it, runs as pasted and is offered like ours."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from playground.techniques import registry
from playground.techniques.registry import rows
from playground.techniques.technique import Technique
from tests.techniques.scripted import play

README = Path(__file__).parents[2] / "README.md"
FOUND = re.search(r"A technique of your own.*?```python\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.skipif(FOUND is None, reason="README.md shows no technique of one's own")
async def test_the_recipe_of_the_readme_runs_as_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert FOUND is not None
    assert len(FOUND[1].strip().splitlines()) <= 30
    (tmp_path / "longest.py").write_text(FOUND[1])
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("longest", "longest:LONGEST", "playground.techniques")
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    registry._registered.cache_clear()
    try:
        assert rows()["longest"].is_in_guide is False
        played = await play("longest", ["short", "the longest", "longer"], "Why?")
        assert (played.answer.text, played.answer.calls, dict(played.answer.facts)) == (
            "the longest",
            3,
            {"tries": "3"},
        )
        assert [step.state for step in played.answer.steps] == ["", "answer", ""]
        assert rows()["longest"].read({"tries": "5"})["tries"] == 5
    finally:
        registry._registered.cache_clear()


def test_what_another_package_registers_must_be_a_technique_and_never_replaces_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from playground.errors import SettingsError

    def registering(name: str, value: str) -> None:
        point = EntryPoint(name, value, "playground.techniques")
        monkeypatch.setattr(registry, "entry_points", lambda group: [point])
        registry._registered.cache_clear()

    try:
        registering("strange", "playground.techniques.technique:LACKS")
        with pytest.raises(SettingsError, match='The technique "strange" of another package'):
            rows()
        registering("self-consistency", "tests.techniques.test_recipe:OTHER")
        assert rows()["self-consistency"].title == "Self-consistency"
    finally:
        monkeypatch.undo()
        registry._registered.cache_clear()


OTHER = Technique("nothing:here", "Other", "其他")
