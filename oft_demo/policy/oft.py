"""The policy: pictures, joints and an instruction in, one chunk of joint targets out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from oft_demo.errors import InvalidInstruction, OftDemoError
from oft_demo.policy import official, openvla_images
from oft_demo.policy.about import network_rows, place_row, statistics_row
from oft_demo.policy.checkpoint import Checkpoint, read
from oft_demo.policy.images import resize_images
from oft_demo.policy.inference import Engine, Inputs
from oft_demo.policy.model import MAX_PROMPT
from oft_demo.policy.normalization import normalize_proprio, unnormalize_actions
from oft_demo.policy.threads import fitting_threads
from oft_demo.types import JOINT_COUNT, ActionChunk, Image, Observation, Plan, Query

BUNDLED_FRAME = (240, 320)  # what the bundled policies were trained on
PUBLISHED_FRAME = (480, 640)  # of ALOHA's cameras
NOISE_SEED = 7  # the official server's seed; a diffusion head draws its starts from it


class MissingCamera(OftDemoError):
    """An observation without a picture that the policy needs."""

    def __init__(self, policy: str, missing: tuple[str, ...], found: tuple[str, ...]):
        super().__init__(
            f"The policy {policy} needs pictures from {', '.join(missing)}; "
            f"the observation has {', '.join(found) or 'none'}. Observe with all of the policy's cameras."
        )


class WrongRobot(OftDemoError):
    """A policy of another robot than ALOHA."""

    def __init__(self, policy: str, action_dim: int, proprio_dim: int):
        super().__init__(
            f"The policy {policy} speaks of {action_dim} actions and {proprio_dim} joints; ALOHA has {JOINT_COUNT}. "
            "It can be served (python -m oft_demo serve) and checked (check-parity), but not drive this robot."
        )


class WrongQuery(OftDemoError):
    """Pictures or joints that do not fit a policy."""

    def __init__(self, policy: str, found: tuple[int, tuple[int, ...]], expected: tuple[int, int]):
        super().__init__(
            f"The policy {policy} reads {expected[0]} pictures and {expected[1]} joints; "
            f"found {found[0]} pictures and joints of shape {list(found[1])}."
        )


class UnreadableInstruction(InvalidInstruction):
    """An instruction that becomes too many tokens."""

    def __init__(self, count: int):
        super().__init__(f"The instruction becomes {count} tokens; at most {MAX_PROMPT} are read. Shorten it.")


class OftPolicy:
    """A loaded checkpoint that acts. One call at a time: it remembers instructions."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device | None = None, film_scale: float = 1.0):
        """Take over a checkpoint, whose weights are rearranged for acting.

        `film_scale` multiplies every gamma and beta; 0 shows what the same weights do without FiLM.
        """
        self.device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.film_scale = film_scale
        self.config = checkpoint.config
        self.settings = checkpoint.settings
        self.card = checkpoint.card
        self.fingerprint = checkpoint.fingerprint
        self.parameter_count = checkpoint.model.parameter_count
        self.engine = Engine(checkpoint.model, self.device)
        self.tokenizer = checkpoint.tokenizer
        self.statistics = checkpoint.statistics
        self._noise = torch.Generator().manual_seed(NOISE_SEED)

    @property
    def name(self) -> str:
        """What the policy calls itself."""
        return self.settings.name

    @property
    def film(self) -> bool:
        """Whether it was trained with FiLM."""
        return self.config.film

    @property
    def chunk_length(self) -> int:
        """Rows of a chunk."""
        return self.config.chunk_length

    @property
    def action_dim(self) -> int:
        """Values of a row."""
        return self.config.action_dim

    @property
    def proprio_dim(self) -> int:
        """Joints that it reads."""
        return self.config.proprio_dim

    @property
    def replan_after(self) -> int:
        """Rows to execute before asking again."""
        return self.settings.replan_after

    @property
    def cameras(self) -> tuple[str, ...]:
        """The cameras that it looks through."""
        return self.settings.cameras

    @property
    def render_fingerprint(self) -> str:
        """The render settings of the pictures that it was trained on, one for each task."""
        return self.settings.render_fingerprint

    @property
    def image_size(self) -> int:
        """Height and width of the pictures that the network sees [pixels]."""
        return self.config.image_size

    @property
    def frame_size(self) -> tuple[int, int]:
        """Height and width of the camera pictures that it wants to be given [pixels]."""
        return PUBLISHED_FRAME if self.config.pictures == "openvla" else BUNDLED_FRAME

    @property
    def pictures(self) -> str:
        """How a camera's picture becomes the network's: "area" or "openvla"."""
        return self.config.pictures

    @property
    def about(self) -> Mapping[str, str]:
        """What it is, by the names under which a card shows it."""
        dtype = next(self.engine.model.parameters()).dtype
        return {
            **network_rows(self.config, self.parameter_count),
            "Statistics": statistics_row(self.settings.unnorm_key, self.statistics),
            "Runs on": place_row(self.device, dtype),
        }

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The words that it knows; empty where any text can be read."""
        return self.tokenizer.words

    def unknown_words(self, instruction: str) -> tuple[str, ...]:
        """Words of an instruction that were not in its training."""
        return self.tokenizer.unknown_words(instruction)

    def act(self, observation: Observation, instruction: str) -> ActionChunk:
        """Plan one chunk for ALOHA; the observation is left as it is. Raises MissingCamera and WrongRobot."""
        started = time.perf_counter()
        if (self.action_dim, self.proprio_dim) != (JOINT_COUNT, JOINT_COUNT):
            raise WrongRobot(self.name, self.action_dim, self.proprio_dim)
        images = self.images(observation)
        looked = time.perf_counter()
        (plan,) = self.plan([Query(images, np.asarray(observation.joints, np.float64), instruction)])
        before = 1e3 * (looked - started)
        stages = {"images": before + plan.latency_ms["images"], "total": before + plan.latency_ms["total"]}
        targets = plan.actions.astype(np.float32)
        return ActionChunk(targets, instruction, latency_ms={**plan.latency_ms, **stages})

    def images(self, observation: Observation) -> tuple[Image, ...]:
        """An observation's pictures as `plan` takes them, in the order of the cameras; raises MissingCamera."""
        return tuple(self._look(image) for image in self._frames(observation))

    def receive(self, image: Image) -> Image:
        """Bring a picture that somebody sent to the size at which `plan` takes it, as the official server does."""
        size = self.image_size
        if self.config.pictures == "area" or image.shape[:2] == (size, size):
            return image
        return openvla_images.resize_for_policy(image, size)

    def pixels(self, images: tuple[Image, ...]) -> Float32[Tensor, "m 3 h w"]:
        """What the network gets of an observation's `images`: in 0..1, at its own size."""
        size = self.image_size
        if self.config.pictures == "openvla":
            prepared = [openvla_images.network_picture(image, size, self.config.center_crop) for image in images]
        else:
            prepared = [resize_images(image, size) for image in images]
        return torch.from_numpy(np.stack(prepared)).permute(0, 3, 1, 2).float().div_(255)

    def tokens(self, instruction: str) -> list[int]:
        """The instruction as the network reads it; raises UnreadableInstruction."""
        tokens = self.tokenizer.encode(instruction)
        if len(tokens) > MAX_PROMPT:
            raise UnreadableInstruction(len(tokens))
        return tokens

    @torch.inference_mode()
    def plan(self, queries: Sequence[Query]) -> list[Plan]:
        """Answer several queries in one pass, for whatever robot the policy is of; raises WrongQuery.

        Pictures are as the cameras gave them, or where the policy is an official one, as its client sends them.
        """
        with fitting_threads(self.parameter_count):
            return self._planned(queries)

    def _planned(self, queries: Sequence[Query]) -> list[Plan]:
        started = time.perf_counter()
        for query in queries:
            self._check(query)
        pixels = torch.stack([self.pixels(query.images) for query in queries]).to(self.device)
        states = np.stack([normalize_proprio(query.state, self.statistics) for query in queries])
        proprio = torch.from_numpy(states).to(self.device)
        prepared = time.perf_counter()
        actions, stages = self._answer([query.instruction for query in queries], pixels, proprio)
        finished = time.perf_counter()
        latency_ms = {
            "images": 1e3 * (prepared - started),
            **stages,
            "model": 1e3 * (finished - prepared),
            "total": 1e3 * (finished - started),
        }
        return [Plan(unnormalize_actions(rows, self.statistics), latency_ms) for rows in actions]

    def _answer(
        self, instructions: list[str], pixels: Float32[Tensor, "b m 3 h w"], proprio: Float32[Tensor, "b p"]
    ) -> tuple[Float32[np.ndarray, "b k d"], dict[str, float]]:
        """Normalised actions, and how long the parts of the network took [ms]."""
        rows = [self.tokens(instruction) for instruction in instructions]
        if self.config.head == "autoregressive" and len(rows) > 1:
            parts = zip(instructions, pixels, proprio, strict=True)
            return np.concatenate([self._answer([text], p[None], q[None])[0] for text, p, q in parts]), {}
        noise = self._start(len(rows))
        started = time.perf_counter()
        prompt = self.engine.prompts(rows, self.film_scale)
        if self.engine.graphed and len(rows) == 1:
            return self.engine.act(Inputs(pixels, proprio, prompt, noise)).float().cpu().numpy(), {}
        seen = self.engine.see(pixels, prompt)
        looked = time.perf_counter()
        actions = self.engine.decide(seen, proprio, prompt, noise).actions.float().cpu().numpy()
        return actions, {"vision": 1e3 * (looked - started), "trunk": 1e3 * (time.perf_counter() - looked)}

    def _frames(self, observation: Observation) -> list[Image]:
        found = observation.images
        missing = tuple(camera for camera in self.cameras if camera not in found)
        if missing:
            raise MissingCamera(self.name, missing, tuple(found))
        return [found[camera] for camera in self.cameras]

    def _look(self, frame: Image) -> Image:
        """What the official client does to a camera's picture before it sends it."""
        if self.config.pictures == "area" or frame.shape[:2] == (self.image_size, self.image_size):
            return frame
        return openvla_images.client_picture(frame, self.image_size)

    def _check(self, query: Query) -> None:
        expected = self.config.images, self.config.proprio_dim
        if (len(query.images), query.state.shape) != (expected[0], (expected[1],)):
            raise WrongQuery(self.name, (len(query.images), query.state.shape), expected)

    def _start(self, count: int) -> Float32[Tensor, "b k d"] | None:
        """Where a diffusion head begins; drawn on the CPU, so that every device starts alike."""
        if self.config.head != "diffusion":
            return None
        shape = count, self.config.chunk_length, self.config.action_dim
        return torch.randn(shape, generator=self._noise).to(self.device)


def load(path: Path, device: torch.device | None = None, film_scale: float = 1.0) -> OftPolicy:
    """Open a policy directory, one of ours or an official one; raises InvalidCheckpoint."""
    checkpoint = official.read(path, device=device) if official.is_official(path) else read(path)
    return OftPolicy(checkpoint, device, film_scale)
