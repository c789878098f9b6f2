"""Imports point one way: app -> studio -> work -> {policy, sim, data} -> {types, errors, settings}."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "oft_demo"
FOUNDATION = {"types", "errors", "settings"}
BASES = {"policy", "sim", "data"}
TOP = {"cli", "__main__", "bench"}
HOMES = {  # where a heavy library may be imported
    "mujoco": {"sim"},
    "h5py": {"data"},
    "gradio": {"studio"},
    "torch": {"policy", "train", "bench", "parity"},
}


def part_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def is_part(name):
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()


def layer(part):
    """0 foundation, 1 what acts, where and what is remembered, 2 work, 3 the page, 4 the way in."""
    if part in FOUNDATION:
        return 0
    if part in BASES:
        return 1
    return {"studio": 3, **dict.fromkeys(TOP, 4)}.get(part, 2)


def imported_modules(path):
    """Absolute dotted names of everything that a file imports, inside functions too."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield from (f"{module}.{alias.name}" for alias in node.names)


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    part = part_of(path)
    for name in imported_modules(path):
        library, _, inside = name.partition(".")
        other = inside.split(".")[0]
        if library != "oft_demo" or other in ("", part) or not is_part(other):
            continue
        assert layer(other) <= layer(part), f"{path.name} imports {name}, which stands above it"
        assert not {part, other} <= BASES, f"{path.name} imports {name}: policy, sim and data stay apart"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_libraries_stay_in_their_homes(path):
    for name in imported_modules(path):
        library = name.split(".")[0]
        assert part_of(path) in HOMES.get(library, {part_of(path)}), f"{path.name} imports {library}"
