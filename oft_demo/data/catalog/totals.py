"""Figures of all episodes of an index that are not in the bin."""

import sqlite3

import numpy as np

from oft_demo.data.catalog.entries import Totals
from oft_demo.data.catalog.search import LENGTH_OUTLIER
from oft_demo.data.catalog.shelving import LISTED
from oft_demo.types import JOINT_COUNT, SOURCES

MINE = f"FROM episodes WHERE +shelf = {LISTED}"


def totals_of(connection: sqlite3.Connection) -> Totals:
    """Count everything."""
    count, seconds = connection.execute(f"SELECT count(*), total(seconds) {MINE}").fetchone()
    low, high = _ranges(connection)
    outcomes = _counted(connection, "success")
    masks = connection.execute(f"SELECT sources, count(*) {MINE} GROUP BY sources").fetchall()
    per_source = {
        source: sum(number for mask, number in masks if mask >> place & 1) for place, source in enumerate(SOURCES)
    }
    hints = _related(connection, "hints", "kind")
    (outliers,) = connection.execute(f"SELECT count(*) {MINE} AND outlier").fetchone()
    return Totals(
        episodes=count,
        hours=seconds / 3600,
        per_task=_counted(connection, "task"),
        per_instruction=_counted(connection, "instruction"),
        per_outcome={"success": outcomes.get(1, 0), "failure": outcomes.get(0, 0)},
        per_source={source: number for source, number in per_source.items() if number},
        joint_low=low,
        joint_high=high,
        tags=_related(connection, "tags", "tag"),
        operators=_counted(connection, "operator"),
        hints={**hints, LENGTH_OUTLIER: outliers} if outliers else hints,
    )


def _counted(connection: sqlite3.Connection, column: str) -> dict:
    query = f"SELECT {column}, count(*) {MINE} AND {column} IS NOT NULL GROUP BY {column} ORDER BY 2 DESC, 1"
    return dict(connection.execute(query).fetchall())


def _related(connection: sqlite3.Connection, table: str, column: str) -> dict[str, int]:
    query = (
        f"SELECT {column}, count(*) FROM {table} CROSS JOIN episodes USING(id) WHERE +shelf = {LISTED} "
        f"GROUP BY {column} ORDER BY 2 DESC, 1"
    )
    return dict(connection.execute(query).fetchall())


def _ranges(connection: sqlite3.Connection) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest measured position of each joint; zeros where there is no episode."""
    query = f"SELECT joints FROM ranges WHERE id NOT IN (SELECT id FROM episodes WHERE shelf != {LISTED})"
    rows = connection.execute(query).fetchall()
    if not rows:
        return np.zeros(JOINT_COUNT), np.zeros(JOINT_COUNT)
    ranges = np.frombuffer(b"".join(row[0] for row in rows), np.float32).reshape(-1, 2, JOINT_COUNT)
    return ranges[:, 0].min(axis=0).astype(np.float64), ranges[:, 1].max(axis=0).astype(np.float64)
