"""Changes labels and edits of the episodes of a directory; each change is whole, logged, and can be undone."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from oft_demo.data.catalog import changes, edits, standing
from oft_demo.data.catalog.changes import Planned
from oft_demo.data.catalog.database import Database
from oft_demo.data.catalog.entries import ANONYMOUS, Change, InvalidEdit
from oft_demo.data.catalog.files import move_to_trash
from oft_demo.data.catalog.labelling import SPANS, STATE, checked_person
from oft_demo.data.catalog.shelving import shelve, weigh
from oft_demo.data.catalog.watching import Watch

FEW_NAMES = 50  # whose files are looked at one by one; for more the whole directory is


class Editing:
    """What a catalogue can change; `by` is the name of who does it."""

    def __init__(self, directory: Path, in_background: bool = False):
        self.directory = directory
        self._database = Database(directory)
        self._watch = Watch(directory, self._database, in_background)

    def annotate(
        self,
        names: str | Iterable[str],
        changes: Mapping[str, object],
        by: str = ANONYMOUS,
        seen: Mapping[str, int] | None = None,
    ) -> Change:
        """Label episodes, all in the same way; `changes` are fields of an Annotation.

        `seen` are the revisions that the person saw: where somebody else changed the same label since, LabelConflict
        is raised. In every case all of it is written, or nothing.
        """
        chosen = self._known(names)
        return self._make(lambda connection: edits.annotate(connection, chosen, changes), by, seen)

    def add_tags(self, names: str | Iterable[str], tags: Iterable[str], by: str = ANONYMOUS) -> Change:
        """Add tags to what each episode has."""
        chosen, added = self._known(names), tuple(tags)
        return self._make(lambda connection: edits.tag(connection, chosen, added, ()), by)

    def remove_tags(self, names: str | Iterable[str], tags: Iterable[str], by: str = ANONYMOUS) -> Change:
        """Take tags from episodes, those that have them."""
        chosen, removed = self._known(names), tuple(tags)
        return self._make(lambda connection: edits.tag(connection, chosen, (), removed), by)

    # ------------------------------------------------------------------------------------------------ editing

    def trim(
        self, name: str, start: int, stop: int, by: str = ANONYMOUS, seen: Mapping[str, int] | None = None
    ) -> Change:
        """Keep the steps from `start` to `stop`, counted as the episode is now; the file stays whole."""
        self._known(name)
        return self._make(lambda connection: edits.trim(connection, name, start, stop), by, seen)

    def untrim(self, name: str, by: str = ANONYMOUS) -> Change:
        """Have the whole recording again, whoever trimmed it when."""
        self._known(name)
        return self._make(lambda connection: edits.untrim(connection, name), by)

    def split(self, name: str, at: int, by: str = ANONYMOUS, seen: Mapping[str, int] | None = None) -> tuple[str, str]:
        """Make two episodes of one, the second of which begins with the step `at`; gives their names."""
        self._known(name)
        parts = list[str]()

        def planned(connection: sqlite3.Connection) -> Planned:
            plan, parts[:] = edits.split(connection, name, at)
            return plan

        self._make(planned, by, seen)
        return parts[0], parts[1]

    def merge(self, names: Iterable[str], by: str = ANONYMOUS) -> str:
        """Make one episode of several, one behind the other; gives its name."""
        chosen, merged = self._known(names), list[str]()

        def planned(connection: sqlite3.Connection) -> Planned:
            plan, name = edits.merge(connection, chosen)
            merged[:] = [name]
            return plan

        self._make(planned, by)
        return merged[0]

    def delete(self, names: str | Iterable[str], by: str = ANONYMOUS) -> Change:
        """Put episodes into the bin; their files stay where they are until `empty_trash`."""
        chosen = self._known(names)
        return self._make(lambda connection: edits.delete(connection, chosen), by)

    def restore(self, names: str | Iterable[str], by: str = ANONYMOUS) -> Change:
        """Take episodes out of the bin."""
        chosen = self._known(names)
        return self._make(lambda connection: edits.restore(connection, chosen), by)

    def undo(self, by: str = ANONYMOUS, change: int | None = None) -> Change | None:
        """Take back a person's last change, or the one of a number; None where there is none.

        Raises LabelConflict where somebody changed the same since; then nothing is taken back.
        """
        return self._turn(lambda connection: changes.undo(connection, checked_person(by), change))

    def redo(self, by: str = ANONYMOUS) -> Change | None:
        """Make the change again that a person undid last; None where there is none."""
        return self._turn(lambda connection: changes.redo(connection, checked_person(by)))

    def empty_trash(self, by: str = ANONYMOUS) -> tuple[str, ...]:
        """Move the files of everything in the bin into the folder .trash, from where a person can take them back.

        Files that an episode outside the bin is made of stay; gives the names of those that were moved.
        """
        self._watch.bring_up_to_date()
        moved = list[str]()
        try:
            for file in self._database.write(edits.files_of_bin):
                move_to_trash(self.directory, file)
                moved.append(file)
        except OSError as error:
            raise InvalidEdit("the bin", f"a file cannot be moved ({error.strerror})", "look after the disk") from error
        finally:
            if moved:
                sentence = f"The bin was emptied: {len(moved)} files moved to the folder .trash."
                self._database.write(lambda connection: changes.note(connection, "emptied", sentence, by))
                for file in moved:
                    self._watch.look_at(file)
        return tuple(moved)

    def _make(
        self, plan: Callable[[sqlite3.Connection], Planned], by: str, seen: Mapping[str, int] | None = None
    ) -> Change:
        person = checked_person(by)

        def work(connection: sqlite3.Connection) -> Change:
            planned = plan(connection)
            changes.check_seen(connection, planned.values, seen or {}, person)
            change = changes.make(connection, planned, person)
            self._shelve(connection, change)
            return change

        return self._database.write(work)

    def _turn(self, turn: Callable[[sqlite3.Connection], Change | None]) -> Change | None:
        def work(connection: sqlite3.Connection) -> Change | None:
            change = turn(connection)
            if change is not None:
                self._shelve(connection, change)
                _check_there(connection, change)
            return change

        return self._database.write(work)

    def _shelve(self, connection: sqlite3.Connection, change: Change) -> None:
        tasks = {shelve(connection, self.directory, name) for name in change.names}
        if {item.field for item in changes.items_of(connection, change.id)} & {SPANS, STATE}:
            weigh(connection, tasks)

    def _known(self, names: str | Iterable[str]) -> tuple[str, ...]:
        """Names, each once; whether they exist is seen when the change is made."""
        chosen = tuple(dict.fromkeys((names,) if isinstance(names, str) else names))
        if len(chosen) > FEW_NAMES:
            self._watch.bring_up_to_date()
        else:
            for name in chosen:
                self._look_at(name)
        return chosen

    def _look_at(self, name: str) -> None:
        """Bring the files of one episode up to date, or whatever is quick where there is none of that name."""
        self._watch.take_over_old_labels()
        for file in self._database.read(lambda connection: standing.files_of(connection, name)):
            self._watch.look_at(file)
        if not self._database.read(lambda connection: standing.is_shelved(connection, name)):
            self._watch.glance()


def _check_there(connection: sqlite3.Connection, change: Change) -> None:
    for item in changes.items_of(connection, change.id):
        told = standing.told_about(connection, item.name)
        if item.field == STATE and told.state == "kept" and not standing.parts_of(connection, item.name, told):
            raise InvalidEdit(item.name, "its file is no longer there", "move it back from the folder .trash first")
