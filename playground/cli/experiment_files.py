"""The result of an experiment as files for other programs: JSON, JUnit XML, Markdown for a pull request.

junit(stored, found, gates, failures)  →  '<testsuites …>': a test case a gate, one a variant
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from xml.etree import ElementTree

from playground.cli.terminal import shown
from playground.plurals import plural
from playground.types.outcomes import FailureGroup, StoredExperiment
from playground.verdicts import Gate, Verdict, as_json, as_markdown, as_text

Gates = Sequence[tuple[str, Gate]]
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML file may hold."""


def to_json(stored: StoredExperiment, found: Verdict, gates: Gates, failures: Sequence[FailureGroup]) -> str:
    """The verdict in numbers, what has to hold, and what failed."""
    row = stored.row
    told = {
        "id": stored.id,
        "name": row.name,
        "state": row.state,
        "why": row.why,
        "attempt": row.attempt,
        "dataset": row.dataset,
        "version": row.number,
        **json.loads(as_json(found)),
        "gates": [
            {"gate": name, "variant": variant, "holds": holds, "sentence": line}
            for name, gate in gates
            for variant, holds, line in gate.rows
        ],
        "passed": all(gate.holds for _, gate in gates),
        "failures": [
            {"reason": group.reason, "hint": group.hint, "cells": [list(key) for key in group.keys]}
            for group in failures
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def markdown(stored: StoredExperiment, found: Verdict, gates: Gates, failures: Sequence[FailureGroup]) -> str:
    """A summary with a title."""
    lines = [f"- {'✓' if holds else '✗'} {_plain(line)}" for _, gate in gates for _, holds, line in gate.rows]
    failed = [f"- {plural(len(group.keys), 'cell')} failed: {_plain(group.reason)}" for group in failures]
    parts = [f"### {_plain(stored.row.name)}", as_markdown(found).strip()]
    parts += ["\n".join(part) for part in (lines, failed) if part]
    return "\n\n".join(parts) + "\n"


def junit(stored: StoredExperiment, found: Verdict, gates: Gates, failures: Sequence[FailureGroup]) -> str:
    """A test case for each thing that has to hold, and one for each variant, in error where cells of it failed.

    What people read in it is in their language; names and types, by which programs tell cases apart, are the same in each.
    """
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", name=_clean(stored.row.name))
    failing = errors = 0
    for name, gate in gates:
        for variant, holds, line in gate.rows:
            case = _case(suite, f"gate.{name}", f"{variant}: {name}", 0.0)
            if not holds:
                failing += 1
                ElementTree.SubElement(case, "failure", message=_clean(shown(line)), type=name)
    names = stored.names
    for row in found.rows:
        seconds = row.seconds * row.cases if row.seconds == row.seconds else 0.0
        case = _case(suite, "variant", row.entry.name, seconds)
        mine = [
            (group, sum(names[key.variant] == row.entry.name for key in group.keys)) for group in failures
        ]
        if said := "; ".join(f"{plural(count, 'cell')}: {group.reason}" for group, count in mine if count):
            errors += 1
            ElementTree.SubElement(case, "error", message=_clean(shown(said)), type="no answer")
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(failing))
    suite.set("errors", str(errors))
    suite.set("time", f"{stored.row.elapsed_s:.3f}")
    suite.set("timestamp", stored.row.created_at.strftime("%Y-%m-%dT%H:%M:%S"))
    ElementTree.SubElement(suite, "system-out").text = _clean(as_text(found, shown))
    ElementTree.indent(suites)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"
    )


def _case(suite: ElementTree.Element, group: str, name: str, seconds: float) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", classname=group, name=_clean(name), time=f"{seconds:.3f}"
    )


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def _plain(text: str) -> str:
    """Words of users and servers are no Markdown."""
    return re.sub(r"([\\`*_|<>\[\]#])", r"\\\1", " ".join(text.split()))
