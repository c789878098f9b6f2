"""Fills a catalogue with episodes that nobody recorded, to measure how it does with very many."""

import os
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.catalog.database import Database
from oft_demo.data.catalog.entries import Hint, Span
from oft_demo.data.catalog.examining import Facts, facts_json
from oft_demo.data.catalog.files import SUFFIX
from oft_demo.data.catalog.labelling import ANNOTATED, Told, as_json
from oft_demo.data.catalog.shelving import put, weigh
from oft_demo.types import CAMERAS, JOINT_COUNT, SOURCES, Segment

OBJECTS = ("yellow corn", "red pepper", "green pepper", "purple eggplant", "orange carrot", "blue cube", "white cup")
PLACES = ("pot", "bowl", "basket", "drawer")
TAGS = ("slow", "two tries", "clean", "regrasp", "camera moved")
PEOPLE = ("Anna", "Ben", "Chiara", "Dmitri")
NOTES = ("slips once", "touches the rim", "the left arm waits", "good example", "object falls and is picked up again")
TASKS = ("put_x_into_pot", "transfer_cube")
MADE = 1000  # episodes that are drawn; the others are copies of them under other names, recorded at other times
# Each copies rows of the episodes that were made, with numbers so much higher.
COPIES = (
    """INSERT INTO files SELECT 'episode_' || (number + :by), 'episode_' || (number + :by), 0, size, 0, NULL,
    json_set(facts, '$.recorded', recorded - 61.7 * :by)
    FROM files JOIN episodes USING(name) WHERE number < :count""",
    """INSERT INTO labels SELECT 'episode_' || (number + :by), field, value, revision + :by, by, at
    FROM labels JOIN episodes USING(name) WHERE number < :count""",
    """INSERT INTO entries SELECT id + :by, json_set(entry, '$.spans[0][0]', 'episode_' || (number + :by))
    FROM entries JOIN episodes USING(id) WHERE number < :count""",
    """INSERT INTO words(rowid, text) SELECT id + :by, replace(text, name, 'episode_' || (number + :by))
    FROM words JOIN episodes ON id = words.rowid WHERE number < :count""",
    "INSERT INTO ranges SELECT id + :by, joints FROM ranges JOIN episodes USING(id) WHERE number < :count",
    "INSERT INTO uses SELECT 'episode_' || (number + :by), id + :by FROM episodes WHERE number < :count",
    "INSERT INTO tags SELECT tag, id + :by FROM tags JOIN episodes USING(id) WHERE number < :count",
    "INSERT INTO hints SELECT kind, id + :by FROM hints JOIN episodes USING(id) WHERE number < :count",
    """INSERT INTO episodes SELECT id + :by, 'episode_' || (number + :by), shelf, number + :by, task, instruction,
    success, sources, quality, operator, recovered, recorded - 61.7 * :by, seconds, problems, outlier
    FROM episodes WHERE number < :count""",
)
HINTS = (
    Hint("idle start", 60, "Nothing moves for the first 1.2 s; step 60 is the first."),
    Hint("jerk", 200, "The target of left waist jumps at step 200."),
    Hint("gripper never closed", None, "Neither gripper ever closes, so nothing can have been picked up."),
)


def fill_index(directory: Path, count: int, seed: int = 0) -> None:
    """Make `count` empty files, and an index that holds them as episodes with labels of all kinds."""
    directory.mkdir(parents=True, exist_ok=True)
    draw = random.Random(seed)
    stamps = list(_stamps(directory, count))
    made = min(count, MADE)

    def work(connection: sqlite3.Connection) -> None:
        for number in range(made):
            _put(connection, draw, number, stamps[number])
        for begin in range(made, count, made):
            for copy in COPIES:
                connection.execute(copy, {"by": begin, "count": min(made, count - begin)})
        updates = [(stamp, f"episode_{number}") for number, stamp in enumerate(stamps)]
        connection.executemany("UPDATE files SET mtime_ns = ? WHERE name = ?", updates)
        weigh(connection, TASKS)

    database = Database(directory)
    database.index(work)
    database.close()


def _stamps(directory: Path, count: int) -> Iterator[int]:
    for number in range(count):
        path = directory / f"episode_{number}{SUFFIX}"
        os.mknod(path)
        yield path.stat().st_mtime_ns


def _put(connection: sqlite3.Connection, draw: random.Random, number: int, stamp: int) -> None:
    name, facts, told = f"episode_{number}", _facts(draw), _told(draw, number + 1)
    connection.execute("INSERT INTO files VALUES(?, ?, ?, 0, 0, NULL, ?)", (name, name, stamp, facts_json(facts)))
    for field in ANNOTATED:
        value = getattr(told.annotation, field)
        if value != getattr(Annotation(), field):
            kept = (name, field, as_json(field, value), number + 1, draw.choice(PEOPLE), facts.recorded)
            connection.execute("INSERT INTO labels VALUES(?, ?, ?, ?, ?, ?)", kept)
    put(connection, name, told, [Span(name, 0, facts.length)], facts)


def _facts(draw: random.Random) -> Facts:
    thing, length = draw.choice(OBJECTS), draw.randint(150, 900)
    source = draw.choice(SOURCES)
    middle = draw.uniform(-0.5, 0.5)
    return Facts(
        task=draw.choice(TASKS),
        instruction=f"put the {thing} into the {draw.choice(PLACES)}",
        seed=draw.randrange(10**6),
        success=draw.random() < 0.7,
        score=draw.choice((0.0, 25.0, 50.0, 100.0)),
        length=length,
        control_hz=50,
        source=source,
        cameras=CAMERAS,
        size_bytes=draw.randrange(10**7, 10**8),
        named_object=thing,
        state_size=120,
        segments=(Segment(0, length // 2, f"reach for the {thing}"), Segment(length // 2, length, "let go")),
        operator=draw.choice((*PEOPLE, None)),
        recorded=time.time() - draw.uniform(0, 3e7),
        recovered=draw.random() < 0.01,
        sources=tuple({source, draw.choice(SOURCES)}),
        hints=tuple(hint for hint in HINTS if draw.random() < 0.1),
        low=tuple(round(middle - draw.random(), 5) for _ in range(JOINT_COUNT)),
        high=tuple(round(middle + draw.random(), 5) for _ in range(JOINT_COUNT)),
        motion=f"{draw.getrandbits(128):032x}",
    )


def _told(draw: random.Random, revision: int) -> Told:
    said = Annotation(
        success=draw.choice((True, False, None)),
        quality=draw.choice((None, 1, 2, 3, 4, 5)),
        tags=tuple(tag for tag in TAGS if draw.random() < 0.2),
        notes=f"{draw.choice(NOTES)}, shelf {draw.randrange(1000)}" if draw.random() < 0.5 else "",
    )
    return Told(said, revision=revision)
