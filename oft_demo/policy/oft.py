"""The policy: pictures, joints and an instruction in, one second of joint targets out."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from oft_demo.errors import OftDemoError
from oft_demo.policy.checkpoint import Checkpoint, read
from oft_demo.policy.film import Modulation
from oft_demo.policy.images import resize_images
from oft_demo.policy.normalization import normalize_proprio, unnormalize_actions
from oft_demo.types import ActionChunk, Observation


class MissingCamera(OftDemoError):
    """An observation without a picture that the policy needs."""

    def __init__(self, policy: str, missing: tuple[str, ...], found: tuple[str, ...]):
        super().__init__(
            f"The policy {policy} needs pictures from {', '.join(missing)}; "
            f"the observation has {', '.join(found) or 'none'}. Observe with all of the policy's cameras."
        )


class OftPolicy:
    """A loaded checkpoint that acts. One call at a time: it remembers the last instruction."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device | None = None, film_scale: float = 1.0):
        """`film_scale` multiplies every gamma and beta; 0 shows what the same weights do without FiLM."""
        self.device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.film_scale = film_scale
        self.config = checkpoint.config
        self.settings = checkpoint.settings
        self.card = checkpoint.card
        self.fingerprint = checkpoint.fingerprint
        self.model = checkpoint.model.to(self.device)
        self.tokenizer = checkpoint.tokenizer
        self.statistics = checkpoint.statistics
        self._last: tuple[tuple[str, float], Tensor, Modulation | None] | None = None

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
    def parameter_count(self) -> int:
        """Number of weights."""
        return self.model.parameter_count

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The words that it knows."""
        return self.tokenizer.words

    def unknown_words(self, instruction: str) -> tuple[str, ...]:
        """Words of an instruction that were not in its training."""
        return self.tokenizer.unknown_words(instruction)

    @torch.inference_mode()
    def act(self, observation: Observation, instruction: str) -> ActionChunk:
        """Plan one chunk; the observation is left as it is. Raises MissingCamera."""
        started = time.perf_counter()
        pixels = self._pixels(observation)
        proprio = torch.from_numpy(normalize_proprio(observation.joints, self.statistics)[None]).to(self.device)
        prepared = time.perf_counter()
        tokens, modulation = self._language(instruction)
        seen = self.model.see(pixels, modulation)
        self._wait()
        looked = time.perf_counter()
        text = self.model.lay_out(tokens)
        embeddings = self.model.language_model.model.embed(text.ids)
        actions = self.model.decide(seen, proprio, embeddings, text).actions[0].float().cpu().numpy()
        targets = unnormalize_actions(actions, self.statistics).astype(np.float32)
        finished = time.perf_counter()
        return ActionChunk(
            targets=targets,
            instruction=instruction,
            latency_ms={
                "images": 1000 * (prepared - started),
                "vision": 1000 * (looked - prepared),
                "trunk": 1000 * (finished - looked),
                "model": 1000 * (finished - prepared),
                "total": 1000 * (finished - started),
            },
        )

    def _pixels(self, observation: Observation) -> Float32[Tensor, "1 m 3 h w"]:
        found = observation.images
        missing = tuple(camera for camera in self.cameras if camera not in found)
        if missing:
            raise MissingCamera(self.name, missing, tuple(found))
        stacked = np.stack([resize_images(found[camera], self.image_size) for camera in self.cameras])
        return torch.from_numpy(stacked).to(self.device).permute(0, 3, 1, 2).float().div_(255)[None]

    def _language(self, instruction: str) -> tuple[Tensor, Modulation | None]:
        """Tokens and FiLM of an instruction; both are the same for every chunk of a rollout."""
        key = instruction, self.film_scale
        if self._last is None or self._last[0] != key:
            tokens = torch.tensor([self.tokenizer.encode(instruction)], device=self.device)
            modulation = self.model.modulation(tokens)
            if modulation is not None and self.film_scale != 1:
                modulation = modulation.scaled(self.film_scale)
            self._last = key, tokens, modulation
        return self._last[1], self._last[2]

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def load(path: Path, device: torch.device | None = None, film_scale: float = 1.0) -> OftPolicy:
    """Open a policy directory; raises InvalidCheckpoint."""
    return OftPolicy(read(path), device, film_scale)
