"""Importing and exporting many prompts: reading.py, importing.py, exporting.py."""

from playground.exchange.exporting import export_bundle
from playground.exchange.importing import (
    ImportPlan,
    ImportResult,
    Row,
    apply_import,
    changes,
    explain,
    plan_import,
)
from playground.exchange.reading import Folder, Incoming, read_folder, read_incoming

__all__ = [
    "Folder",
    "ImportPlan",
    "ImportResult",
    "Incoming",
    "Row",
    "apply_import",
    "changes",
    "explain",
    "export_bundle",
    "plan_import",
    "read_folder",
    "read_incoming",
]
