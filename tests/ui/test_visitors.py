"""What whoever reaches the page over a network may do, and what is left to the owner of the machine."""

from __future__ import annotations

import json

import pytest

from playground.settings import Settings
from playground.ui import app
from playground.ui.actions import CLOSED, make_call
from playground.ui.app import ACTIONS, OWNERS, closed
from playground.workbench.service import Workbench

VISITORS = (
    "load",
    "open_library",
    "open_history",
    "open_models",
    "preview",
    "use_model",
    "vote",
    "save",
    "stop",
)


@pytest.fixture(name="opened")
def opened_fixture(workbench: Workbench) -> Workbench:
    workbench.settings = workbench.settings.model_copy(update={"host": "0.0.0.0"})
    return workbench


def test_what_starts_programs_names_paths_or_touches_servers_is_the_owners():
    assert {
        "start_vllm",
        "gguf",
        "add_server",
        "use_server",
        "remove_server",
        "server_key",
        "pull",
        "create_model",
        "delete_model",
        "unload_model",
        "cancel_job",
        "measure",
    } <= OWNERS
    assert not OWNERS & set(VISITORS)
    assert ACTIONS.keys() > OWNERS


@pytest.mark.parametrize("action", sorted(OWNERS))
async def test_a_visitor_is_refused_whatever_he_sends(opened: Workbench, action: str):
    call = make_call(opened, ACTIONS, closed(opened))
    for more in ({}, {"sure": "yes", "name": "x", "url": "http://127.0.0.1:1", "path": "/etc"}):
        update = json.loads(await call(json.dumps({"action": action, **more})))
        assert update == {"alert": {"message": "This is not open to visitors.", "hint": CLOSED}}


async def test_the_page_is_told_what_is_closed_and_why(opened: Workbench):
    update = json.loads(await make_call(opened, ACTIONS, closed(opened))(json.dumps({"action": "load"})))
    assert set(update["closed"]) == OWNERS
    assert "--allow-admin" in update["closed_why"]


@pytest.mark.parametrize(
    ("changes", "is_admin"),
    [
        ({}, True),
        ({"host": "localhost"}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "192.0.2.7"}, False),
        ({"host": ""}, False),
        ({"host": "::"}, False),
        ({"host": "0.0.0.0", "allow_admin": True}, True),
    ],
)
def test_who_is_the_owner_is_told_by_the_address(
    workbench: Workbench, changes: dict[str, object], is_admin: bool
):
    workbench.settings = Settings.model_validate(workbench.settings.model_dump() | changes)
    assert closed(workbench) == (frozenset() if is_admin else OWNERS)


def test_the_page_of_the_owner_closes_nothing(workbench: Workbench):
    assert closed(workbench) == frozenset()
    assert app.ACTIONS["load"] is app.load
