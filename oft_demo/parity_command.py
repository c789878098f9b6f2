"""`check-parity`: does the network here say what the official code said?"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from .parity import Case, Computed, Finding, compare, compute, load_case, read_case
from .parity.compare import out_arrays
from .parity.pictures import Start


@dataclass(frozen=True)
class ParityOptions:
    """Compute a recorded case again and compare every array with what the official code gave."""

    case: Annotated[Path, tyro.conf.Positional]  # a directory with case.json, checkpoint/ and expected_fp32.npz
    start: Annotated[Start, tyro.conf.arg(name="from")] = "crops"  # recorded pictures, or raw camera frames
    json: bool = False  # print JSON instead of a table
    out: Path | None = None  # write what was computed, under the recorded names


def main(options: ParityOptions) -> int:
    """Print the errors; status 1 where one is over its gate."""
    case = read_case(options.case)
    computed = compute(case, load_case(case), options.start)
    findings = list(compare(case, computed, options.start))
    if options.out is not None:
        with options.out.open("wb") as file:
            np.savez_compressed(file, **out_arrays(case, computed))  # type: ignore[arg-type]
    print(_as_json(case, computed, findings, options) if options.json else _as_table(computed, findings, options))
    return 0 if all(finding.passed for finding in findings) else 1


def _as_table(computed: Computed, findings: list[Finding], options: ParityOptions) -> str:
    over = sum(not finding.passed for finding in findings)
    head = f"{'array':42}{'max error':>12}{'gate':>12}"
    recipe = [f"raw frames became pictures by: {computed.recipe}"] if computed.recipe else []
    verdict = f"{len(findings) - over} of {len(findings)} arrays within their gates, from {options.start}, fp32"
    return "\n".join([*recipe, head, *map(str, findings), verdict])


def _as_json(case: Case, computed: Computed, findings: list[Finding], options: ParityOptions) -> str:
    rows = [
        {
            "array": finding.name,
            "max_error": finding.error if np.isfinite(finding.error) else None,
            "gate": finding.gate if np.isfinite(finding.gate) else None,
            "passed": finding.passed,
            "note": finding.note,
        }
        for finding in findings
    ]
    passed = all(finding.passed for finding in findings)
    about = {"case": case.directory.name, "from": options.start, "recipe": computed.recipe, "passed": passed}
    return json.dumps({**about, "arrays": rows}, indent=2)
