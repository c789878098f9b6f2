"""What pages are told when episodes change: everybody that something did, whoever did it what came of it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from oft_demo.data.catalog.entries import Change
from oft_demo.studio.board import Data
from oft_demo.studio.screen import say

if TYPE_CHECKING:
    from oft_demo.studio.studio import Studio
    from oft_demo.studio.visitors import Visitor

PAGE = "episodes"


def tell_everyone(studio: "Studio", names: Iterable[str] = ()) -> None:
    """Let every page look again."""
    listed = list(names)
    for visitor in studio.visitors.everyone():
        visitor.board.post("episodes-news", Data.of({"id": visitor.board.epoch(), "names": listed}))


def tell_done(studio: "Studio", visitor: "Visitor", change: Change, opens: str | None = None) -> None:
    """Say what was changed to whoever did it, and let every page look again; `opens` is shown to them then."""
    say(visitor.board, PAGE, f"{change.sentence} Ctrl+Z takes it back.", "good")
    done = {"id": visitor.board.epoch(), "names": list(change.names), "open": opens}
    visitor.board.post("episodes-done", Data.of(done))
    tell_everyone(studio, change.names)
