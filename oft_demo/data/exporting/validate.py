"""Validators of exports, one a format; each says what it was checked for."""

import json
from collections.abc import Iterator
from pathlib import Path

from oft_demo.data.exporting import check_act, check_rlds, check_robomimic
from oft_demo.data.exporting.check_lerobot import check_lerobot, checked_for_lerobot
from oft_demo.data.exporting.check_oft import check_oft, checked_for_oft
from oft_demo.data.exporting.checking import Check, error, guarded, warning
from oft_demo.data.exporting.manifest import MANIFEST, read_manifest
from oft_demo.data.exporting.role import ExportFormat, Finding, Report, gathered


def validate(form: ExportFormat, directory: Path) -> Report:
    """Read a directory as the format's tools do; never raises for what is in the files."""
    checked_for, check = _validator(form, directory)
    if not directory.is_dir():
        return Report(form, checked_for, (error(directory.name, "is not a directory"),))
    findings = (*guarded(directory.name, check(directory)), *_check_manifest(directory))
    return Report(form, checked_for, gathered(findings))


def _validator(form: ExportFormat, directory: Path) -> tuple[str, Check]:
    match form:
        case "act":
            return check_act.CHECKED_FOR, check_act.check_act
        case "oft":
            return checked_for_oft(directory), check_oft
        case "lerobot":
            return checked_for_lerobot(directory), check_lerobot
        case "robomimic":
            return check_robomimic.CHECKED_FOR, check_robomimic.check_robomimic
        case "rlds":
            return check_rlds.CHECKED_FOR, check_rlds.check_rlds


def _check_manifest(directory: Path) -> Iterator[Finding]:
    """Every line of the manifest is about a file that is there."""
    try:
        lines = read_manifest(directory)
    except (ValueError, OSError, json.JSONDecodeError) as found:
        yield error(MANIFEST, f"cannot be read: {found}")
        return
    if not lines:
        yield warning(MANIFEST, "is missing: labels that the format has no place for are not known")
    for line in lines:
        place = str(line["file"]).split("#")[0]
        path = (directory / place).resolve()
        if not path.is_relative_to(directory.resolve()) or not path.is_file():
            yield error(MANIFEST, f"speaks of {place}, which is not there")
