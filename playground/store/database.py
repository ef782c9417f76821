"""The connection: engines, pragmas, the file's place and rights, and every database fault in plain words.

engine = connect(locate(settings))
with in_plain_words(place): ...
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from playground.errors import ReadOnlyData, StoreError
from playground.settings import Settings
from playground.store.dataset_filter import add_functions
from playground.store.faults import Opened, store_error

BUSY_MS = 10_000
"""How long a writer waits for another one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the data is. `path` is the SQLite file, None for a database server."""

    url: sa.URL
    path: Path | None

    def __str__(self) -> str:
        return str(self.path or self.url.render_as_string(hide_password=True))


def locate(settings: Settings) -> Place:
    """The place the settings name. Raises StoreError for an address that is none."""
    if not settings.database_url:
        path = settings.data_dir.expanduser() / settings.database_path.name
        return Place(sa.URL.create("sqlite", database=str(path)), path)
    hint = "Example: postgresql+psycopg://name@host/database, or leave PLAYGROUND_DATABASE_URL empty."
    try:
        url = sa.make_url(settings.database_url)
    except sa.exc.ArgumentError as exc:
        raise StoreError("The database address cannot be read.", hint) from exc
    if url.get_backend_name() != "sqlite":
        return Place(url, None)
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise StoreError("A database in memory cannot be shared by threads.", hint)
    return Place(url, Path(url.database))


def prepare_file(path: Path) -> None:
    """Make the folder (mode 0700) and an empty file (0600) where there is none; leave existing rights alone.

    Raises ReadOnlyData when folder or file may not be written, StoreError when the path leads nowhere.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):  # SQLite writes two files beside its own
            pass
        path.touch(mode=0o600, exist_ok=True)
        with path.open("r+b"):
            pass
    except OSError as exc:
        raise _file_error(exc, path) from exc


def _file_error(exc: OSError, path: Path) -> StoreError:
    reason = exc.strerror or str(exc)
    if isinstance(exc, IsADirectoryError | NotADirectoryError | FileExistsError | FileNotFoundError):
        return StoreError(
            f"{path} cannot be the database: {reason}.",
            "Choose another data folder with --data DIR.",
        )
    return ReadOnlyData(
        f"The data folder {path.parent} cannot be written: {reason}.",
        "Give yourself the right to write there, or choose another data folder with --data DIR.",
    )


def connect(place: Place, *, foreign_keys: bool = True, read_only: bool = False) -> sa.Engine:
    """An engine whose transactions see one state of the data, and whose writers wait for each other.

    On SQLite a connection with the execution option `write` takes the write lock when it begins: a
    transaction that reads first and then writes could otherwise fail at once, whatever the busy timeout.
    `wait_ms` is another option: how long this transaction waits for the lock. `read_only` neither creates nor
    changes the file.

    Once there is a connection, a file that was deleted or put in its place since is noticed at every beginning:
    the operating system would let this program write on into a file that nobody can find.
    """
    try:
        if place.path is None:
            return sa.create_engine(place.url, pool_pre_ping=True)
        if read_only:
            file = place.path
            engine = sa.create_engine(
                "sqlite://", creator=lambda: _connect_to_read(file), poolclass=sa.NullPool
            )
        else:
            engine = sa.create_engine(place.url, connect_args={"timeout": BUSY_MS / 1000})
    except (sa.exc.ArgumentError, ImportError) as exc:  # an unknown dialect is an ArgumentError
        raise StoreError(
            f"The database {place} needs a driver that is not there: {exc}.",
            "Install it beside the program, for PostgreSQL: pip install 'psycopg[binary]'",
        ) from exc

    path, opened = place.path, Opened()
    opened.note(path)

    def before_connect(*_: Any) -> None:
        opened.check(path, True)  # SQLite would make a new, empty file

    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = (
            None  # transactions begin when SQLAlchemy says so, not at the first INSERT
        )
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        add_functions(connection)
        opened.note(path)

    def on_begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        write = options.get("write", False)
        opened.check(path, write)
        wait_ms = options.get("wait_ms", BUSY_MS)
        if connection.info.get("wait_ms", BUSY_MS) != wait_ms:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={wait_ms}")
            connection.info["wait_ms"] = wait_ms
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    sa.event.listen(engine, "do_connect", before_connect)
    sa.event.listen(engine, "connect", on_connect)
    sa.event.listen(engine, "begin", on_begin)
    return engine


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, on a full disk and in a folder that may not be written too.

    To read a file that has a log, SQLite makes one more file beside it. Where it cannot and no log is there, nobody
    writes: then the file is read as one that never changes.
    """
    address = f"file:{quote(str(path))}?mode=ro"
    opened = sqlite3.connect(address, uri=True, timeout=BUSY_MS / 1000)
    try:
        opened.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        opened.close()
        log = path.with_name(f"{path.name}-wal")
        if not path.exists() or (log.exists() and log.stat().st_size):
            raise
        return sqlite3.connect(f"{address}&immutable=1", uri=True)
    return opened


@contextmanager
def in_plain_words(place: Place) -> Iterator[None]:
    """Turn any database fault inside into a StoreError."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error) as exc:
        cause = str(exc.orig) if isinstance(exc, sa.exc.DBAPIError) else str(exc)
        raise store_error(cause, place) from exc
    except sa.exc.TimeoutError as exc:
        raise store_error("database is locked", place) from exc
