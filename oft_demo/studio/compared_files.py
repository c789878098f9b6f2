"""What a comparison came to, as text for files; the runs themselves are written by the exports."""

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

from oft_demo.comparison import PARTED, PLANS_PARTED
from oft_demo.studio import exports, series, series_table
from oft_demo.studio.comparing_log import TRACE
from oft_demo.studio.pairs import LETTERS
from oft_demo.studio.visitors import Visitor

NamedText: TypeAlias = tuple[str, str]  # name of the file, and what is in it

DEFINITIONS = {
    "parted": f"the first control step before which a measured joint differs by more than {PARTED} rad, "
    f"or a gripper by more than {PARTED} of its stroke",
    "arms": "mean absolute difference of two chunks over the six joints of an arm and all rows [rad]; only chunks that "
    "were predicted at the same control step are compared",
    "grippers": "the same for a gripper [of its stroke]",
    "states": "what both chunks were predicted from: the same joints in every bit so far, nearly the same, "
    "or after the two had parted",
    "plans parted": f"the first such chunks of which an arm differs by more than {PLANS_PARTED} rad",
}


def distances(visitor: Visitor) -> NamedText:
    """When two rollouts parted and how far their plans lay apart; raises NothingToExport."""
    pair = visitor.last_pair
    if pair is None:
        raise exports.NothingToExport("compare")
    sides = {letter: record.settings.as_json() for letter, record in zip(LETTERS, pair, strict=True)}
    values = {"sides": sides, "definitions": DEFINITIONS, "found": visitor.board.items(TRACE)}
    settings = pair[0].settings
    return f"{settings.task}-seed{settings.seed}-distances.json", json.dumps(
        values, indent=2, ensure_ascii=False
    ) + "\n"


def series_json(visitor: Visitor) -> NamedText:
    """Settings, totals and every seed of the series; raises NothingToResume."""
    found = _series(visitor)
    return _name(found, "json"), series_table.as_json(found.as_json(), found.results)


def series_csv(visitor: Visitor) -> NamedText:
    """One row a seed; raises NothingToResume."""
    found = _series(visitor)
    return _name(found, "csv"), series_table.as_csv(found.results)


FILES: Mapping[str, Callable[[Visitor], NamedText]] = {
    "distances": distances,
    "series-json": series_json,
    "series-csv": series_csv,
}


def _series(visitor: Visitor) -> series.Series:
    found = series.shown(visitor.board)
    if found is None:
        raise series.NothingToResume()
    return found


def _name(found: series.Series, ending: str) -> str:
    return f"{found.pair.task}-seeds{found.pair.seed}-{found.pair.seed + max(found.done, 1) - 1}.{ending}"
