"""The backends of the Models tab: where each is, whether it answers, what it holds, and what it does now.

places_table(look, metrics, ours)   →  the table
load_line(metrics)                  →  "2 running, 0 waiting, …", in the place `load_id(name)`
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from zlib import crc32

from markupsafe import Markup

from playground.backends.inventory import Look, Place
from playground.backends.servers import LABELS, Server
from playground.types.servers import ServerMetrics
from playground.ui import gpu_layers
from playground.ui.html import count, icon, join, plural
from playground.ui.progress import icon_button

STATES = {
    "inside": ("check", "ok", "in this program"),
    "answers": ("check", "ok", "answers"),
    "absent": ("ring", "soft", "not running"),
    "silent": ("warn", "bad", "does not answer"),
    "failing": ("warn", "bad", "cannot be used"),
}
"""Of each state of a backend its symbol, its colour and its words."""


def places_table(look: Look, metrics: Mapping[str, ServerMetrics], ours: Collection[str]) -> Markup:
    """Backends in use, servers that were found, then what is not there; `ours` are run by this program."""
    shown = [place for place in look.places if place.url or place.kind is None]
    rows = [_place(place, metrics.get(place.name), place.name in ours) for place in shown if place.is_wanted]
    rows += [_found(server) for server in look.found]
    rows += [_place(place, None, False) for place in shown if not place.is_wanted]
    return Markup(
        '<table class="table places"><thead><tr><th style="width:190px">Backend</th><th style="width:210px">Address</th>'
        '<th style="width:160px">State</th><th style="width:88px">Version</th><th>Holds</th>'
        '<th style="width:140px"><span class="sr">Actions</span></th></tr></thead><tbody>{}</tbody></table>'
    ).format(join(rows))


def _place(place: Place, metrics: ServerMetrics | None, is_ours: bool) -> Markup:
    kind = LABELS[place.kind] if place.kind and place.is_added else ""
    acts = []
    if is_ours:
        kind += ", started here"
    elif place.kind and place.is_wanted:
        label = "Change key" if place.key else "Add a key"
        acts.append(
            Markup('<button class="btn quiet small" data-act="server_key" data-name="{}">{}</button>').format(
                place.name, label
            )
        )
    if place.is_added and not is_ours:
        acts.append(icon_button("trash", f"Remove {place.name}", "remove_server", name=place.name))
    return _place_row(
        _two(place.label, kind),
        place.url,
        place.state,
        place.version,
        _holds(place, metrics),
        join(acts),
    )


def _found(server: Server) -> Markup:
    use = Markup(
        '<button class="btn small" data-act="use_server" data-url="{}" data-kind="{}" data-name="{}">{}Use</button>'
    ).format(server.url, server.kind, server.name, icon("plus"))
    holds = Markup('<span class="soft">Found here. Use it, and its models can be chosen.</span>')
    return _place_row(
        Markup('<b translate="no">{}</b>').format(LABELS[server.kind]), server.url, "answers", "", holds, use
    )


def _place_row(name: Markup, address: str, state: str, version: str, holds: Markup, acts: Markup) -> Markup:
    symbol, colour, words = STATES[state]
    return Markup(
        '<tr><td>{}</td><td class="{}">{}</td><td><span class="{}">{}</span> <span class="{}">{}</span></td>'
        '<td class="mono soft">{}</td><td>{}</td><td><span class="acts-cell">{}</span></td></tr>'
    ).format(
        name,
        "mono soft" if address else "soft",
        address or "in process",
        colour,
        icon(symbol),
        "" if colour == "ok" else colour,
        words,
        version or "–",
        holds,
        acts,
    )


def _holds(place: Place, metrics: ServerMetrics | None) -> Markup:
    keys = {
        "kept": "key kept",
        "environment": "key from the environment",
        "withheld": "key of the environment not sent: confirm the address under Key",
        "": "",
    }[place.key]
    if not place.is_ok:
        problem = place.problem if place.state != "absent" or not place.hint else ""
        hint = Markup('<span class="soft">{}</span>').format(worded(place.hint))
        return Markup("{} {}{}").format(problem, hint, _hint_line(keys))
    parts = [plural(len(place.models), "model")]
    if place.is_managed:
        parts.append(f"{len(place.loaded)} loaded")
        windows = sorted({m.context_tokens for m in place.loaded if m.context_tokens})
        parts += [f"context {' and '.join(count(w) for w in windows)} in force"] if windows else []
    parts += [keys] if keys else []
    notes = join((join(_hint_line(note) for note in place.notes), gpu_layers.devices(place)))
    load = (
        Markup('<div class="hint num load" id="{}">{}</div>').format(
            load_id(place.name), load_line(metrics or ServerMetrics())
        )
        if place.is_measured
        else ""
    )
    bound = _bound(place) if place.kind else ""
    return Markup('<span class="soft">{}</span>{}{}{}').format(", ".join(parts), bound, notes, load)


def _bound(place: Place) -> Markup:
    """How many answers it is asked for at once, and why; a click changes it."""
    why = ""
    if place.bound:
        under = place.bound.died_under
        why = f", since it went away under {under:,}" if under else ", as you chose"
    words = "1 answer at a time" if place.parallel == 1 else f"{place.parallel:,} answers at once"
    return Markup(
        '<div class="hint num">up to {}{} <button class="btn quiet small" data-act="server_parallel" data-name="{}" aria-label="Change how many answers {} is asked for at once">Change</button></div>'
    ).format(words, why, place.name, place.label)


def load_id(name: str) -> str:
    """Where the load of that backend stands, which changes while a person looks."""
    return f"load-{crc32(name.encode('utf-8', 'replace')):08x}"


def load_line(metrics: ServerMetrics) -> Markup:
    """What a server that tells it does now."""
    rate = "–" if metrics.tokens_per_s is None else f"{metrics.tokens_per_s:,.1f}"
    facts = (
        ("running", count(metrics.running)),
        ("waiting", count(metrics.waiting)),
        ("KV cache", _share(metrics.kv_cache_use)),
        ("prefix hits", _share(metrics.prefix_hit_rate)),
        ("tokens/s", rate),
    )
    return join(Markup("<span>{} <b>{}</b></span>").format(label, value) for label, value in facts)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.0f} %"


def worded(hint: str) -> Markup:
    """A hint whose command, what follows "with:", is in mono."""
    before, found, command = hint.partition(" with: ")
    if not found:
        return Markup("{}").format(hint)
    return Markup('{} with <code class="mono">{}</code>').format(before, command)


def _hint_line(text: str) -> Markup:
    return Markup('<div class="hint">{}</div>').format(text) if text else Markup("")


def _two(first: str, second: str) -> Markup:
    return Markup("<b>{}</b>{}").format(first, _hint_line(second))
