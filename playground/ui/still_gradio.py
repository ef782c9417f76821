"""Gradio's page without the clock that it forgets to stop.

While it loads, Gradio 6.31 counts the seconds on every frame (`StatusTracker.svelte`, `run`). The counter is taken off the page
with its clock going: for ever after the page asks for each frame, which takes a tenth of a core while nobody touches it. So
the first script of the page stands before `requestAnimationFrame`, and once our page is there, what counts such seconds gets
no frame. It has to stand in Gradio's own first lines: its modules take the function as they find it when they are loaded,
and what is given as `head` comes later.
"""

from __future__ import annotations

from typing import Any

PAGE = "frontend/index.html"
SCRIPT = r"""<script>(() => {
  const frame = window.requestAnimationFrame.bind(window), counts = /performance\.now\(\) ?-.*1e3/;
  const isThere = () => document.documentElement.dataset.ready === "yes";
  window.requestAnimationFrame = (draw) => (isThere() && counts.test(draw) ? 0 : frame(draw));
})();</script>"""


def still(templates: Any) -> None:
    """Put the script into the page of these templates (`gradio.routes.templates`), once."""
    loader, env = templates.env.loader, templates.env
    read = loader.get_source
    if SCRIPT in read(env, PAGE)[0]:
        return

    def with_script(env: Any, name: str) -> tuple[str, str | None, Any]:
        text, path, is_fresh = read(env, name)
        return text.replace("<head>", f"<head>{SCRIPT}", 1) if name == PAGE else text, path, is_fresh

    loader.get_source = with_script
