"""The log of everything that people change: written with the change itself, undone and done again from it."""

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from oft_demo.data.catalog.entries import ANONYMOUS, Change, LabelConflict
from oft_demo.data.catalog.files import sort_key
from oft_demo.data.catalog.labelling import SPANS, STATE, Told, as_json, from_json, value_of
from oft_demo.data.catalog.standing import told_about

STANDS, UNDONE, UNDONE_FOR_GOOD = 0, 1, 2
MACHINE = ""  # who changes what nobody asked for


@dataclass(frozen=True)
class Item:
    """One label of one episode before and after a change, as JSON."""

    name: str
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Planned:
    """A change that is to be made."""

    kind: str
    sentence: str
    values: Mapping[str, Mapping[str, Any]]  # by name and field


def make(connection: sqlite3.Connection, planned: Planned, by: str) -> Change:
    """Write new labels and log them; what is said already is left out."""
    items = [item for name, fields in planned.values.items() for item in _items(connection, name, fields)]
    when = time.time()
    if not items:
        return Change(0, when, by, planned.kind, "Nothing was different: nothing was changed.", ())
    cursor = connection.execute(
        "INSERT INTO changes(at, by, kind, sentence) VALUES(?, ?, ?, ?)", (when, by, planned.kind, planned.sentence)
    )
    change = int(cursor.lastrowid or 0)
    rows = [(change, item.name, item.field, item.before, item.after) for item in items]
    connection.executemany("INSERT INTO items VALUES(?, ?, ?, ?, ?)", rows)
    _write(connection, items, by, when)
    query = f"UPDATE changes SET undone = {UNDONE_FOR_GOOD} WHERE by = ? AND undone = {UNDONE}"
    connection.execute(query, (by,))
    return _one(connection, change)


def note(connection: sqlite3.Connection, kind: str, sentence: str, by: str) -> None:
    """Log something that cannot be undone here."""
    query = "INSERT INTO changes(at, by, kind, sentence) VALUES(?, ?, ?, ?)"
    connection.execute(query, (time.time(), by, kind, sentence))


def undo(connection: sqlite3.Connection, by: str, change: int | None) -> Change | None:
    """Take back a person's last change, or that of a number; raises LabelConflict where it was built upon."""
    query = "SELECT id FROM changes WHERE undone = ? AND kind != 'emptied' AND "
    if change is None:
        row = connection.execute(query + "by = ? ORDER BY id DESC LIMIT 1", (STANDS, by)).fetchone()
    else:
        row = connection.execute(query + "id = ?", (STANDS, change)).fetchone()
    if row is None:
        return None
    items = [Item(item.name, item.field, item.after, item.before) for item in items_of(connection, row[0])]
    _turn(connection, items, by)
    place = _count_up(connection, "undone")
    connection.execute("UPDATE changes SET undone = ?, undone_at = ? WHERE id = ?", (UNDONE, place, row[0]))
    return _one(connection, row[0])


def redo(connection: sqlite3.Connection, by: str) -> Change | None:
    """Make the change again that a person undid last."""
    query = f"SELECT id FROM changes WHERE undone = {UNDONE} AND by = ? ORDER BY undone_at DESC LIMIT 1"
    row = connection.execute(query, (by,)).fetchone()
    if row is None:
        return None
    _turn(connection, items_of(connection, row[0]), by)
    connection.execute("UPDATE changes SET undone = ? WHERE id = ?", (STANDS, row[0]))
    return _one(connection, row[0])


