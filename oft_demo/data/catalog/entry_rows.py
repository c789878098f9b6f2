"""Entries as the index keeps them for lists, and as people get them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.catalog.entries import Entry, Span
from oft_demo.data.catalog.examining import Facts, facts_from
from oft_demo.data.catalog.hints import length_hint
from oft_demo.data.catalog.labelling import Told
from oft_demo.data.hdf5.layout import EpisodeSummary
from oft_demo.types import Segment

BINNED = 2  # the shelf of what was deleted


def entry_text(told: Told, spans: Sequence[Span], facts: Facts) -> str:
    """An episode as the index keeps it for lists; the facts of a whole recording stand in its file's row."""
    kept = {
        "annotation": told.annotation,
        "spans": [[span.file, span.start, span.stop] for span in spans],
        "revision": told.revision,
        "facts": None if told.spans is None else facts,
    }
    return json.dumps(kept, default=vars, ensure_ascii=False)


def entry_from(
    text: str, name: str, shelf: int, recording: str | None, usual: tuple[float, float] | None = None
) -> Entry:
    """An entry of the index.

    `recording`: the facts of the file that has the same name; `usual`: the times [s] of the episode's task, where its
    own is none of them.
    """
    kept = json.loads(text)
    annotation = _annotation(kept["annotation"])
    facts = facts_from(json.loads(recording or "null") if kept["facts"] is None else kept["facts"])
    summary = summary_of(name, annotation, facts)
    outlier = () if usual is None else (length_hint(summary.seconds, usual),)
    return Entry(
        summary=summary,
        annotation=annotation,
        success_automatic=facts.success,
        sources=frozenset(facts.sources),
        spans=tuple(Span(*each) for each in kept["spans"]),
        revision=kept["revision"],
        recorded=facts.recorded,
        hints=(*facts.hints, *outlier),
        recovered=facts.recovered,
        deleted=shelf == BINNED,
        whole=kept["facts"] is None,
    )


def part_facts(text: str) -> Facts | None:
    """The facts in an entry of the index, where it is no whole recording."""
    facts = json.loads(text)["facts"]
    return None if facts is None else facts_from(facts)


def summary_of(name: str, annotation: Annotation, facts: Facts) -> EpisodeSummary:
    """The summary of an episode as people last labelled it."""
    instruction = facts.instruction if annotation.instruction is None else annotation.instruction
    return EpisodeSummary(
        name=name,
        task=facts.task,
        instruction=instruction,
        seed=facts.seed,
        success=facts.success if annotation.success is None else annotation.success,
        score=facts.score,
        length=facts.length,
        seconds=facts.length / facts.control_hz,
        source=facts.source,
        has_pictures=bool(facts.cameras),
        size_bytes=facts.size_bytes,
        # The object that the old instruction named says nothing about another instruction.
        named_object=facts.named_object if instruction == facts.instruction else None,
        cameras=facts.cameras,
    )


def _annotation(kept: Mapping[str, Any]) -> Annotation:
    segments = kept["segments"]
    lists = {
        "paraphrases": tuple(kept["paraphrases"]),
        "tags": tuple(kept["tags"]),
        "segments": None if segments is None else tuple(Segment(**each) for each in segments),
    }
    return Annotation(**{**kept, **lists})
