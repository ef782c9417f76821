"""A database as the first release wrote it, opened by this one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from playground.settings import Settings
from playground.store import Store, content_hash, open_store, schema
from playground.store.database import connect, locate, prepare_file
from playground.types.grid import Variant
from playground.types.prompt import Prompt, Turn

COLUMN = Variant(model="a:b")
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def prompt(text: str, **fields: Any) -> Prompt:
    return Prompt(name="Mail", turns=(Turn(role="user", template=text),), **fields)


OLD = prompt("Write an old mail", family="old", tags=("gone",))
NEW = prompt("Write a mail", family="coding", tags=("b", "a", "b"), description="A\0mail", name_zh="邮件")


@pytest.fixture
def first_release(settings: Settings) -> Settings:
    """The prompts kept, with two versions and a run, and binned, in a file of revision 0001."""
    place = locate(settings)
    assert place.path is not None
    prepare_file(place.path)
    engine = connect(place, foreign_keys=False).execution_options(write=True)
    with engine.begin() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        tables = sa.MetaData()
        tables.reflect(connection)

        def insert(table: str, **values: Any) -> None:
            connection.execute(sa.insert(tables.tables[table]), values)

        hashes = {body: content_hash(each) for body, each in (("old", OLD), ("new", NEW))}
        for body, each in (("old", OLD), ("new", NEW)):
            insert("content", hash=hashes[body], json_text=json.dumps(each.model_dump(mode="json")))
        for ident, key, latest, deleted in (("kept", "mail", 2, None), ("binned", None, 1, WHEN)):
            times = {"created_at": WHEN, "updated_at": WHEN, "deleted_at": deleted}
            row = {"name": "Mail", "name_key": key, "origin": "mine", "forked_from": "", "latest": latest}
            insert("prompt", id=ident, search_text="mail", **row, **times)
        for ident, of, number, body in (
            ("v1", "kept", 1, "old"), ("v2", "kept", 2, "new"), ("v3", "binned", 1, "old"),
        ):  # fmt: skip
            told = {"message": "m", "author": "Ada", "created_at": WHEN}
            insert("version", id=ident, prompt_id=of, number=number, content_hash=hashes[body], **told)
        comparison = {"prompt": hashes["old"], "values": {}, "columns": [COLUMN.model_dump(mode="json")]}
        run = {"status": "done", "title": "T", "note": "", "search_text": "", "comparison": comparison}
        insert("run", id="r1", created_at=WHEN, version_id="v1", content_hash=hashes["old"], **run)
    engine.dispose()
    return settings


@pytest.fixture
def upgraded(first_release: Settings) -> Any:
    store = open_store(first_release)
    yield store
    store.close()


def test_an_upgraded_library_shows_and_finds_its_prompts_like_a_new_one(
    upgraded: Store, first_release: Settings
) -> None:
    (card,) = upgraded.prompts()
    assert (card.description, card.family, card.tags) == ("A\0mail", "coding", ("b", "a"))
    assert (card.id, card.content_hash, card.latest) == ("kept", content_hash(NEW), 2)
    assert card.updated_at == WHEN
    assert upgraded.prompts("邮件", tag="a", family="coding") == [card]
    assert [p.id for p in upgraded.prompts(binned=True)] == ["binned"]
    assert upgraded.facets().tags == {"a": 1, "b": 1}
    assert [v.variant for v in upgraded.versions("kept")] == ["", ""]
    assert Path(f"{first_release.database_path}.bak-0001").exists()


def test_an_upgraded_library_goes_on_as_before(upgraded: Store) -> None:
    assert upgraded.version("kept", 1).prompt == OLD
    assert upgraded.run("r1").version == upgraded.version("kept", 1)
    assert upgraded.save_version(prompt("three"), message="", prompt_id="kept").number == 3
    assert upgraded.bin.take_out("binned", "Old mail").number == 2
    upgraded.bin.put("kept")
    upgraded.bin.purge("kept")
    run = upgraded.run("r1")
    assert (run.version, run.spec.prompt) == (None, OLD)


def test_an_upgraded_schema_equals_a_new_one(
    upgraded: Store, first_release: Settings, tmp_path: Path
) -> None:
    fresh = Settings(data_dir=tmp_path / "fresh", database_url="")
    open_store(fresh).close()

    def described(settings: Settings) -> dict[str, Any]:
        engine = connect(locate(settings))
        inspector = sa.inspect(engine)
        found = {
            table: (
                sorted((c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)),
                sorted(i["name"] or "" for i in inspector.get_indexes(table)),
                sorted(k["name"] or "" for k in inspector.get_foreign_keys(table)),
                sorted(u["name"] or "" for u in inspector.get_unique_constraints(table)),
            )
            for table in inspector.get_table_names()
        }
        engine.dispose()
        return found

    assert described(first_release) == described(fresh)
