"""What a person asked for when they kept a take: it lies beside the journal, so that a restart carries it out."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from oft_demo.data.catalog.annotations import Annotation
from oft_demo.data.catalog.labelling import as_json, checked_changes
from oft_demo.data.durable import write_whole
from oft_demo.errors import InvalidData, OftDemoError
from oft_demo.recording.drawing import View

ORDER = "accept.json"


@dataclass(frozen=True)
class Order:
    """A take is to become an episode."""

    annotation: Annotation = field(default_factory=Annotation)
    view: View = field(default_factory=View)
    episode: str | None = None  # the name under which it is being written, once that is decided

    def named(self, episode: str | None) -> "Order":
        """The same, with the decision."""
        return replace(self, episode=episode)


def write_order(folder: Path, order: Order) -> None:
    """Keep an order beside its journal."""
    values = {"annotation": labels_of(order.annotation), "view": asdict(order.view), "episode": order.episode}
    write_whole(folder / ORDER, json.dumps(values, ensure_ascii=False).encode())


def read_order(folder: Path) -> Order | None:
    """The order beside a journal, if there is one; what makes no sense in it is left out."""
    try:
        values = json.loads((folder / ORDER).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        values = {}
    values = values if isinstance(values, dict) else {}
    episode = values.get("episode")
    return Order(_annotation(values), _view(values), episode if isinstance(episode, str) else None)


def name_of(folder: Path) -> str | None:
    """The name under which a take was being written when that was interrupted, if it came so far."""
    before = read_order(folder)
    return before.episode if before else None


def changes_of(annotation: Annotation) -> dict[str, Any]:
    """What a person said, without what they left open."""
    return {name: value for name, value in vars(annotation).items() if value != getattr(Annotation(), name)}


def labels_of(annotation: Annotation) -> dict[str, Any]:
    """The same in the types of JSON."""
    return {name: json.loads(as_json(name, value)) for name, value in changes_of(annotation).items()}


def _annotation(values: Mapping[str, Any]) -> Annotation:
    given, found = values.get("annotation"), dict[str, Any]()
    for name, value in given.items() if isinstance(given, dict) else ():
        with contextlib.suppress(OftDemoError):
            found |= checked_changes({name: value})
    return Annotation(**found)


def _view(values: Mapping[str, Any]) -> View:
    try:
        view = values["view"]
        height, width = view["image_size"]
        return View(tuple(str(camera) for camera in view["cameras"]), (int(height), int(width)))
    except (KeyError, TypeError, ValueError, InvalidData):
        return View()
