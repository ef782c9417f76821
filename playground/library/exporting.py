"""Exporting: a selection of saved prompts and library files as one bundle.

export_bundle(store, library, ["prompt:3f0c…", "pattern:hub/classification/sentiment"], name="Mails").data
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from playground.errors import NotFoundError
from playground.formats.bundle import BundleItem, Written, write_bundle
from playground.library.reading import Report
from playground.library.shipped import Language, Library, Pattern
from playground.store import Store
from playground.store.content import fold
from playground.store.records import Head, SavedVersion
from playground.templating.rendering import partial_names


def export_bundle(
    store: Store,
    library: Library,
    keys: Sequence[str],
    *,
    name: str,
    description: str = "",
    licence: str = "",
    created: datetime | None = None,
    report: Report | None = None,
    language: Language | None = None,
) -> Written:
    """A bundle of saved prompts ("prompt:ID", the newest version) and of library files ("pattern:SLUG").

    A pattern comes in all its wordings, each a file, side by side; with a `language` in that one where there is it.
    Saved prompts that these include by name come along, so that the bundle works elsewhere. Raises NotFoundError for
    a key without a prompt, PromptError for what no bundle can hold.
    """
    keys = list(dict.fromkeys(keys))
    heads = {head.prompt_id: head for head in store.copies.heads()}
    saved = store.copies.contents([key.partition(":")[2] for key in keys if key.startswith("prompt:")])
    items: dict[str, BundleItem] = {}
    for number, key in enumerate(keys):
        kind, _, which = key.partition(":")
        if kind == "pattern":
            chosen = [library.get(which, language)] if language else library.wordings(which)
            for pattern in chosen or [library.get(which)]:
                items[f"pattern:{pattern.slug}"] = _file_of(library, pattern)
        elif kind == "prompt" and which in heads and which in saved:
            items[key] = BundleItem(saved[which].prompt, _history(store, saved[which], heads[which]))
        else:
            raise NotFoundError(
                f"There is no prompt {key[:100]!r}.", "Choose the prompts again in the Library."
            )
        if report is not None:
            report(number + 1, len(keys))
    losses = _take_partials(store, library, heads, items)
    written = write_bundle(
        list(items.values()),
        name=name,
        description=description,
        licence=licence,
        created=created or datetime.now(UTC),
    )
    return Written(written.data, (*losses, *written.losses))


def _file_of(library: Library, pattern: Pattern) -> BundleItem:
    """A wording, called as the pattern's first one: what differs in the names of its files is the language alone."""
    if pattern.error is not None:
        raise pattern.error
    first = library.wordings(pattern.slug)[0]
    return BundleItem(
        pattern.prompt, folder=pattern.slug.rpartition("/")[0], called=first.prompt.name or pattern.slug
    )


def _history(store: Store, version: SavedVersion, head: Head) -> tuple[str, ...]:
    """Content hashes of the main versions before this one, newest last."""
    if head.hashes == {version.content_hash}:
        return ()
    earlier = [v for v in store.versions(version.prompt_id) if not v.variant and v.number < version.number]
    newest_first = dict.fromkeys(v.content_hash for v in earlier if v.content_hash != version.content_hash)
    return tuple(reversed(newest_first))


def _take_partials(
    store: Store, library: Library, heads: Mapping[str, Head], items: dict[str, BundleItem]
) -> list[str]:
    """Add the saved prompts that the items include, and those include; what will not be found elsewhere, in words.

    The shipped library is everywhere, so its prompts are not taken along.
    """
    losses: list[str] = []
    shipped = {name for pattern in library.files() for name in (pattern.slug, pattern.prompt.name)}
    waiting = deque(
        (item.prompt, name) for item in items.values() for name in partial_names(item.prompt.turns)
    )
    seen = set()
    while waiting:
        prompt, wanted = waiting.popleft()
        if wanted in seen:
            continue
        seen.add(wanted)
        try:
            version = store.version_called(wanted)
        except NotFoundError:
            if wanted not in shipped:
                losses.append(f'"{prompt.name}" includes "{wanted}", which is not in your library')
            continue
        if fold(wanted) != fold(version.name):
            losses.append(
                f'"{wanted}": versions are numbered anew where this is imported; pin it again there'
            )
        if f"prompt:{version.prompt_id}" not in items:
            item = BundleItem(version.prompt, _history(store, version, heads[version.prompt_id]))
            items[f"prompt:{version.prompt_id}"] = item
            waiting.extend((version.prompt, name) for name in partial_names(version.prompt.turns))
    return losses
