"""What the Episodes tab changes: labels, trims, splits, merges and deletions, all of which can be undone."""

import contextlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from oft_demo.data.catalog.entries import Change, LabelConflict
from oft_demo.errors import UnknownName
from oft_demo.studio import episode_jobs
from oft_demo.studio.board import Data
from oft_demo.studio.commands import Command
from oft_demo.studio.episode_choice import chosen
from oft_demo.studio.episode_news import PAGE, tell_done, tell_everyone
from oft_demo.studio.episode_requests import (
    changes_of,
    name_of,
    names_of,
    person_of,
    seen_of,
    step_of,
    texts_of,
)
from oft_demo.studio.episode_views import label_json
from oft_demo.studio.screen import say

if TYPE_CHECKING:
    from oft_demo.studio.studio import Studio
    from oft_demo.studio.visitors import Visitor

Message = Mapping[str, Any]


def annotate(studio: "Studio", visitor: "Visitor", message: Message) -> None:
    """Label one or several episodes; where somebody else was faster, both labels are shown and nothing is written."""
    names, changes = chosen(studio, message), changes_of(message)
    try:
        change = studio.catalog.annotate(names, changes, person_of(message), seen_of(message))
    except LabelConflict as conflict:
        _tell_conflict(visitor, conflict, changes)
        raise
    tell_done(studio, visitor, change)


def tag(studio: "Studio", visitor: "Visitor", message: Message) -> None:
    """Add tags to several episodes, or take tags from them."""
    names, by = chosen(studio, message), person_of(message)
    if added := texts_of(message, "add"):
        tell_done(studio, visitor, studio.catalog.add_tags(names, added, by))
    if removed := texts_of(message, "remove"):
        tell_done(studio, visitor, studio.catalog.remove_tags(names, removed, by))


def trim(studio: "Studio", visitor: "Visitor", message: Message) -> None:
    """Keep the steps from `start` to `stop`; the file stays whole."""
    name, start, stop = name_of(message), step_of(message, "start"), step_of(message, "stop")
    tell_done(studio, visitor, studio.catalog.trim(name, start, stop, person_of(message), seen_of(message)))


def split(studio: "Studio", visitor: "Visitor", message: Message) -> None:
    """Make two episodes of one, and open the first."""
    by = person_of(message)
    first, _ = studio.catalog.split(name_of(message), step_of(message, "at"), by, seen_of(message))
    tell_done(studio, visitor, _last_change(studio, first), opens=first)


def merge(studio: "Studio", visitor: "Visitor", message: Message) -> None:
    """Make one episode of several, and open it."""
    name = studio.catalog.merge(names_of(message), person_of(message))
    tell_done(studio, visitor, _last_change(studio, name), opens=name)


def delete(studio: "Studio", visitor: "Visitor", message: Message) -> None:
    """Put episodes into the bin."""
    tell_done(studio, visitor, studio.catalog.delete(chosen(studio, message), person_of(message)))


def restore(studio: "Studio", visitor: "Visitor", message: Message) -> None:
    """Take episodes out of the bin."""
    tell_done(studio, visitor, studio.catalog.restore(chosen(studio, message), person_of(message)))


def undo(studio: "Studio", visitor: "Visitor", message: Message) -> None:
    """Take back the person's last change."""
    _tell_of_step(studio, visitor, studio.catalog.undo(person_of(message)), "Undone", "There is nothing to undo.")


def redo(studio: "Studio", visitor: "Visitor", message: Message) -> None:
    """Do the change again that was taken back last."""
    _tell_of_step(studio, visitor, studio.catalog.redo(person_of(message)), "Done again", "There is nothing to redo.")


COMMANDS: Mapping[str, Command] = {
    f"episodes-{name}": Command(handle, PAGE, in_order=True)
    for name, handle in {
        "annotate": annotate,
        "tag": tag,
        "trim": trim,
        "split": split,
        "merge": merge,
        "delete": delete,
        "restore": restore,
        "undo": undo,
        "redo": redo,
    }.items()
} | {
    "episodes-export": Command(episode_jobs.export_chosen, PAGE),
    "episodes-export-stop": Command(episode_jobs.stop_export, PAGE, quick=True),
    "episodes-import": Command(episode_jobs.import_uploads, PAGE),
    "episodes-import-forget": Command(episode_jobs.forget_uploads, PAGE),
}


def _last_change(studio: "Studio", name: str) -> Change:
    return studio.catalog.history(name, limit=1)[0]


def _tell_of_step(studio: "Studio", visitor: "Visitor", change: Change | None, word: str, otherwise: str) -> None:
    if change is None:
        say(visitor.board, PAGE, otherwise, "warn")
        return
    say(visitor.board, PAGE, f"{word}: {change.sentence}", "good")
    opens = _standing(studio, change.names) if change.kind in ("split", "merge") else None
    done = {"id": visitor.board.epoch(), "names": list(change.names), "open": opens, "undone": True}
    visitor.board.post("episodes-done", Data.of(done))
    tell_everyone(studio, change.names)


def _standing(studio: "Studio", names: Iterable[str]) -> str | None:
    """The first of these episodes that is there now."""
    for name in names:
        with contextlib.suppress(UnknownName):
            if not studio.catalog.entry(name).deleted:
                return name
    return None


def _tell_conflict(visitor: "Visitor", conflict: LabelConflict, changes: Mapping[str, object]) -> None:
    told = {
        "id": visitor.board.epoch(),
        "name": conflict.name,
        "field": conflict.field,
        "by": conflict.by,
        "when": conflict.when,
        "theirs": label_json(conflict.theirs),
        "yours": label_json(changes.get(conflict.field)),
        "revision": conflict.revision,
    }
    visitor.board.post("episodes-conflict", Data.of(told))
