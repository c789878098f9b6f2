"""Questions as they travel, made into queries that a policy can answer."""

import reprlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from oft_demo.errors import MAX_INSTRUCTION_LENGTH, LongInstruction, OftDemoError
from oft_demo.serve import json_numpy, msgpack_numpy
from oft_demo.serve.role import Limits, ServedPolicy
from oft_demo.types import Image, Query


class UnusableRequest(OftDemoError):
    """A question that the served policy cannot answer."""

    def __init__(self, part: str, found: object, expected: str):
        said = found if isinstance(found, str) else reprlib.repr(found)
        super().__init__(f"The request cannot be answered: {part} is {said}; expected {expected}.")


def read_act(body: bytes, policy: ServedPolicy, limits: Limits) -> tuple[Query, bool]:
    """A body of the official protocol (vla-scripts/deploy.py), and whether its answer has to be a string of JSON.

    An `unnorm_key` is not heeded: a server has the statistics of its policy.
    """
    payload = _object(json_numpy.loads(body), "the body")
    encoded = "encoded" in payload
    if encoded:
        text = payload["encoded"]
        if len(payload) != 1 or not isinstance(text, str):
            raise UnusableRequest("the body", "more than a string named encoded", '{"encoded": "..."} alone')
        payload = _object(json_numpy.loads(text), "the encoded body")
    wrists = [payload[key] for key in payload if "wrist" in key]
    images = [payload.get("full_image"), *wrists] if len(policy.cameras) > 1 else [payload.get("full_image")]
    return _query(images, payload.get("state"), payload.get("instruction"), policy, limits), encoded


def read_openpi(message: bytes, policy: ServedPolicy, limits: Limits) -> Query:
    """A message of openpi's protocol: named pictures, of which those of other cameras are left out."""
    payload = _object(msgpack_numpy.unpacked(message), "the message")
    images = _object(payload.get("images"), "images")
    missing = [camera for camera in policy.cameras if camera not in images]
    if missing:
        raise UnusableRequest("images", f"without {', '.join(missing)}", f"pictures of {', '.join(policy.cameras)}")
    pictures = [_channels_last(images[camera]) for camera in policy.cameras]
    return _query(pictures, payload.get("state"), payload.get("prompt"), policy, limits)


def _query(images: Sequence[object], state: object, text: object, policy: ServedPolicy, limits: Limits) -> Query:
    if len(images) != len(policy.cameras):
        raise UnusableRequest("the number of pictures", len(images), f"{len(policy.cameras)} for {policy.name}")
    # Everything is looked at before the first picture is worked on.
    pictures = [_picture(image, limits) for image in images]
    joints, instruction = _state(state, policy.proprio_dim), _instruction(text)
    return Query(tuple(policy.receive(picture) for picture in pictures), joints, instruction)


def _picture(image: object, limits: Limits) -> Image:
    sides = limits.smallest_side, limits.largest_side
    expected = f"uint8 of shape [height, width, 3] with {sides[0]} to {sides[1]} pixels a side"
    if not isinstance(image, np.ndarray):
        raise UnusableRequest("a picture", image, expected)
    right = image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
    if not right or min(image.shape[:2]) < sides[0] or max(image.shape[:2]) > sides[1]:
        raise UnusableRequest("a picture", f"{image.dtype} of shape {list(image.shape)}", expected)
    return image


def _channels_last(image: object) -> object:
    """Openpi's clients send (3, height, width); both are taken."""
    if isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[0] == 3 != image.shape[2]:
        return np.ascontiguousarray(image.transpose(1, 2, 0))
    return image


def _state(state: object, count: int) -> Float64[np.ndarray, " p"]:
    if count == 0:  # a policy without proprioception, to which clients may still tell their joints
        return np.zeros(0)
    expected = f"{count} finite numbers"
    if not isinstance(state, np.ndarray) or state.dtype.kind not in "iuf":
        raise UnusableRequest("state", state, expected)
    if state.shape != (count,) or not np.isfinite(state).all():
        raise UnusableRequest("state", f"{state.dtype} of shape {list(state.shape)}", expected)
    return state.astype(np.float64)


def _instruction(text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise UnusableRequest("the instruction", text, "a sentence")
    if len(text) > MAX_INSTRUCTION_LENGTH:
        raise LongInstruction(len(text))
    return text


def _object(found: object, part: str) -> dict[str, Any]:
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise UnusableRequest(part, f"a {type(found).__name__}", "an object with names")
    return found
