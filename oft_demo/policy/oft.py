"""An OFT policy: observation and instruction in, action chunk out."""

import time
from pathlib import Path

import numpy as np
import torch

from ..errors import OftDemoError
from ..types import ActionChunk, Observation
from . import checkpoint
from .images import resize_images
from .normalization import normalize_proprio, unnormalize_actions


class MissingCamera(OftDemoError):
    """The observation lacks a picture that the policy was trained with."""

    def __init__(self, name: str, missing: list[str], found: list[str]):
        super().__init__(
            f"The policy {name} needs the cameras {', '.join(missing)}; the observation has "
            f"{', '.join(found) or 'none'}. Observe with the cameras of policy.cameras."
        )


class OftPolicy:
    """Acts from pictures, joints and text alone; asks the model once for each chunk."""

    def __init__(self, parts: checkpoint.Checkpoint, film_scale: float = 1.0):
        self._model, self._tokenizer, self._statistics = parts.model, parts.tokenizer, parts.statistics
        self.settings, self.card, self.fingerprint = parts.settings, parts.card, parts.fingerprint
        self.config = parts.model.config
        self.film_scale = film_scale  # 0: gamma = beta = 0 in the same weights, an intervention

    @property
    def name(self) -> str:
        """The name of the checkpoint."""
        return self.settings.name

    @property
    def film(self) -> bool:
        """Whether it was trained with FiLM."""
        return self.config.film

    @property
    def chunk_length(self) -> int:
        """K, the rows of a chunk."""
        return self.config.chunk_length

    @property
    def replan_after(self) -> int:
        """Rows carried out before it is asked again."""
        return self.settings.replan_after

    @property
    def cameras(self) -> tuple[str, ...]:
        """The pictures it needs."""
        return self.settings.cameras

    @property
    def image_size(self) -> int:
        """Side of the square pictures that the model sees [pixels]."""
        return self.config.image_size

    @property
    def parameter_count(self) -> int:
        """Numbers in the model."""
        return sum(parameter.numel() for parameter in self._model.parameters())

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The words it knows."""
        return self._tokenizer.words

    def unknown_words(self, instruction: str) -> tuple[str, ...]:
        """The words of an instruction that it has never seen; they all look the same to it."""
        return self._tokenizer.unknown_words(instruction)

    def act(self, observation: Observation, instruction: str) -> ActionChunk:
        """The next K rows of joint targets; raises MissingCamera."""
        missing = [camera for camera in self.cameras if camera not in observation.images]
        if missing:
            raise MissingCamera(self.name, missing, list(observation.images))
        started = time.perf_counter()
        pictures = np.stack([resize_images(observation.images[camera], self.image_size) for camera in self.cameras])
        joints = normalize_proprio(observation.joints, self._statistics)
        prepared = time.perf_counter()
        normalized = self._decide(pictures, joints, instruction)
        decided = time.perf_counter()
        targets = unnormalize_actions(normalized, self._statistics).astype(np.float32)
        return ActionChunk(
            targets,
            instruction,
            latency_ms={
                "images": 1e3 * (prepared - started),
                "model": 1e3 * (decided - prepared),
                "total": 1e3 * (time.perf_counter() - started),
            },
        )

    @torch.inference_mode()
    def _decide(self, pictures: np.ndarray, joints: np.ndarray, instruction: str) -> np.ndarray:
        model = self._model
        pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2)[None].float().div_(255)
        proprio = torch.from_numpy(joints.astype(np.float32))[None]
        tokens = torch.tensor([self._tokenizer.encode(instruction)])
        text, language = model.read(tokens)
        conditioning = model.vision_backbone.conditioning(language, self.film_scale) if self.film else None
        output = model.decide(model.see(pixels, conditioning), proprio, tokens, text)
        return output.actions[0].numpy()


def load(path: Path, film_scale: float = 1.0) -> OftPolicy:
    """Load a policy directory; raises InvalidCheckpoint."""
    return OftPolicy(checkpoint.load(path), film_scale)
