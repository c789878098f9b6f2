"""How a server wants to be asked: by its own metadata, or by what is known of servers that say nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float64
from PIL import Image as Pillow

from oft_demo.serve.metadata import Metadata
from oft_demo.types import CAMERAS, CHUNK_LENGTH, CONTROL_HZ, POLICY_HZ, Image, Observation

OPENPI_SIZE = 224  # [pixels] per side of the pictures that openpi's servers expect
OPENPI_HORIZON = 10  # rows that its ALOHA client carries out before asking again

Pictures = Literal["frames", "openvla", "padded"]


@dataclass(frozen=True)
class Introduction:
    """What a client has to know of a served policy."""

    name: str
    fingerprint: str  # of the weights; "" where the server does not tell
    cameras: tuple[str, ...]
    rows: int | None  # of a chunk; None where any number may come
    replan_after: int  # rows to carry out before asking again
    film: bool | None  # None where the server does not tell
    pictures: Pictures  # how a camera's picture is prepared before it is sent
    image_size: int  # [pixels] per side, where pictures are prepared
    dt: float = 1 / POLICY_HZ  # [s] between rows
    about: Mapping[str, str] = field(default_factory=dict[str, str])  # what a server tells for people


@dataclass(frozen=True)
class Question:
    """What is sent: pictures by camera in the policy's order, raw joints, and words."""

    images: Mapping[str, Image]
    state: Float64[np.ndarray, "14"]
    instruction: str


@dataclass(frozen=True)
class Reply:
    """What came back; nothing of it has been checked."""

    actions: object
    server_ms: float | None  # time in the server, if it tells
    fingerprint: str | None = None  # of the policy that answered, if the server tells


def by_metadata(metadata: Metadata) -> Introduction:
    """A server of this project."""
    return Introduction(
        name=metadata.name,
        fingerprint=metadata.fingerprint,
        cameras=metadata.cameras,
        rows=metadata.chunk_length,
        replan_after=metadata.replan_after,
        film=metadata.film,
        pictures="openvla" if metadata.pictures == "openvla" else "frames",
        image_size=metadata.image_size,
        about=metadata.about,
    )


def official(name: str) -> Introduction:
    """The official server, which has no metadata: what its ALOHA policies are like."""
    return Introduction(name, "", CAMERAS, CHUNK_LENGTH, CHUNK_LENGTH, None, "openvla", OPENPI_SIZE)


def openpi(name: str) -> Introduction:
    """Another server of openpi's protocol: chunks of any length, one row per control step of gym-aloha."""
    return Introduction(name, "", CAMERAS, None, OPENPI_HORIZON, None, "padded", OPENPI_SIZE, 1 / CONTROL_HZ)


def prepared(observation: Observation, instruction: str, introduction: Introduction) -> Question:
    """The question as the server wants it; raises MissingCamera. The observation is left as it is."""
    missing = tuple(camera for camera in introduction.cameras if camera not in observation.images)
    if missing:
        from oft_demo.policy import MissingCamera

        raise MissingCamera(introduction.name, missing, tuple(observation.images))
    images = {camera: _picture(observation.images[camera], introduction) for camera in introduction.cameras}
    return Question(images, np.array(observation.joints, np.float64), instruction)


def warm_up(introduction: Introduction) -> None:
    """Import what preparing pictures needs, so that the first question does not wait for it."""
    if introduction.pictures == "openvla":
        from oft_demo.policy import openvla_images  # noqa: F401


def _picture(frame: Image, introduction: Introduction) -> Image:
    size = introduction.image_size
    if introduction.pictures == "frames" or frame.shape[:2] == (size, size):
        return frame
    if introduction.pictures == "padded":
        return padded(frame, size)
    from oft_demo.policy import openvla_images  # brings torch along, which other servers' clients do without

    return openvla_images.client_picture(frame, size)


def padded(frame: Image, size: int) -> Image:
    """Shrink a picture into a square and leave black what it does not fill, as openpi's clients do."""
    height, width = frame.shape[:2]
    scale = size / max(height, width)
    inside = max(1, int(width * scale)), max(1, int(height * scale))
    shrunk = np.asarray(Pillow.fromarray(frame).resize(inside, Pillow.Resampling.BILINEAR))
    top, left = (size - inside[1]) // 2, (size - inside[0]) // 2
    square = np.zeros((size, size, 3), np.uint8)
    square[top : top + inside[1], left : left + inside[0]] = shrunk
    return square
