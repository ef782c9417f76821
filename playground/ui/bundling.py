"""Prompts that go out together: what is selected in the Library, as a bundle to download."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from markupsafe import Markup

from playground.errors import PromptError
from playground.formats.base import file_name
from playground.ui.actions import Action, Ask
from playground.ui.html import button, icon, plural, warning
from playground.ui.library import chosen_filter, picked_keys
from playground.ui.listing import find
from playground.ui.table import Look
from playground.ui.update import Update
from playground.workbench.service import Workbench

MOST_ROWS = 1_000_000
SHOWN_LOSSES = 100
BUNDLE = "Prompts"


class BundleFile(NamedTuple):
    """A bundle that waits for its download."""

    name: str
    data: bytes


async def bundle_form(workbench: Workbench, ask: Ask) -> Update:
    """The drawer that makes a bundle of what is selected, else of all that the filter shows."""
    keys = await _keys(workbench, ask)
    if not keys:
        raise PromptError("There is nothing to export.", "Select prompts, or take filters off.")
    body = Markup(
        '<div class="form" data-form><label for="bundle-name" class="soft">Name</label>'
        '<input id="bundle-name" name="name" class="field" maxlength="200" value="{}" autofocus>'
        '<label for="bundle-about" class="soft">About</label><input id="bundle-about" name="about" class="field" maxlength="2000">'
        '<label for="bundle-licence" class="soft">Licence</label><input id="bundle-licence" name="licence" class="field" maxlength="200" placeholder="CC BY 4.0">'
        '<span></span><span>{}</span></div><p class="hint">{} with their checks and cases, as one .zip file that another Prompt Playground imports.{}</p>'
    ).format(
        await _name(workbench, ask, keys),
        button(
            "Make the bundle",
            "make_bundle",
            symbol="download",
            kind="primary",
            token=workbench.tray.put(keys),
        ),
        plural(len(keys), "prompt"),
        " A pattern comes in all its languages." if any(key.startswith("pattern:") for key in keys) else "",
    )
    return {"drawer": {"title": "Export a bundle", "body": body, "narrow": True}}


async def quick_bundle(workbench: Workbench, ask: Ask) -> Update:
    """One click: the bundle of what is selected, else of all that the filter shows, comes as a download."""
    keys = await _keys(workbench, ask)
    if not keys:
        raise PromptError("There is nothing to download.", "Select prompts, or take filters off.")
    name = await _name(workbench, ask, keys)
    data, losses = await _made(workbench, keys, name=name)
    update: Update = {
        "download": _address(workbench, name, data),
        "toast": f"{plural(len(keys), 'prompt')}, {_size(data)}",
    }
    if losses:
        body = warning("Not in the bundle", losses[:SHOWN_LOSSES])
        update["drawer"] = {"title": name, "body": body, "narrow": True}
    return update


async def _name(workbench: Workbench, ask: Ask, keys: list[str]) -> str:
    """A bundle of one prompt is called like it."""
    of_one = (await workbench.prompts.prompt_of(keys[0])).name if len(keys) == 1 else ""
    return of_one or ask.own(BUNDLE)


async def _made(
    workbench: Workbench, keys: list[str], *, name: str, description: str = "", licence: str = ""
) -> tuple[bytes, tuple[str, ...]]:
    """The bytes of the bundle, and what it cannot hold."""
    return await workbench.files.bundle(keys, name=name, description=description, licence=licence)


def _address(workbench: Workbench, name: str, data: bytes) -> str:
    return f"files/bundle/{workbench.tray.put(BundleFile(file_name(name, '.zip'), data))}"


def _size(data: bytes) -> str:
    return f"{max(1, len(data) // 1000):,} kB"


async def _keys(workbench: Workbench, ask: Ask) -> list[str]:
    if picked := picked_keys(ask):
        return picked
    wanted = chosen_filter(ask)
    everything = Look(sort="", rows=MOST_ROWS)
    return [item.key for item in (await asyncio.to_thread(find, workbench, wanted, everything)).items]


async def make_bundle(workbench: Workbench, ask: Ask) -> Update:
    """The bundle, kept for its download, and what it cannot hold."""
    keys: list[str] = workbench.tray.take(ask.text("token"), list)
    name = ask.text("name").strip() or ask.own(BUNDLE)
    about, licence = ask.text("about").strip(), ask.text("licence").strip()
    data, losses = await _made(workbench, keys, name=name, description=about, licence=licence)
    body = Markup("<p>{}, {}.</p>{}").format(
        plural(len(keys), "prompt"),
        _size(data),
        warning("Not in the bundle", losses[:SHOWN_LOSSES]),
    )
    foot = Markup('<a class="btn primary" download href="{}">{}Download the bundle</a>').format(
        _address(workbench, name, data), icon("download")
    )
    return {"drawer": {"title": name, "body": body, "foot": foot, "narrow": True}}


def bundle_file(workbench: Workbench, token: str) -> BundleFile:
    """A bundle that was made; raises NotFoundError."""
    return workbench.tray.take(token, BundleFile)


ACTIONS: dict[str, Action] = {
    "quick_bundle": quick_bundle,
    "bundle_form": bundle_form,
    "make_bundle": make_bundle,
}
