"""`python -m oft_demo label`: say something about one episode, or about many at once, and take it back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import OftDemoError, UnknownName
from .settings import Settings

SHOWN = 10  # changes in the history


class NothingToSay(OftDemoError):
    """No label, tag or other change was given."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing is to be changed. Give a label, for example --success yes or --instruction WORDS; "
            "or --undo, --redo, --history."
        )


@dataclass(frozen=True)
class LabelOptions:
    """Change the labels of episodes; files are never rewritten, and every change can be undone."""

    directory: Path = Settings.data
    episodes: tuple[str, ...] = ()  # names; default with --search: all that are found
    search: str = ""  # label all episodes in which these words occur
    instruction: str | None = None
    paraphrase: tuple[str, ...] = ()  # other wordings that fit as well
    success: str | None = None  # yes, no, or "" for as it was recorded
    stage_score: float | None = None  # 0 to 100
    quality: int | None = None  # 1 (poor) to 5 (excellent)
    notes: str | None = None
    operator: str | None = None
    tag: tuple[str, ...] = ()  # to add
    untag: tuple[str, ...] = ()  # to take away
    delete: bool = False  # put into the bin, from where --restore takes them back
    restore: bool = False
    by: str = ""  # who says so
    undo: bool = False  # the last change
    redo: bool = False
    history: bool = False  # list the last changes


def main(options: LabelOptions) -> int:
    """Change labels, print what was done, and return the exit status."""
    from .data.catalog import Catalog

    if not options.directory.is_dir():
        raise UnknownName("directory", str(options.directory), [])
    catalog = Catalog(options.directory)
    try:
        done = _carry_out(catalog, options)
    finally:
        catalog.close()
    print("\n".join(done) or "nothing was changed")
    return 0


def _carry_out(catalog: Any, options: LabelOptions) -> list[str]:
    if options.history:
        return [_line(change) for change in catalog.history(limit=SHOWN)]
    if options.undo or options.redo:
        change = catalog.undo(options.by) if options.undo else catalog.redo(options.by)
        return [] if change is None else [f"{'undone' if options.undo else 'done again'}: {change.sentence}"]
    names = _names(catalog, options)
    changes, by = _changes(options), options.by
    work = [
        (bool(changes), lambda: catalog.annotate(names, changes, by, None)),
        (bool(options.tag), lambda: catalog.add_tags(names, options.tag, by)),
        (bool(options.untag), lambda: catalog.remove_tags(names, options.untag, by)),
        (options.delete, lambda: catalog.delete(names, by)),
        (options.restore, lambda: catalog.restore(names, by)),
    ]
    if not any(wanted for wanted, _ in work):
        raise NothingToSay
    return [do().sentence for wanted, do in work if wanted]


def _names(catalog: Any, options: LabelOptions) -> tuple[str, ...]:
    from .data.catalog.entries import Search

    if options.episodes:
        return options.episodes
    if not options.search:
        raise OftDemoError("Say which episodes: --episodes NAMES, or --search WORDS for all in which they occur.")
    everything = Search(text=options.search, deleted=options.restore, limit=catalog.search(Search(limit=1)).total or 1)
    found = catalog.search(everything).entries
    if not found:
        raise OftDemoError(f"No episode in {options.directory.name} has the words {options.search!r}.")
    return tuple(entry.name for entry in found)


def _changes(options: LabelOptions) -> dict[str, object]:
    given: dict[str, object] = {
        "instruction": options.instruction,
        "paraphrases": options.paraphrase or None,
        "stage_score": options.stage_score,
        "quality": options.quality,
        "notes": options.notes,
        "operator": options.operator,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if options.success is not None:
        changes["success"] = _verdict(options.success)
    return changes


def _verdict(text: str) -> bool | None:
    verdicts = {"yes": True, "no": False, "": None}
    if text not in verdicts:
        raise UnknownName("verdict", text, ("yes", "no", '""'))
    return verdicts[text]


def _line(change: Any) -> str:
    undone = " (undone)" if change.undone else ""
    return f"{change.id:6} {change.by}: {change.sentence}{undone}"
