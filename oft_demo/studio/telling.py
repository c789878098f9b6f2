"""Errors become sentences on the status line of a tab."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oft_demo.errors import OftDemoError, SeatsTaken
from oft_demo.studio.board import Data
from oft_demo.studio.lending import LoadingStopped
from oft_demo.studio.screen import say

if TYPE_CHECKING:
    from oft_demo.studio.visitors import Visitor

SEATS = "seats"  # the slot that says when there is no place left

logger = logging.getLogger(__name__)


@contextmanager
def told(visitor: "Visitor", page: str) -> Iterator[None]:
    """Put an error's message on the status line of a tab; whatever else goes wrong is logged in full."""
    try:
        yield
    except LoadingStopped:
        pass  # said already, where nothing else had begun
    except SeatsTaken as error:
        say(visitor.board, page, str(error), "bad")
        visitor.board.post(SEATS, Data.of({"taken": True, "sentence": str(error)}))
    except OftDemoError as error:
        say(visitor.board, page, str(error), "bad")
    except Exception:
        logger.exception("in %s", page)
        say(visitor.board, page, "Something went wrong inside the app; its log on the server says what.", "bad")
