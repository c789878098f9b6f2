"""What all visitors share: settings, policies, recorded episodes, and the list of who is here."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import gradio as gr

from oft_demo.data.catalog import Catalog
from oft_demo.errors import OftDemoError
from oft_demo.policy_sources import Sources
from oft_demo.settings import Settings
from oft_demo.sim import TASKS, make_env
from oft_demo.studio.board import Picture
from oft_demo.studio.lending import LoadingStopped
from oft_demo.studio.players import loading
from oft_demo.studio.screen import jpeg, say
from oft_demo.studio.shelf import Shelf
from oft_demo.studio.visitors import Visitor, Visitors

FIRST_SEED = 20000  # evaluation seeds start here: no bundled policy was trained on any of them

logger = logging.getLogger(__name__)


class Studio:
    """The parts of the app that outlive a visit."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.shelf = Shelf(Sources.of_app(settings), partial(loading, answer_within=settings.remote_seconds))
        self.visitors = Visitors(settings.seats, settings.idle_seconds)
        self.catalog = Catalog(settings.data)
        self.opening: Picture | None = None  # of the scene that the page opens with

    def visitor(self, request: gr.Request) -> Visitor:
        """Who sent this request."""
        return self.visitors.get(str(request.session_hash))

    def welcome(self, visitor: Visitor) -> None:
        """Show the first scene at once, while the visitor's own simulation is being made."""
        for slot in ("run-view", "compare-a-view", "compare-b-view", "record-view"):
            if self.opening is not None and visitor.board.content(slot) is None:
                visitor.board.post(slot, self.opening)

    def warm_up(self) -> None:
        """Draw the first scene and load the policy of the first click while the page opens."""
        threading.Thread(target=self._warm_up, name="warm-up", daemon=True).start()

    def _warm_up(self) -> None:
        try:
            env = make_env(TASKS[0])
            env.reset(FIRST_SEED)
            self.opening = Picture(jpeg(env.display()))
            env.close()
            self.shelf.warm_up(self.shelf.names()[0])
        except OftDemoError as error:
            logger.warning("%s", error)


@contextmanager
def told(visitor: Visitor, page: str) -> Iterator[None]:
    """Put an error's message on the status line of a tab; whatever else goes wrong is logged in full."""
    try:
        yield
    except LoadingStopped:
        pass  # said already, where nothing else had begun
    except OftDemoError as error:
        say(visitor.board, page, str(error), "bad")
    except Exception:
        logger.exception("in %s", page)
        say(visitor.board, page, "Something went wrong inside the app; its log on the server says what.", "bad")
