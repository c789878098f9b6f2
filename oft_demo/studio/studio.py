"""What all visitors share: settings, policies, recorded episodes, and the list of who is here."""

import logging
import threading
from functools import partial

import gradio as gr

from oft_demo.data.catalog import Catalog
from oft_demo.errors import OftDemoError
from oft_demo.policy_sources import Sources
from oft_demo.recording.acceptance import Acceptance
from oft_demo.settings import Settings
from oft_demo.sim import TASKS, wordings
from oft_demo.studio import take_queue
from oft_demo.studio.episode_desk import Desk
from oft_demo.studio.players import loading
from oft_demo.studio.request import Request
from oft_demo.studio.scenes import scene_of
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
        self.catalog = Catalog(settings.data, in_background=True)
        self.desk = Desk(settings.data)
        self.takes = settings.data / "takes"
        self.acceptance = Acceptance(self.catalog, self.takes, changed=self._tell_of_takes)
        self.first_request = Request(TASKS[0], FIRST_SEED, wordings.examples(TASKS[0])[0])

    def visitor(self, request: gr.Request) -> Visitor:
        """Who sent this request."""
        return self.visitors.get(str(request.session_hash))

    def close(self) -> None:
        """End what goes on; takes that are not written yet stay on disk."""
        self.visitors.close()
        self.acceptance.close()

    def _tell_of_takes(self) -> None:
        take_queue.tell_everyone(self)

    def warm_up(self) -> None:
        """Make the scenes and load the policy of the first click while the page opens."""
        threading.Thread(target=self._warm_up, name="warm-up", daemon=True).start()

    def _warm_up(self) -> None:
        try:
            scene_of(TASKS[0])
            self.shelf.warm_up(self.shelf.names()[0])
            for task in TASKS:
                scene_of(task)
        except OftDemoError as error:
            logger.warning("%s", error)
