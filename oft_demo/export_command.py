"""`python -m oft_demo export`: episodes in the formats of other people's training code, each checked afterwards."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from .errors import OftDemoError
from .settings import Settings


@dataclass(frozen=True)
class ExportOptions:
    """Write episodes for ACT, openvla-oft, LeRobot v3 or robomimic. Nothing appears before it is whole and checked."""

    format: Literal["act", "oft", "lerobot", "robomimic", "rlds"]
    out: Path | None = None  # a directory that does not exist yet
    source: Path = Settings.data  # directory of episodes
    hz: int = 50  # steps a second: 50 as recorded, or 25 as openvla-oft wants it
    episodes: tuple[str, ...] = ()  # names; default: all
    only_successes: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False  # leave out what is labelled as a failure
    instruction: str | None = None  # only episodes with exactly these words
    seed: int = 0  # of the split into training and validation
    validation_share: float = 0.05  # of the episodes
    pictures: bool = True  # lerobot and robomimic can do without
    picture_size: tuple[int, int] = (480, 640)  # height and width in lerobot and robomimic
    scaled: bool = True  # robomimic: actions within -1..1 with their scale in env_args
    low_camera: bool = True  # oft and rlds: a black cam_low, which openvla-oft's RLDS builder reads
    top: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False  # lerobot: cam_high is called "top"
    length: int | None = None  # act: steps of every episode; default: of the longest
    dataset: str = "oft_demo_aloha"  # rlds: name of the data set
    check: Path | None = None  # check this directory in the format, and write nothing


class NowhereToWrite(OftDemoError):
    """No directory was named."""

    def __init__(self):
        super().__init__("Say where to: --out DIR, or which export to check: --check DIR.")


def main(options: ExportOptions) -> int:
    """Export with a progress bar and print the validator's report; the status is 1 where a check finds errors."""
    from tqdm import tqdm

    from .data.exporting import validate
    from .exporting import export, exportables

    if options.check is not None:
        report = validate(options.format, options.check)
        print(report)
        return 0 if report.ok else 1
    if options.out is None:
        raise NowhereToWrite
    chosen, report = _chosen(options), None
    items = exportables(*_episodes(options), chosen)
    with tqdm(unit="step", file=sys.stderr, disable=None) as bar:
        for progress in export(items, chosen):
            bar.total = progress.total
            bar.set_postfix_str(progress.sentence, refresh=False)
            bar.update(progress.done - bar.n)
            report = progress.report
    print(report)
    print(f"{len(items)} episodes in {options.out}")
    return 0 if report is not None and report.ok else 1


def _chosen(options: ExportOptions):
    from .data.exporting import ExportOptions as Chosen

    if options.out is None:
        raise NowhereToWrite
    return Chosen(
        format=options.format,
        out=options.out,
        hz=options.hz,
        seed=options.seed,
        validation_share=options.validation_share,
        pictures=options.pictures,
        picture_size=options.picture_size,
        scaled=options.scaled,
        low_camera=options.low_camera,
        top=options.top,
        length=options.length,
        dataset=options.dataset,
    )


def _episodes(options: ExportOptions):
    """The catalogue and the names of the episodes that are asked for."""
    from .data.catalog import Catalog

    catalog = Catalog(options.source)
    for name in options.episodes:
        catalog.path_of(name)
    found = [episode for episode in catalog.episodes() if not options.episodes or episode.name in options.episodes]
    if options.only_successes:
        found = [episode for episode in found if episode.success]
    if options.instruction is not None:
        found = [episode for episode in found if episode.instruction == options.instruction]
    return catalog, [episode.name for episode in found]
