"""The schema's revision: look, copy the file, upgrade, or refuse.

new file            → upgrade
an older revision   → copy to playground.db.bak-<revision>, then upgrade
HEAD                → nothing to do
any other           → StoreError: written by a newer version
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from playground.errors import StoreError
from playground.settings import Settings
from playground.store import dataset_tables as _datasets  # noqa: F401  (their tables too are made)
from playground.store import experiment_tables as _experiments  # noqa: F401
from playground.store.database import Place, connect, in_plain_words, locate
from playground.store.records import DatabaseFacts
from playground.store.tables import Table

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0012"
"""The newest revision of `migrations/versions/` (a test compares): known here, so that starting on a current
file does not import Alembic."""
MIGRATIONS = "playground.store:migrations"


def current_revision(connection: sa.Connection, place: Place) -> str | None:
    """The revision of the connected database, None for an empty one.

    Raises StoreError when there are tables, but none that says which revision they are.
    """
    tables = sa.inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if tables:
        raise StoreError(
            f"The database {place} belongs to another program.",
            "Move that file away, or choose another data folder with --data DIR.",
        )
    return None


def bring_up_to_date(place: Place) -> None:
    """Create or upgrade the schema, all or nothing; an SQLite file with data is copied first.

    Raises StoreError for a file that is no database, belongs to another program or is newer than this one.
    """
    # Rebuilding a table, SQLite's way to change a column, must not cascade: hence without foreign keys.
    engine = connect(place, foreign_keys=False)
    try:
        with in_plain_words(place):
            with engine.connect() as connection:
                revision = current_revision(connection, place)
            if revision == HEAD:
                return
            if revision is not None:
                _refuse_unknown(revision, place)
                if place.path is not None:
                    back_up(place.path, revision)
            # Only now with the write lock: a current file opens while another program holds that.
            with engine.execution_options(write=True).begin() as connection:
                # Another process may have been here since: both look again inside this transaction.
                if current_revision(connection, place) is None:
                    _create(connection)
                else:
                    _upgrade(connection)
                _check_foreign_keys(connection, place)
    finally:
        engine.dispose()


def require_current(place: Place) -> None:
    """Raise StoreError unless the file can be read as it is: nothing is made or upgraded."""
    engine = connect(place, read_only=True)
    try:
        with in_plain_words(place), engine.connect() as connection:
            revision = current_revision(connection, place)
    finally:
        engine.dispose()
    if revision == HEAD:
        return
    if revision is not None:
        _refuse_unknown(revision, place)
    raise StoreError(
        f"The database {place} was written by an older version of Prompt Playground, and cannot be upgraded where it is.",
        "Copy it to a folder that can be written and has room, and name that with --data DIR.",
    )


def _refuse_unknown(revision: str, place: Place) -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision not in known:
        raise StoreError(
            f"The database {place} was written by a newer version of Prompt Playground (schema {revision}).",
            "Update the program, or choose another data folder with --data DIR.",
        )


def _create(connection: sa.Connection) -> None:
    """All tables at once, as the newest revision has them: the same as upgrading through all (a test compares)."""
    Table.metadata.create_all(connection)
    connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(sa.text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD})


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    return config


def _check_foreign_keys(connection: sa.Connection, place: Place) -> None:
    if place.path is None:
        return
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise StoreError(
            f"Upgrading {place} would have lost links between its rows, so it was left as it was.",
            "Please report this; the older version of the program still opens the file.",
        )


def back_up(path: Path, revision: str) -> Path:
    """Copy a live database, with what still is in its write-ahead log, beside itself; never over another copy.

    Raises StoreError; a copy that was begun is removed.
    """
    copy = path.with_name(f"{path.name}.bak-{revision}")
    number = 1
    while copy.exists():
        number += 1
        copy = path.with_name(f"{path.name}.bak-{revision}-{number}")
    try:
        copy.touch(mode=0o600)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except (sqlite3.Error, OSError) as exc:
        copy.unlink(missing_ok=True)
        raise StoreError(
            f"{path} could not be copied to {copy.name} before its upgrade: {exc}.",
            "Nothing was changed. Make room in its folder and try again.",
        ) from exc
    return copy


def database_facts(settings: Settings) -> DatabaseFacts:
    """Path, size, revision and row counts, without creating or upgrading anything.

    Counts are empty unless the revision is HEAD. Raises StoreError for what cannot be read as our database.
    """
    place = locate(settings)
    if place.path is not None and not place.path.exists():
        return DatabaseFacts(str(place), 0, None, HEAD)
    engine = connect(place, read_only=True)
    try:
        with in_plain_words(place), engine.connect() as connection:
            revision = current_revision(connection, place)
            tables = Table.metadata.sorted_tables if revision == HEAD else []
            counts = {
                table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in tables
            }
    finally:
        engine.dispose()
    size_bytes = sum(file.stat().st_size for file in _files(place.path))
    return DatabaseFacts(str(place), size_bytes, revision, HEAD, counts)


def _files(path: Path | None) -> list[Path]:
    """The database file and its write-ahead log, as far as they are there."""
    both = [path, path.with_name(f"{path.name}-wal")] if path else []
    return [file for file in both if file.exists()]
