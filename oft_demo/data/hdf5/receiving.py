"""Takes in episode files that arrive as bytes from other machines."""

import uuid
from pathlib import Path

from oft_demo.data.durable import held, publish
from oft_demo.data.hdf5.layout import EpisodeSummary
from oft_demo.data.hdf5.reading import summarize


def write_received(path: Path, content: bytes) -> EpisodeSummary:
    """Check a file's structure, then let it appear under `path`; raises InvalidEpisode and NameTaken."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        part.write_bytes(content)
        summary = summarize(part)
        with held(part) as claim:
            publish(part, path, claim)
    finally:
        part.unlink(missing_ok=True)
    return summary
