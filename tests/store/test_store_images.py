"""The images of a comparison: stored once, found again, and never in the way of a run."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from playground.settings import Settings
from playground.store import Store, open_store
from playground.types.grid import RunSpec, Variant
from playground.types.prompt import Prompt, Sampling, Turn
from tests.works import work

PROMPT = Prompt(name="Look", turns=(Turn(role="user", template="What is this?"),))
IMAGE = base64.b64encode(b"\x89PNG" + bytes(range(256)) * 40).decode()
OTHER = base64.b64encode(b"GIF89a").decode()


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


def comparison(*images: str) -> RunSpec:
    return RunSpec.comparison(prompt=PROMPT, variants=(Variant(model="a:b"),), images=images)


@pytest.fixture
def create(store: Store) -> Callable[..., str]:
    def make(*images: str) -> str:
        cell = work(0, "a:b", PROMPT, Sampling())
        return store.create_run(comparison(*images), [cell], title="Look")

    return make


def blobs(path: Path) -> list[bytes]:
    with closing(sqlite3.connect(path)) as file:
        return [row[0] for row in file.execute("SELECT data FROM blob ORDER BY length(data)")]


def test_the_images_of_a_run_come_back_in_order(store: Store, create: Callable[..., str]) -> None:
    assert store.run(create(IMAGE, OTHER, IMAGE)).spec.case.images == (IMAGE, OTHER, IMAGE)
    assert store.run(create()).spec.case.images == ()


def test_an_image_is_stored_once_and_not_inside_the_run(
    store: Store, create: Callable[..., str], settings: Settings
) -> None:
    for _ in range(3):
        create(IMAGE, OTHER)
    assert blobs(settings.database_path) == [b"GIF89a", base64.b64decode(IMAGE)]
    with closing(sqlite3.connect(settings.database_path)) as file:
        assert max(row[0] for row in file.execute("SELECT length(comparison) FROM run")) < 2_000


@pytest.mark.parametrize("text", ["no base64 at all", "Zg=", "Z g==", ""])
def test_a_text_that_is_no_image_stays_as_it_was_sent(
    create: Callable[..., str], store: Store, text: str
) -> None:
    assert store.run(create(text, IMAGE)).spec.case.images == (text, IMAGE)


def test_a_repeat_with_another_comparison_keeps_its_images(store: Store, create: Callable[..., str]) -> None:
    run_id = create(IMAGE)
    store.add_repeat(run_id, work(0, "a:b", PROMPT, Sampling()), spec=comparison(OTHER))
    assert store.run(run_id).spec.case.images == (OTHER,)
