"""The pictures of a case: as recorded, or made again from the raw camera frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image as PillowImage

from oft_demo.parity.case import Case, CaseQuery, InvalidCase
from oft_demo.policy.openvla_images import client_picture, network_picture, resize_for_policy
from oft_demo.types import Image

Start = Literal["png", "crops"]
MAX_PIXELS = 1 << 24
ALIKE = 0.01  # share of values that may differ where the recipe is the right one; a wrong one changes most


@dataclass(frozen=True)
class Recipe:
    """What a client does to a frame before it sends it."""

    name: str
    squash: bool  # to 256 x 256 first, as the ALOHA client does
    turn: bool  # by 180 degrees, as LIBERO's evaluation does

    def picture(self, frame: Image, size: int) -> Image:
        """The picture that is sent."""
        frame = np.ascontiguousarray(frame[::-1, ::-1]) if self.turn else frame
        return client_picture(frame, size) if self.squash else resize_for_policy(frame, size)


RECIPES = (
    Recipe("ALOHA client: squashed to 256x256", squash=True, turn=False),
    Recipe("no squashing, not turned", squash=False, turn=False),
    Recipe("LIBERO evaluation: turned by 180 degrees", squash=False, turn=True),
    Recipe("squashed to 256x256 and turned by 180 degrees", squash=True, turn=True),
)
OF_PLATFORM: Mapping[str, Recipe] = {"aloha": RECIPES[0], "libero": RECIPES[2]}


def recorded_crops(case: Case, query: CaseQuery) -> list[Image]:
    """What the network saw; raises InvalidCase."""
    crops, sent = [], case.payload_names(query)
    for index in range(case.facts.images):
        crop = case.recorded(query, f"cropped_{index}")
        if crop is None and not case.facts.center_crop and index < len(sent):
            crop = case.recorded(query, sent[index])  # seen as it was sent
        if crop is None:
            raise InvalidCase(case.directory, f"no array {query.prefix}cropped_{index}", "the pictures that were seen")
        if crop.dtype != np.uint8 or crop.ndim != 3:
            raise InvalidCase(case.directory, f"cropped_{index} of {crop.dtype} {crop.shape}", "uint8 (h, w, 3)")
        crops.append(crop)
    return crops


def sent_pictures(case: Case, query: CaseQuery, recipe: Recipe, size: int) -> list[Image]:
    """What the client would send for the raw frames."""
    return [recipe.picture(_frame(case, path), size) for path in query.images[: case.facts.images]]


def crops_of(case: Case, sent: list[Image], size: int) -> list[Image]:
    """What the network sees of pictures that were sent."""
    return [network_picture(picture, size, case.facts.center_crop) for picture in sent]


def recipe_of(case: Case, size: int) -> Recipe:
    """The client of the case's platform; where its pictures are others than the recorded, the one whose are not.

    A case does not say in so many words what its client did to the frames, only what came of it.
    """
    usual = OF_PLATFORM.get(case.facts.platform, RECIPES[1])
    query = case.queries[0]
    recorded = case.recorded(query, "cropped_0")
    if recorded is None:
        return usual
    for recipe in (usual, *(other for other in RECIPES if other != usual)):
        (crop,) = crops_of(case, sent_pictures(case, query, recipe, size)[:1], size)
        if crop.shape == recorded.shape and (crop != recorded).mean() < ALIKE:
            return recipe
    return usual


def _frame(case: Case, path: Path) -> Image:
    try:
        with PillowImage.open(path) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise InvalidCase(case.directory, f"{path.name} of {picture.size}", f"at most {MAX_PIXELS} pixels")
            return np.array(picture.convert("RGB"))
    except OSError as error:
        raise InvalidCase(case.directory, f"{path.name} that is no picture ({error})", "a PNG file") from error
