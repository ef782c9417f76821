from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql

import playground.store
from playground.errors import ReadOnlyData, StoreError
from playground.settings import Settings
from playground.store import Store, database_facts, open_store, open_to_read, schema
from playground.store.database import connect, locate
from playground.store.tables import Table
from playground.types.prompt import Prompt, Turn

MakeRun = Callable[..., str]
PROMPT = Prompt(name="Kept", turns=(Turn(role="user", template="Hi"),))

HEAD = schema.HEAD
NEXT = "0999"
NEXT_REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{head}"

def upgrade():
    with op.batch_alter_table("run", recreate="always") as run:
        run.add_column(sa.Column("colour", sa.Text(), nullable=True))
    {then}
"""


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as file:
        return file.execute(query).fetchall()


@pytest.fixture
def next_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the program one schema revision newer; the argument is a further line of its upgrade."""

    def release(then: str = "pass") -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(Path(playground.store.__file__).with_name("migrations"), folder)
        (folder / "versions" / "0999_colour.py").write_text(
            NEXT_REVISION.format(then=then, head=HEAD, next=NEXT)
        )
        monkeypatch.setattr(schema, "MIGRATIONS", str(folder))
        monkeypatch.setattr(schema, "HEAD", NEXT)

    return release


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write anywhere; take that right away for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Path]:
    """A folder that everybody may read and nobody may write."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def reflected(engine: sa.Engine) -> dict[str, object]:
    """Everything the database knows of its tables."""
    look = sa.inspect(engine)
    return {
        table: (
            sorted(str({**column, "type": str(column["type"])}) for column in look.get_columns(table)),
            look.get_pk_constraint(table)["constrained_columns"],
            sorted(map(str, look.get_foreign_keys(table))),
            sorted(map(str, look.get_unique_constraints(table))),
            sorted(
                str(
                    {
                        **index,
                        "dialect_options": {name: str(of) for name, of in index["dialect_options"].items()},
                    }
                )
                for index in look.get_indexes(table)
            ),
        )
        for table in look.get_table_names()
    }


def test_the_migrated_schema_equals_the_models_and_the_one_made_at_once(
    settings: Settings, tmp_path: Path
) -> None:
    migrated = connect(locate(settings.model_copy(update={"data_dir": tmp_path})))
    with migrated.begin() as connection:
        schema._upgrade(connection)
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Table.metadata) == []
    open_store(settings).close()
    made = connect(locate(settings))
    assert reflected(made) == reflected(migrated)
    assert rows(settings.database_path, "SELECT version_num FROM alembic_version") == [(schema.HEAD,)]
    made.dispose()
    migrated.dispose()


def test_the_known_head_is_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(schema._config()).get_heads() == [schema.HEAD]


def test_every_table_can_be_made_on_postgresql() -> None:
    statements = [
        str(sa.schema.CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
        for table in Table.metadata.sorted_tables
    ]
    assert len(statements) >= 23
    assert all("TIMESTAMP WITH TIME ZONE" in text or "_at" not in text for text in statements)


def test_a_new_file_and_its_folder_are_for_the_owner_only(settings: Settings) -> None:
    store = open_store(settings)
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
    for file in settings.data_dir.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    store.close()


def test_the_pragmas_that_keep_data_safe_are_on(store: Store) -> None:
    with store._engine.connect() as connection:
        values = [
            connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "foreign_keys")
        ]
        assert values == ["wal", 1]
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 10_000


def test_opening_again_keeps_the_data_and_makes_no_copy(store: Store, settings: Settings) -> None:
    store.save_version(PROMPT, message="")
    again = open_store(settings)
    assert [p.name for p in again.prompts()] == ["Kept"]
    again.close()
    assert list(settings.data_dir.glob("*.bak*")) == []


def test_an_older_file_is_copied_with_its_log_and_then_upgraded(
    store: Store, settings: Settings, make_run: MakeRun, next_release: Callable[[], None]
) -> None:
    run_id = make_run("answer")
    store.vote(run_id, "column", 0)
    assert settings.database_path.with_name("playground.db-wal").stat().st_size > 0
    next_release()
    upgraded = open_store(settings)
    assert upgraded.run(run_id) == store.run(run_id)
    assert upgraded.facts().revision == NEXT
    upgraded.close()
    copy = settings.data_dir / f"playground.db.bak-{HEAD}"
    assert rows(copy, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert rows(copy, "SELECT text FROM step") == [("answer",)]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_copy_from_before_is_never_overwritten(
    store: Store, settings: Settings, next_release: Callable[[], None]
) -> None:
    first = settings.data_dir / f"playground.db.bak-{HEAD}"
    first.write_text("precious")
    next_release()
    open_store(settings).close()
    assert first.read_text() == "precious"
    assert rows(first.with_name(f"playground.db.bak-{HEAD}-2"), "SELECT count(*) FROM run") == [(0,)]


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(
    store: Store, settings: Settings, make_run: MakeRun, next_release: Callable[[str], None]
) -> None:
    run_id = make_run("answer")
    next_release('op.execute("DELETE FROM nowhere")')
    with pytest.raises(StoreError):
        open_store(settings)
    columns = [row[1] for row in rows(settings.database_path, "PRAGMA table_info(run)")]
    assert "colour" not in columns
    assert database_facts(settings).revision == HEAD
    assert store.run(run_id).title == "A run"


def test_an_upgrade_that_would_lose_links_is_undone(
    store: Store, settings: Settings, make_run: MakeRun, next_release: Callable[[str], None]
) -> None:
    run_id = make_run("answer")
    next_release('op.execute("DELETE FROM run")')
    with pytest.raises(StoreError, match="lost links"):
        open_store(settings)
    assert store.run(run_id).title == "A run"


def test_a_newer_file_is_refused_and_left_alone(store: Store, settings: Settings) -> None:
    store.close()
    with closing(sqlite3.connect(settings.database_path)) as file:
        file.execute("UPDATE alembic_version SET version_num = '0999'")
        file.commit()
    with pytest.raises(StoreError, match=r"written by a newer version .* \(schema 0999\)") as caught:
        open_store(settings)
    assert "Update the program" in caught.value.hint
    assert list(settings.data_dir.glob("*.bak*")) == []
    assert database_facts(settings).revision == "0999"


def test_a_file_that_is_no_database_is_named_and_left_alone(settings: Settings) -> None:
    settings.data_dir.mkdir()
    settings.database_path.write_text("This is a letter, not a database. " * 100)
    for call in (open_store, database_facts):
        with pytest.raises(StoreError, match="is not a database") as caught:
            call(settings)
        assert "Move that file away" in caught.value.hint
    assert settings.database_path.read_text().startswith("This is a letter")


def test_the_database_of_another_program_is_refused(settings: Settings) -> None:
    settings.data_dir.mkdir()
    with closing(sqlite3.connect(settings.database_path)) as file:
        file.execute("CREATE TABLE bookmarks (url TEXT)")
    with pytest.raises(StoreError, match="belongs to another program"):
        open_store(settings)


def test_a_folder_that_may_not_be_written_is_an_error_of_its_own(sealed: Path) -> None:
    for folder in (sealed, sealed / "below"):
        with unprivileged(), pytest.raises(ReadOnlyData, match="cannot be written") as caught:
            open_store(Settings(data_dir=folder, database_url=""))
        assert "--data DIR" in caught.value.hint


def test_a_file_that_may_not_be_written_is_an_error_of_its_own(sealed: Path) -> None:
    sealed.chmod(0o777)
    file = sealed / "playground.db"
    file.touch()
    file.chmod(0o444)
    with unprivileged(), pytest.raises(ReadOnlyData):
        open_store(Settings(data_dir=sealed, database_url=""))


def test_what_is_in_a_folder_that_may_not_be_written_can_be_read(sealed: Path) -> None:
    settings = Settings(data_dir=sealed, database_url="")
    sealed.chmod(0o777)
    store = open_store(settings)
    store.save_version(PROMPT, message="")
    store.close()
    settings.database_path.chmod(0o644)
    sealed.chmod(0o555)
    with unprivileged():
        store = open_to_read(settings)
        assert [prompt.name for prompt in store.prompts()] == ["Kept"]
        assert store.facts().revision == HEAD
        with pytest.raises(ReadOnlyData):
            store.save_version(PROMPT.model_copy(update={"name": "More"}), message="")
        store.close()
    assert [file.name for file in sealed.iterdir()] == ["playground.db"]


def test_a_log_that_cannot_be_read_is_not_passed_over(sealed: Path) -> None:
    settings = Settings(data_dir=sealed, database_url="")
    sealed.chmod(0o777)
    store = open_store(settings)
    store.save_version(PROMPT, message="")
    for name in ("playground.db", "playground.db-wal"):  # as they are while the program runs
        shutil.copy(sealed / name, sealed / f"of-{name}")
    store.close()
    for name in ("playground.db", "playground.db-wal"):
        (sealed / f"of-{name}").replace(sealed / name)
        (sealed / name).chmod(0o644)
    sealed.chmod(0o555)
    with unprivileged(), pytest.raises(StoreError):
        open_to_read(settings)


def test_an_older_file_that_cannot_be_upgraded_is_told_where_it_can(
    settings: Settings, next_release: Callable[[str], None]
) -> None:
    open_store(settings).close()
    before = settings.database_path.read_bytes()
    next_release()
    with pytest.raises(StoreError, match="older version") as caught:
        open_to_read(settings)
    assert "Copy it to a folder" in caught.value.hint
    assert settings.database_path.read_bytes() == before


@pytest.mark.parametrize("below", ["", "data"])
def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be the database"):
        open_store(Settings(data_dir=tmp_path / "file" / below, database_url=""))


def test_a_folder_in_the_place_of_the_file_is_refused(settings: Settings) -> None:
    settings.database_path.mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be the database"):
        open_store(settings)


@pytest.mark.parametrize("name", ["100% sure", "a b?c#d", "été"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    settings = Settings(data_dir=tmp_path / name, database_url="")
    store = open_store(settings)
    store.save_version(PROMPT, message="")
    assert store.facts().counts["prompt"] == 1
    store.close()


def test_a_database_address_may_name_an_sqlite_file(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "unused", database_url=f"sqlite:///{tmp_path}/team.db")
    open_store(settings).close()
    assert database_facts(settings).path == str(tmp_path / "team.db")
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize("url", ["nonsense", "sqlite://", "sqlite:///:memory:", "nosuchdb://u:secret@host/x"])
def test_an_address_that_cannot_be_used_is_refused_without_telling_its_password(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(Settings(data_dir=tmp_path, database_url=url))
    assert caught.value.hint
    assert "secret" not in str(caught.value)


def test_a_full_disk_is_told_and_nothing_is_half_written(store: Store, make_run: MakeRun) -> None:
    run_id = make_run("answer", None)
    before = (store.run(run_id), store.facts().counts)
    with store._engine.connect() as connection:  # the pool has this one connection
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 3}")
    long = "x" * 100_000
    for call in (
        lambda: make_run(None, template=long),
        lambda: store.save_version(Prompt(name="Long", description=long), message=""),
        lambda: store.note(run_id, long),
    ):
        with pytest.raises(StoreError, match="disk is full, so nothing was saved") as caught:
            call()
        assert "Free some space" in caught.value.hint
        assert (store.run(run_id), store.facts().counts) == before
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    store.note(run_id, long)
    assert store.run(run_id).note == long


def test_a_database_held_by_another_program_is_told(store: Store, settings: Settings) -> None:
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(settings.database_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="in use by another program"):
            store.save_version(PROMPT, message="")
        assert store.prompts() == []
        other.execute("ROLLBACK")
    assert store.save_version(PROMPT, message="").number == 1


def test_a_damaged_file_is_told(store: Store, settings: Settings, make_run: MakeRun) -> None:
    for _ in range(20):
        make_run("x" * 5000)
    store.close()
    with settings.database_path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (settings.database_path.stat().st_size - 8192))
    with pytest.raises(StoreError, match="damaged"):
        open_store(settings).history("x")


def test_facts_neither_create_nor_upgrade(settings: Settings) -> None:
    facts = database_facts(settings)
    assert (facts.size_bytes, facts.revision, facts.head, facts.counts) == (0, None, schema.HEAD, {})
    assert not settings.data_dir.exists()


def test_facts_count_rows_by_table(store: Store, settings: Settings, make_run: MakeRun) -> None:
    make_run("a", None)
    store.save_version(PROMPT, message="")
    facts = store.facts()
    assert (facts.path, facts.revision) == (str(settings.database_path), schema.HEAD)
    assert facts.size_bytes > 4096
    counted = {name: count for name, count in facts.counts.items() if count}
    assert counted == dict(
        content=2, prompt=1, version=1, run=1, cell=2, step=1, run_case=1, variant=2, cell_text=1
    )
    assert facts.counts.keys() == Table.metadata.tables.keys()
