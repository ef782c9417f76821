"""A store on the data folder: to be used, or only to be read where nothing can be written.

store = open_store(Settings())
"""

from __future__ import annotations

from playground.settings import Settings
from playground.store.database import connect, locate, prepare_file
from playground.store.schema import bring_up_to_date, require_current
from playground.store.store import Store


def open_store(settings: Settings) -> Store:
    """The store of these settings, created or upgraded as needed.

    Raises ReadOnlyData when folder or file may not be written (the caller may offer another folder), and
    StoreError for a file that is no database, is damaged, or is newer than this program.
    """
    place = locate(settings)
    if place.path is not None:
        prepare_file(place.path)
    bring_up_to_date(place)
    return Store(settings, place, connect(place))


def open_to_read(settings: Settings) -> Store:
    """The store as it stands, on a full disk and in a folder that may not be written too; every change fails.

    Raises StoreError for what cannot be read as a database of this version.
    """
    place = locate(settings)
    require_current(place)
    return Store(settings, place, connect(place, read_only=True))
