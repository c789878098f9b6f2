"""A run as files that other programs read: a table of joints, its settings, an ALOHA episode."""

import csv
import io
import json
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from .appearing import appearing
from .pictures import ALOHA_IMAGE_SIZE, PictureEnv, save_with_pictures
from .run_record import RecordedChunk, RunRecord
from .settings import PROJECT_ROOT
from .types import JOINT_NAMES, Episode

SIDES = ("a", "b")  # of a comparison
TIME_DIGITS, JOINT_DIGITS = 3, 6
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so is computed by spreadsheets


def joint_column(kind: str, joint: str) -> str:
    """The header of a joint's column, with its unit."""
    return f"{kind}_{joint}_{'closed0_open1' if joint.endswith('gripper') else 'rad'}"


COLUMNS = (
    "time_s", "step", "chunk", "row", "instruction",
    *(joint_column("measured", joint) for joint in JOINT_NAMES),
    *(joint_column("target", joint) for joint in JOINT_NAMES),
    "reward_0_to_4", "score_0_to_100", "stage",
)  # fmt: skip


def joints_csv(*records: RunRecord) -> str:
    """One row a control step: what was measured before it, what was sent, the score after it.

    Several runs stand below each other, and the first column says whose row it is.
    """
    if len(records) == 1:
        return _table(COLUMNS, _rows(records[0]))
    return _table(
        ("side", *COLUMNS),
        ([side, *row] for side, record in zip(SIDES, records, strict=False) for row in _rows(record)),
    )


def settings_json(*records: RunRecord) -> str:
    """What is needed to repeat a run, what came of it, and how long every chunk took; several runs by their sides."""
    described = [_described(record) for record in records]
    values = described[0] if len(records) == 1 else dict(zip(SIDES, described, strict=False))
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def write_hdf5(
    path: Path, env: PictureEnv, episode: Episode, image_size: tuple[int, int] = ALOHA_IMAGE_SIZE
) -> Iterator[float]:
    """Write an ALOHA episode with pictures drawn from the recorded states; yields the share that is done.

    `env` is of the same task and nobody else's. The file appears when it is whole.
    """
    for progress in save_with_pictures(path, env, episode, image_size=image_size):
        yield progress.done / progress.total


def write_text(path: Path, text: str) -> Iterator[float]:
    """Write a text file, which appears when it is whole; yields the share that is done."""
    with appearing(path) as part:
        part.write_text(text, encoding="utf-8", newline="")
    yield 1.0


# ---------------------------------------------------------------------------------------------------------------------
# Tables


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _rows(record: RunRecord) -> Iterator[list[object]]:
    episode = record.episode
    for step, score in enumerate(record.scores):
        chunk = record.chunk_at(step)
        yield [
            round(step / episode.control_hz, TIME_DIGITS),
            step,
            chunk,
            record.row_at(step),
            _cell(record.chunks[chunk].chunk.instruction),
            *np.round(episode.qpos[step].astype(float), JOINT_DIGITS),
            *np.round(episode.action[step].astype(float), JOINT_DIGITS),
            score.reward,
            round(score.points, 1),
            _cell(score.stage),
        ]


def _cell(text: str) -> str:
    """Words of a person who may have sent this run as a link: never a formula in the program that opens the table."""
    return f"'{text}" if text.startswith(FORMULA) else text


# ---------------------------------------------------------------------------------------------------------------------
# Settings


def _described(record: RunRecord) -> dict[str, object]:
    last = record.scores[-1]
    return {
        "settings": record.settings.as_json(),
        "link": record.settings.as_query(),
        "outcome": {
            "verdict": record.verdict,
            "success": last.success,
            "score_0_to_100": last.points,
            "reward_0_to_4": last.reward,
            "stage": last.stage,
            "first_object": last.first_object,
            "named_object": last.named_object,
            "control_steps": record.episode.length,
            "seconds": record.seconds,
        },
        "policy": {"acted": record.episode.source, **record.card},
        "chunks": [_chunk(chunk) for chunk in record.chunks],
        "render_fingerprint": record.episode.render_fingerprint,
        "versions": _versions(),
    }


def _chunk(recorded: RecordedChunk) -> dict[str, object]:
    return {
        "step": recorded.step,
        "instruction": recorded.chunk.instruction,
        "rows": len(recorded.chunk.targets),
        "dt_s": recorded.chunk.dt,
        "latency_ms": {stage: round(ms, 3) for stage, ms in recorded.chunk.latency_ms.items()},
    }


def _versions() -> dict[str, str]:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {"oft_demo": project["project"]["version"], **{name: version(name) for name in ("mujoco", "torch", "numpy")}}
