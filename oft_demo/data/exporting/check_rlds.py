"""Checks an export for RLDS: the episodes, and a builder script that TFDS can load."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from oft_demo.data.exporting.check_oft import check_oft
from oft_demo.data.exporting.checking import error, guarded
from oft_demo.data.exporting.manifest import read_manifest
from oft_demo.data.exporting.rlds import DATA
from oft_demo.data.exporting.role import Finding

CHECKED_FOR = (
    "tensorflow_datasets 4.9 (such a script ran with 4.9.10; this one was only parsed), openvla-oft's features"
)
SUFFIX = "_dataset_builder.py"


def check_rlds(directory: Path) -> Iterator[Finding]:
    """As the preprocessed layout, and a script whose class is called as its folder is."""
    if not (directory / DATA).is_dir():
        yield error(DATA, "is missing")
        return
    for finding in check_oft(directory / DATA):
        yield replace(finding, where=f"{DATA}/{finding.where}")
    listed = {str(line["file"]) for line in read_manifest(directory)}
    found = {path.relative_to(directory).as_posix() for path in (directory / DATA).glob("*/*/episode_*.hdf5")}
    if listed != found:
        yield error("manifest.jsonl", f"speaks of {len(listed)} files; {len(found)} are there")
    scripts = list(directory.glob(f"*/*{SUFFIX}"))
    if len(scripts) != 1:
        yield error(directory.name, f"has {len(scripts)} builder scripts; expected one")
    for script in scripts:
        yield from guarded(script.name, _check_script(script))


def _check_script(script: Path) -> Iterator[Finding]:
    name = script.name.removesuffix(SUFFIX)
    try:
        tree = ast.parse(script.read_text(encoding="utf-8"))
    except SyntaxError as found:
        yield error(script.name, f"is not Python: {found}")
        return
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    if name not in classes or script.parent.name != name:
        yield error(script.name, f"should have a class {name} and lie in a folder {name}")