def history(connection: sqlite3.Connection, name: str | None, limit: int) -> tuple[Change, ...]:
    """The last changes, of one episode or of all, the latest first."""
    if name is None:
        rows = connection.execute("SELECT id FROM changes ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
    else:
        query = "SELECT DISTINCT change FROM items WHERE name = ? ORDER BY change DESC LIMIT ?"
        rows = connection.execute(query, (name, limit)).fetchall()
    return tuple(_one(connection, number) for (number,) in rows)


def check_seen(
    connection: sqlite3.Connection, values: Mapping[str, Mapping[str, Any]], seen: Mapping[str, int], by: str
) -> None:
    """Raise LabelConflict where somebody else changed the same to something else since a person looked."""
    for name, fields in values.items():
        if name not in seen:
            continue
        for field, value in fields.items():
            # Steps are counted from where an episode begins: a trim changes what segments and a place to split mean.
            for watched in (SPANS, field) if field in ("segments", STATE) else (field,):
                wanted = as_json(field, value) if watched == field else ""
                _check_since(connection, name, watched, wanted, seen[name], by)


def forget_replaced(connection: sqlite3.Connection, episode: str, made_of: Iterable[str]) -> None:
    """Put away what was said about a file that is now another recording; the log keeps it."""
    values = dict[str, dict[str, Any]]()
    for name in made_of:
        if name == episode:
            values[name] = _unsaid(connection, name)
        elif told_about(connection, name).state != "absent":
            values[name] = {STATE: "absent"}
    sentence = f"The file of {episode} was replaced by another recording; what was said about the old one was put away."
    make(connection, Planned("replaced", sentence, values), MACHINE)


def take_over(connection: sqlite3.Connection, episode: str, said: Mapping[str, Any]) -> None:
    """Label an episode as its recording says, where nobody has said anything else."""
    query = "SELECT field FROM labels WHERE name = ? AND by != ?"
    known = {field for (field,) in connection.execute(query, (episode, MACHINE)).fetchall()}
    values = {field: value for field, value in said.items() if field not in known}
    if values:
        make(
            connection,
            Planned("taken over", f"Labels of the recording {episode} taken over.", {episode: values}),
            MACHINE,
        )


def items_of(connection: sqlite3.Connection, change: int) -> list[Item]:
    """What a change changed."""
    query = "SELECT name, field, before, after FROM items WHERE change = ?"
    return [Item(*row) for row in connection.execute(query, (change,)).fetchall()]


def _unsaid(connection: sqlite3.Connection, name: str) -> dict[str, Any]:
    rows = connection.execute("SELECT field FROM labels WHERE name = ?", (name,)).fetchall()
    return {field: value_of(Told(), field) for (field,) in rows}


def _items(connection: sqlite3.Connection, name: str, fields: Mapping[str, Any]) -> list[Item]:
    told = told_about(connection, name)
    items = [
        Item(name, field, as_json(field, value_of(told, field)), as_json(field, fields[field])) for field in fields
    ]
    if SPANS in fields:
        return items  # undoing it has to see whether the others still fit
    return [item for item in items if item.before != item.after]


def _turn(connection: sqlite3.Connection, items: Sequence[Item], by: str) -> None:
    """Go from `before` to `after` of all items, or of none."""
    for item in items:
        told = told_about(connection, item.name)
        if as_json(item.field, value_of(told, item.field)) != item.before:
            raise _conflict(connection, item.name, item.field)
        if item.field == STATE and item.after == as_json(STATE, "absent"):
            _check_unused(connection, item.name, by)
    _write(connection, items, by, time.time())


def _check_unused(connection: sqlite3.Connection, name: str, by: str) -> None:
    """An episode that was made by a change goes with it, unless somebody else has labelled it since."""
    query = (
        "SELECT other.field FROM labels AS other JOIN labels AS made ON made.name = other.name "
        "WHERE made.name = ? AND made.field = ? AND other.revision > made.revision AND other.by != ?"
    )
    row = connection.execute(query, (name, STATE, by)).fetchone()
    if row is not None:
        raise _conflict(connection, name, row[0])


def _check_since(connection: sqlite3.Connection, name: str, field: str, wanted: str, seen: int, by: str) -> None:
    query = "SELECT value, by FROM labels WHERE name = ? AND field = ? AND revision > ?"
    row = connection.execute(query, (name, field, seen)).fetchone()
    if row is not None and row[0] != wanted and (row[1] != by or by == ANONYMOUS):
        raise _conflict(connection, name, field)


def _conflict(connection: sqlite3.Connection, name: str, field: str) -> LabelConflict:
    query = "SELECT value, by, at FROM labels WHERE name = ? AND field = ?"
    value, by, at = connection.execute(query, (name, field)).fetchone() or ("null", MACHINE, 0.0)
    theirs = from_json(field, value)
    if field in ("segments", SPANS) and theirs is not None:
        theirs = [asdict(each) for each in theirs]
    return LabelConflict(name, field, by, at, theirs, told_about(connection, name).revision)


def _write(connection: sqlite3.Connection, items: Sequence[Item], by: str, when: float) -> None:
    revision = _count_up(connection, "revision")
    connection.executemany(
        "INSERT OR REPLACE INTO labels(name, field, value, revision, by, at) VALUES(?, ?, ?, ?, ?, ?)",
        [(item.name, item.field, item.after, revision, by, when) for item in items],
    )


def _count_up(connection: sqlite3.Connection, key: str) -> int:
    query = "INSERT INTO meta VALUES(?, 1) ON CONFLICT(key) DO UPDATE SET value = value + 1 RETURNING value"
    ((value,),) = connection.execute(query, (key,)).fetchall()
    return int(value)


def _one(connection: sqlite3.Connection, change: int) -> Change:
    query = "SELECT at, by, kind, sentence, undone FROM changes WHERE id = ?"
    at, by, kind, sentence, undone = connection.execute(query, (change,)).fetchone()
    rows = connection.execute("SELECT DISTINCT name FROM items WHERE change = ?", (change,)).fetchall()
    names = tuple(sorted((name for (name,) in rows), key=sort_key))
    return Change(change, at, by, kind, sentence, names, undone != STANDS)
