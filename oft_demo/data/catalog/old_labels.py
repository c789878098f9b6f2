"""Takes over the labels.json of older versions, once; the file stays as it is."""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oft_demo.data.catalog.changes import MACHINE, Planned, make
from oft_demo.data.catalog.labelling import checked_changes
from oft_demo.data.catalog.salvage import OLD_LABELS_TAKEN
from oft_demo.errors import InvalidData, OftDemoError

LABELS_FILE = "labels.json"

MAX_BYTES = 64 * 2**20  # of a labels.json; 100,000 episodes have 8 MB


def read(directory: Path) -> dict[str, Mapping[str, Any]]:
    """The labels by episode; raises InvalidData where there is a file that makes no sense."""
    path = directory / LABELS_FILE
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES} bytes")
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {name: _labels(entry) for name, entry in entries.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, TypeError, AttributeError, RecursionError, OftDemoError) as error:
        raise InvalidData(f"Cannot read {LABELS_FILE}: {error}. Repair it, or move it away.") from error


def is_taken(connection: sqlite3.Connection) -> bool:
    """Whether it was done already."""
    return connection.execute("SELECT 1 FROM meta WHERE key = ?", (OLD_LABELS_TAKEN,)).fetchone() is not None


def take_over(connection: sqlite3.Connection, labels: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Write them as one change, unless another process was faster; gives the episodes."""
    if is_taken(connection):
        return []
    connection.execute("INSERT INTO meta VALUES(?, 1)", (OLD_LABELS_TAKEN,))
    said = {name: values for name, values in labels.items() if values}
    return list(make(connection, Planned("taken over", f"Labels of {LABELS_FILE} taken over.", said), MACHINE).names)


def _labels(entry: Mapping[str, Any]) -> dict[str, Any]:
    instruction, success = entry.get("instruction"), entry.get("success")
    if not isinstance(instruction, str | None) or not isinstance(success, bool | None):
        raise ValueError(f"found {entry}; expected an instruction in words and success true or false")
    said = {"instruction": instruction, "success": success}
    return checked_changes({field: value for field, value in said.items() if value is not None})
