"""The command line: one subcommand a purpose, each imported only when it is called."""

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import OftDemoError, UnknownName

PROGRAM = "python -m oft_demo"


@dataclass(frozen=True)
class Subcommand:
    """Where a subcommand's options and its function are."""

    summary: str
    module: str
    options: str
    main: str = "main"


SUBCOMMANDS = {
    "record": Subcommand("record expert or policy episodes as HDF5", "oft_demo.record_command", "RecordOptions"),
    "replay": Subcommand(
        "redraw an episode and compare bit by bit", "oft_demo.episodes_command", "ReplayOptions", "replay"
    ),
    "episodes": Subcommand(
        "list the episodes of a directory", "oft_demo.episodes_command", "EpisodesOptions", "episodes"
    ),
    "label": Subcommand("say something about episodes, and take it back", "oft_demo.label_command", "LabelOptions"),
    "import": Subcommand("take in ALOHA HDF5 of other programs", "oft_demo.import_command", "ImportOptions"),
    "export": Subcommand(
        "for ACT, openvla-oft, LeRobot, robomimic or RLDS", "oft_demo.export_command", "ExportOptions"
    ),
    "redraw": Subcommand("write episodes again for other cameras or sizes", "oft_demo.redraw_command", "RedrawOptions"),
    "train": Subcommand("train a policy on episodes", "oft_demo.train.command", "TrainOptions"),
    "evaluate": Subcommand("success and language following on many seeds", "oft_demo.evaluate", "EvaluateOptions"),
    "serve": Subcommand("let others reach a policy over the wire", "oft_demo.serve.command", "ServeOptions"),
    "inspect": Subcommand("sizes, memory and cost of a checkpoint", "oft_demo.inspect_command", "InspectOptions"),
    "check-parity": Subcommand(
        "compare with what the official code said in a recorded case", "oft_demo.parity_command", "ParityOptions"
    ),
    "rollout": Subcommand("let a policy act once", "oft_demo.rollout_command", "RolloutOptions"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit status: 2 for an error that a person can mend."""
    name, *rest = [*(sys.argv[1:] if arguments is None else arguments), ""]
    if name in ("", "-h", "--help"):
        print(usage())
        return 0 if name else 2
    try:
        return run(name, rest[:-1])
    except OftDemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def run(name: str, arguments: Sequence[str]) -> int:
    """Parse the options of the subcommand `name` and do it."""
    if name not in SUBCOMMANDS:
        raise UnknownName("subcommand", name, SUBCOMMANDS)
    import tyro  # a third of a second that the usage need not wait for

    subcommand = SUBCOMMANDS[name]
    module = importlib.import_module(subcommand.module)
    options = tyro.cli(getattr(module, subcommand.options), args=arguments, prog=f"{PROGRAM} {name}")
    return getattr(module, subcommand.main)(options)


def usage() -> str:
    """What can be done."""
    lines = [f"  {name:14}{subcommand.summary}" for name, subcommand in SUBCOMMANDS.items()]
    return "\n".join([f"usage: {PROGRAM} SUBCOMMAND [OPTIONS]", "", *lines, "", "SUBCOMMAND --help lists its options."])
