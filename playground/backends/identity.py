"""Whether the model that answers is the one that was asked for.

Some servers have one model and answer every name with it (LLaMA-Factory, llama-server), and not all of those say so:
LLaMA-Factory 0.9.5 sends back the name it was asked for. So a name is looked up in the server's list before a run, and
compared with the `model` of the answer afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from playground.errors import BackendError


def other_model(label: str, name: str, listed: Collection[str]) -> BackendError:
    """The error for a model that a server does not list and would answer as another one."""
    return BackendError(
        f'{label} does not have "{name}". It has {_some(listed)}, and would answer as that.',
        "Choose a model of its list for this column.",
    )


def answered_as(asked: str, told: str, roots: Mapping[str, str]) -> str | None:
    """What to say of an answer whose `model` is another than was asked for; None for the same one.

    `roots` are the weights behind names that the server lists: two names of the same weights are one model.
    """
    if not told or _plain(asked) == _plain(told):
        return None
    root = roots.get(asked)
    if root is not None and root == roots.get(told, told):
        return None
    return f'answered as "{told[:80]}"'


def _plain(name: str) -> str:
    """A name without its folder, the end of its file name and a tag that says nothing."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2].casefold()
    return last.removesuffix(".gguf").removesuffix(":latest")


def _some(names: Collection[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in sorted(names)[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5:,} more"
