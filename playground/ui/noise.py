"""The noise floors of models beside a comparison of their answers, where they were measured."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from playground.bench.kept import last_measurement
from playground.bench.noise import noise, worded
from playground.settings import Settings
from playground.ui.html import join, stamp


def floors(settings: Settings, models: Iterable[str]) -> Markup:
    """A line for each of these models that was measured; reads a file."""
    found = last_measurement(settings)
    if found is None:
        return Markup("")
    rows = {row.model: noise(row.greedy, row.again) for row in found.measured}
    return join(
        Markup('<p class="hint">Noise floor of <span class="mono">{}</span>: {}. Measured {}.</p>').format(
            model, worded(told), stamp(found.at)
        )
        for model in dict.fromkeys(models)
        if (told := rows.get(model)) is not None
    )
