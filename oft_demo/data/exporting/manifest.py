"""manifest.jsonl beside an export: one line an episode with what the format has no place for."""

import json
from dataclasses import asdict
from pathlib import Path

from oft_demo.data.exporting.role import ExportFormat, Planned, Written
from oft_demo.types import SOURCES, Episode

MANIFEST = "manifest.jsonl"


def manifest_line(form: ExportFormat, planned: Planned, episode: Episode, written: Written) -> str:
    """What is known about one episode, as JSON."""
    said = planned.exportable.annotation
    counts = {name: int((episode.step_sources == place).sum()) for place, name in enumerate(SOURCES)}
    about = {
        "format": form,
        "file": written.place,
        "episode": planned.name,
        "instruction": planned.instruction,
        "instruction_as_read": written.read_as,
        "paraphrases": list(said.paraphrases),
        "task": episode.task,
        "seed": episode.seed,
        "success": episode.success,
        "success_by_hand": said.success,
        "score": episode.score,
        "stage_score_by_hand": said.stage_score,
        "quality": said.quality,
        "tags": list(said.tags),
        "notes": said.notes,
        "operator": planned.operator,
        "split": planned.split,
        "hz": episode.control_hz,
        "length": planned.length,
        "padded": written.padded,
        "steps_by_source": {name: count for name, count in counts.items() if count},
        "disturbed_steps": int((~episode.valid.astype(bool)).sum()),
        "segments": [asdict(segment) for segment in episode.segments],
        "events": [asdict(event) for event in episode.events],
        "render_fingerprint": episode.render_fingerprint,
        "provenance": dict(episode.provenance),
    }
    return json.dumps(about, ensure_ascii=False)


def read_manifest(directory: Path) -> list[dict[str, object]]:
    """The lines of an export's manifest, in order; empty where there is none. Raises ValueError for another file."""
    path = directory / MANIFEST
    if not path.is_file():
        return []
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not all(isinstance(line, dict) and isinstance(line.get("file"), str) for line in lines):
        raise ValueError(f"{MANIFEST} has a line that is not about a file")
    return lines
