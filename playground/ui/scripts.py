"""The page's scripts as one, at an address that changes with what is in it, so that a browser asks for it once.

Each file of the folder is a module with its own names; the browser would fetch, compile and link some ninety of them at
every opening. Here they become one module: each file is a function that gives what it exports, in the order in which the
browser would run them,

    const $dom = (() => {
    function $(selector) { … }
    return { $ };
    })();
    const $bar = (() => {
    const { $ } = $dom;
    …

which holds because no file imports itself through others, every import and export begins its line, names are exported as
`function` or `const`, and nothing is imported by `import()`; tests hold that.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

FOR_GOOD = "public, max-age=31536000, immutable"
"""Of what is never another thing at the same address."""
ENTRY = "main"
_IMPORT = re.compile(r'^import (?:\{([^}]*)\} from )?"\./(\w+)\.js";', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:const|(?:async )?function\*?) ([\w$]+))", re.MULTILINE)


class _Module(NamedTuple):
    """One file: what it imports in this order, what it exports, and the function that it becomes."""

    imports: list[str]
    exports: list[str]
    code: str


def _read(path: Path) -> _Module:
    text = path.read_text(encoding="utf-8")
    exports = _EXPORT.findall(text)
    body = _EXPORT.sub("", _IMPORT.sub(_taken, text))
    code = f"const ${path.stem} = (() => {{\n{body}return {{ {', '.join(exports)} }};\n}})();\n"
    return _Module([name for _, name in _IMPORT.findall(text)], exports, code)


def _taken(found: re.Match[str]) -> str:
    """The same names out of what the other file gave; as many lines, so that a line keeps its number in the function."""
    return "" if found[1] is None else f"const {{{found[1].replace(' as ', ': ')}}} = ${found[2]};"


class Scripts:
    """The scripts of a folder as they are when the program starts."""

    def __init__(self, folder: Path) -> None:
        modules: dict[str, _Module] = {}

        def add(name: str) -> None:
            if name in modules:
                return
            found = _read(folder / f"{name}.js")
            for other in found.imports:
                add(other)
            modules[name] = found

        add(ENTRY)
        code = "".join(module.code for module in modules.values())
        self._all = f"{code}export {{ {', '.join(f'${name}' for name in modules)} }};\n".encode()
        self._exports = {f"{name}.js": module.exports for name, module in modules.items()}
        self.version = hashlib.sha256(self._all).hexdigest()[:16]

    def at(self, name: str, version: str = "") -> tuple[bytes, str] | None:
        """A script, and how long a browser may keep it; None when there is none of that name.

        `main.js` of this version is all of them. Any other name, and any other version, gives what the one that the page
        has exports.
        """
        if name not in self._exports:
            return None
        if name == f"{ENTRY}.js" and version == self.version:
            return self._all, FOR_GOOD
        stem, names, folder = (
            name.removesuffix(".js"),
            ", ".join(self._exports[name]),
            ".." if version else ".",
        )
        whole = f"{folder}/{self.version}/{ENTRY}.js"
        return (
            f'import {{ ${stem} }} from "{whole}";\nexport const {{ {names} }} = ${stem};\n'.encode(),
            "no-cache",
        )

    def head(self) -> str:
        """What the page's head says."""
        return f'<script type="module" src="playground/{self.version}/{ENTRY}.js"></script>'
