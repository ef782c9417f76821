"""The reader's language on the page: its catalogue as one file, and what the page's head does before the first word shows.

The browser chooses: what was pressed in the head, else its own language. For downloads the server chooses in the same
way: a cookie says what was pressed, a header what the browser's own language is.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import cache

from fastapi import Request
from starlette.responses import Response

from playground import __version__
from playground.translation.catalogue import PATH, page_translations
from playground.translation.shown import HOLES
from playground.ui.scripts import FOR_GOOD

COOKIE = "playground_language"
# Runs before anything is drawn: a reader of Chinese sees no English first, and a reader of English waits for nothing.
_FIRST = """<script>(() => {
  let chosen = null;
  try { chosen = localStorage.getItem("playground.language"); } catch {}
  chosen ??= /(?:^|; )playground_language=(en|zh)/.exec(document.cookie)?.[1];
  chosen ??= /^zh/i.test(navigator.languages?.[0] ?? navigator.language ?? "") ? "zh" : "en";
  const root = document.documentElement;
  window.playgroundLanguage = chosen;
  window.playgroundCatalogue = "files/words/CATALOGUE.json";
  root.lang = chosen === "zh" ? "zh-Hans" : "en";
  if (chosen !== "zh") return;
  root.classList.add("awaits-words");
  setTimeout(() => root.classList.remove("awaits-words"), 5000);
  window.playgroundWords = fetch(window.playgroundCatalogue).then((file) => file.json());
  window.playgroundWords.catch(() => {});
})();</script><style>.awaits-words body { visibility: hidden; }</style>"""


@cache
def catalogue() -> str:
    """The name of the catalogue, which changes with it and with the program."""
    return hashlib.sha256(__version__.encode() + json.dumps(HOLES).encode() + PATH.read_bytes()).hexdigest()[
        :16
    ]


@cache
def _data() -> bytes:
    """Its JSON, compressed: made when the first reader of Chinese asks for it."""
    words = {"texts": dict(page_translations()), "holes": HOLES}
    return gzip.compress(json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode(), mtime=0)


def head() -> str:
    """What stands first in the head of the page."""
    return _FIRST.replace("CATALOGUE", catalogue())


def words(name: str) -> Response | None:
    """The catalogue of that name, for ever the same; None when it is another one."""
    if name != f"{catalogue()}.json":
        return None
    headers = {"content-encoding": "gzip", "cache-control": FOR_GOOD}
    return Response(_data(), media_type="application/json", headers=headers)


def reads_chinese(request: Request) -> bool:
    """Whether who asks for a file reads the page in Chinese."""
    pressed = request.cookies.get(COOKIE)
    own = request.headers.get("accept-language", "").strip().lower()
    return pressed == "zh" if pressed in ("en", "zh") else own.startswith("zh")
