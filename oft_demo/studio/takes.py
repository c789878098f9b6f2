"""Recording what a visitor watches, and playing it back."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from oft_demo.data.catalog import Catalog
from oft_demo.data.reading import read_frames
from oft_demo.pictures import ALOHA_IMAGE_SIZE, draw_frames, fingerprint_at
from oft_demo.plots import Motion, PlacedChunk, chunk_figure
from oft_demo.policy_sources import short
from oft_demo.sim import AlohaEnv
from oft_demo.studio import markup
from oft_demo.studio.board import Board, Figure, Markup
from oft_demo.studio.borrowing import lent
from oft_demo.studio.live import prepared, watch, watched
from oft_demo.studio.pace import Pace
from oft_demo.studio.request import Request
from oft_demo.studio.screen import Screen, jpegs, say
from oft_demo.studio.shelf import Shelf
from oft_demo.studio.visitors import Activity, Visitor
from oft_demo.types import CAMERAS, CONTROL_HZ, Episode, Image, Score

PAGE = "record"
FRAME_STRIDE = 2  # of the recorded 50 Hz; a person sees no difference
PROGRESS_STRIDE = 5  # moments between two updates of the bar
FRAMES_AT_ONCE = 10  # of one camera: a file is opened and checked for every read
PICTURE_STRIDE = 10  # the cameras' pictures at a lower rate, five a second
SMALL = (320, 240)  # (width, height) of the pictures beside the large one


def record(visitor: Visitor, shelf: Shelf, catalog: Catalog, name: str, request: Request) -> str | None:
    """Watch a rollout and keep it as an episode with pictures; returns its name, None if it was stopped."""
    board = visitor.board
    with visitor.activity() as activity:
        board.post("record-progress", Markup(""))
        say(board, PAGE, f"Loading {short(name)} ...", "busy")
        with lent(visitor, shelf, name, PAGE, activity) as policy:
            env, player = prepared(visitor, policy, request)
            rolling = watched(visitor, name, env, player, request, PAGE)
            verdict = watch(visitor, activity, rolling, PAGE)
            _plot(visitor, rolling.take.episode(), rolling.log.placed)
        if activity.stopped:
            say(board, PAGE, "Stopped; nothing was kept.")
            return None
        if not verdict.complete:
            say(board, PAGE, f"{verdict.sentence} Nothing was kept.", verdict.tone)
            return None
        return _keep(visitor, activity, catalog, env, rolling.take.episode())


def _keep(visitor: Visitor, activity: Activity, catalog: Catalog, env: AlohaEnv, episode: Episode) -> str | None:
    board = visitor.board
    labelled = replace(episode, render_fingerprint=fingerprint_at(env, ALOHA_IMAGE_SIZE))
    say(board, PAGE, "Drawing the pictures of the three cameras from the recorded states ...", "busy")
    name = _written(visitor, activity, catalog.add(labelled, draw_frames(env, episode)), episode.length)
    board.post("record-progress", Markup(""))
    if name is None:
        say(board, PAGE, "Stopped; nothing was kept.")
        return None
    outcome = "a success" if episode.success else "a failure"
    say(board, PAGE, f"Kept as {name}, labelled as {outcome}. Correct the labels below if they are wrong.", "good")
    return name


def _written(visitor: Visitor, activity: Activity, writing: Generator[int, None, str], total: int) -> str | None:
    """Follow the writing of an episode; its name, or None if it was stopped."""
    while True:
        try:
            done = next(writing)
        except StopIteration as end:
            return end.value
        if done % PROGRESS_STRIDE == 0:
            label = f"pictures of {done} of {total} moments"
            visitor.board.post("record-progress", Markup(markup.progress(done, total, label)))
            visitor.touch()
        if activity.stopped and done < total:
            writing.close()
            return None


def play(visitor: Visitor, catalog: Catalog, name: str) -> None:
    """Show a recorded episode at the speed at which it happened."""
    board = visitor.board
    with visitor.activity() as activity:
        episode = catalog.read(name, images=False)
        has_pictures = catalog.summary(name).has_pictures
        _plot(visitor, episode, ())
        _announce(board, episode)
        note = "" if has_pictures else " Its file holds no pictures."
        say(board, PAGE, f'{name}: "{episode.instruction}", shown from its recorded states.{note}', "busy")
        stored = _stored(catalog, name, episode) if has_pictures else iter(())
        _replay(visitor, activity, episode, stored)
        say(board, PAGE, f"{name} was {'stopped' if activity.stopped else 'played to its end'}.")


def _replay(
    visitor: Visitor, activity: Activity, episode: Episode, stored: Iterator[tuple[int, dict[str, Image]]]
) -> None:
    """Bring the visitor's simulation into one recorded state after the other."""
    env, screen, pace = visitor.env(episode.task), Screen(visitor.board, PAGE), Pace()
    env.restore(episode.states[0])
    screen.enter(env)
    for index in range(0, episode.length, FRAME_STRIDE):
        if activity.stopped:
            return
        env.restore(episode.states[index])
        screen.move(env, pace.stamp)
        if index % PICTURE_STRIDE == 0 and (found := next(stored, None)) is not None:
            _show(visitor.board, found[1])
        visitor.board.post("record-clock", Markup(f"{index / CONTROL_HZ:.1f} s"))
        pace.wait((index + FRAME_STRIDE) / CONTROL_HZ)


def _plot(visitor: Visitor, episode: Episode, chunks: Sequence[PlacedChunk]) -> None:
    times = np.arange(0, episode.length, FRAME_STRIDE, dtype=np.float32) / CONTROL_HZ
    motion = Motion(times, episode.qpos[::FRAME_STRIDE], episode.action[::FRAME_STRIDE])
    text = chunk_figure(motion, chunks, visitor.narrow).to_json()
    visitor.board.post("record-plot", Figure(str(text)))


def _announce(board: Board, episode: Episode) -> None:
    """Readouts of a playback: the labels of the episode, nothing of a policy at work."""
    outcome = "labelled a success" if episode.success else "labelled a failure"
    score = Score(episode.score, outcome, episode.success, named_object=episode.named_object)
    readouts = {"badge": markup.badge("playback", "plain"), "score": markup.score_card(score), "progress": ""}
    for slot, html in {**dict.fromkeys(("following", "chunk", "factor", "latency"), "&ndash;"), **readouts}.items():
        board.post(f"record-{slot}", Markup(html))


def _show(board: Board, pictures: dict[str, Image]) -> None:
    small = {
        camera: np.asarray(cv2.resize(each, SMALL, interpolation=cv2.INTER_AREA)) for camera, each in pictures.items()
    }
    Screen(board, PAGE).pictures(jpegs(small))


def _stored(catalog: Catalog, name: str, episode: Episode) -> Iterator[tuple[int, dict[str, Image]]]:
    path = catalog.path_of(name)
    for start in range(0, episode.length, FRAMES_AT_ONCE):
        block = {camera: read_frames(path, camera, start, start + FRAMES_AT_ONCE) for camera in CAMERAS}
        for offset in range(0, min(FRAMES_AT_ONCE, episode.length - start), PICTURE_STRIDE):
            yield start + offset, {camera: frames[offset] for camera, frames in block.items()}
