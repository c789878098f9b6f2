"""Commands that a page sends over its live channel: who carries them out, and who hears of what goes wrong."""

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from oft_demo.studio.board import Data
from oft_demo.studio.screen import say
from oft_demo.studio.telling import told

if TYPE_CHECKING:
    from oft_demo.studio.studio import Studio
    from oft_demo.studio.visitors import Visitor

Message: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = "Callable[[Studio, Visitor, Message], None]"

MAX_UNDER_WAY = 8  # commands of one visitor that are being carried out
MAX_WAITING = 100  # edits of one visitor that wait for their turn
PAGES = ("run", "compare", "listen", "record", "episodes")


@dataclass(frozen=True)
class Command:
    """Something a page can ask for."""

    handle: Handler
    page: str = "run"  # whose status line says what went wrong, where the message names no page
    quick: bool = False  # answered at once, so that a thread is not worth it
    in_order: bool = False  # an edit: one after the other, as they came, and the page hears when each is done


class Dispatcher:
    """Carries out one visitor's commands: quick ones and edits in the order in which they came, others beside these."""

    def __init__(self, studio: "Studio", visitor: "Visitor", commands: Mapping[str, Command]):
        self._studio, self._visitor, self._commands = studio, visitor, commands
        self._places = threading.Semaphore(MAX_UNDER_WAY)
        self._edits: deque[tuple[Command, Message, str]] = deque()
        self._editing = False
        self._lock = threading.Lock()

    def take(self, text: str) -> None:
        """Parse a message of the page and do what it says; what makes no sense is passed over."""
        message = parsed(text)
        command = self._commands.get(str(message.get("do")))
        if command is None:
            return
        self._visitor.touch()
        named = message.get("page")
        page = named if named in PAGES else command.page
        if command.quick:
            self._carry_out(command, message, page)
        elif command.in_order:
            self._line_up(command, message, page)
        elif self._places.acquire(blocking=False):
            name = f"{message['do']} of a visitor"
            threading.Thread(target=self._beside, args=(command, message, page), name=name, daemon=True).start()
        else:
            self._refuse(page)

    def _refuse(self, page: str) -> None:
        say(self._visitor.board, page, "Too much at once: wait until what you asked for is done.", "warn")

    def _line_up(self, command: Command, message: Message, page: str) -> None:
        with self._lock:
            if len(self._edits) >= MAX_WAITING:
                self._refuse(page)
                return
            self._edits.append((command, message, page))
            if self._editing:
                return
            self._editing = True
        threading.Thread(target=self._edit, name="edits of a visitor", daemon=True).start()

    def _edit(self) -> None:
        while True:
            with self._lock:
                if not self._edits:
                    self._editing = False
                    return
                command, message, page = self._edits.popleft()
            self._carry_out(command, message, page)
            if isinstance(number := message.get("number"), int):
                self._visitor.board.post(f"{page}-heard", Data.of({"number": number}))

    def _beside(self, command: Command, message: Message, page: str) -> None:
        try:
            self._carry_out(command, message, page)
        finally:
            self._places.release()

    def _carry_out(self, command: Command, message: Message, page: str) -> None:
        with told(self._visitor, page):
            command.handle(self._studio, self._visitor, message)


def parsed(text: str) -> Message:
    """A message as a JSON object; an empty one where it is none."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
