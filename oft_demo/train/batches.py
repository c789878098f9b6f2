"""Batches from a frame cache: a pure function of settings, stage and step, so that a resumed run sees the same ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from oft_demo.errors import InvalidData
from oft_demo.policy import Statistics, Tokenizer, normalize_actions, normalize_proprio
from oft_demo.train.augment import augment, move_points
from oft_demo.train.cache import FrameCache
from oft_demo.train.recipe import TrainSettings
from oft_demo.train.words import telling_words, vary
from oft_demo.types import GRIPPER_INDEX

GRASP_TRAVEL = 0.3  # of the gripper's range within one chunk: it opens or closes there
VALIDATION = 2  # the last part of a batch's seed; the stages are 0 and 1


@dataclass(frozen=True)
class Batch:
    """What one optimiser step reads."""

    pixels: Float32[Tensor, "b m 3 h w"]  # 0..1
    proprio: Float32[Tensor, "b 14"]  # normalised
    tokens: Int64[Tensor, "b p"]
    actions: Float32[Tensor, "b k 14"]  # normalised
    row_weight: Float32[Tensor, "b k"]  # 0 where the row is no demonstration of what was asked
    points: Float32[Tensor, "b m 2"]  # the object asked for in each picture, as fractions; NaN: out of view
    position: Float32[Tensor, "b 3"]  # of the object asked for [m]; NaN: unknown

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        return Batch(**{name: value.to(device, non_blocking=True) for name, value in vars(self).items()})


def split(cache: FrameCache, settings: TrainSettings) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Split frames by episode into those to train on and those held out."""
    episodes = len(cache.episodes)
    if episodes < 2:
        raise InvalidData(
            f"Training needs at least 2 successful episodes, one of them to validate on; found {episodes}."
        )
    order = np.random.default_rng((settings.seed, episodes)).permutation(episodes)
    held_out = order[: max(1, round(episodes * settings.validation_share))]
    validation = np.isin(cache.episode_index, held_out)
    return ~validation, validation


def frame_weights(cache: FrameCache, usable: Bool[np.ndarray, " n"], settings: TrainSettings) -> np.ndarray:
    """How often each frame is drawn while imitating: more often where a gripper opens or closes."""
    grippers = cache.chunks[:, :, list(GRIPPER_INDEX.values())]
    moves = (np.ptp(grippers, axis=1) > GRASP_TRAVEL).any(-1)
    factors = [math.prod(factor for part, factor in settings.episode_weights if part in name) for name in cache.names]
    return usable * np.where(moves, settings.grasp_weight, 1.0) * np.array(factors)[cache.episode_index]


class BatchSource:
    """Draws batches from a cache."""

    def __init__(self, cache: FrameCache, tokenizer: Tokenizer, statistics: Statistics, settings: TrainSettings):
        self.cache, self.tokenizer, self.statistics, self.settings = cache, tokenizer, statistics, settings
        training, self._held_out = split(cache, settings)
        self._imitation = np.cumsum(frame_weights(cache, training, settings))
        self._grounding = np.cumsum(training.astype(float))
        self._wordings = wordings_of(cache)
        self._telling = {
            task: telling_words({name: texts for (of, name), texts in self._wordings.items() if of == task})
            for task in {task for task, _ in self._wordings}
        }
        self._actions = normalize_actions(cache.chunks, statistics).astype(np.float32)
        self._proprio = normalize_proprio(cache.joints, statistics).astype(np.float32)

    def grounding(self, step: int) -> Batch:
        """A batch of stage 1: any frame, any object of its scene."""
        random = np.random.default_rng((self.settings.seed, step, 0))
        frames = _draw(self._grounding, self.settings.batch_size, random)
        asked = [int(random.choice(self._askable(frame))) for frame in frames]
        return self._batch(frames, asked, random, varied=True)

    def imitation(self, step: int) -> Batch:
        """A batch of stage 2: frames with the object that the expert went for."""
        random = np.random.default_rng((self.settings.seed, step, 1))
        frames = _draw(self._imitation, self.settings.batch_size, random)
        return self._batch(frames, [int(self.cache.named[frame]) for frame in frames], random, varied=True)

    def validation(self) -> list[Batch]:
        """Held-out frames in the expert's own wording, the same ones every time."""
        random = np.random.default_rng((self.settings.seed, 0, VALIDATION))
        frames = random.permutation(np.flatnonzero(self._held_out))[: self.settings.validation_frames]
        size = max(self.settings.batch_size, 1)
        parts = [frames[start : start + size] for start in range(0, len(frames), size)]
        return [self._batch(p, [int(self.cache.named[f]) for f in p], random, varied=False) for p in parts]

    def _askable(self, frame: int) -> list[int]:
        episode = self.cache.episodes[self.cache.episode_index[frame]]
        known = [index for index, name in enumerate(episode.objects) if (episode.task, name) in self._wordings]
        return known or [int(self.cache.named[frame])]

    def _instruction(self, frame: int, asked: int, random: np.random.Generator, varied: bool) -> str:
        episode = self.cache.episodes[self.cache.episode_index[frame]]
        name = episode.objects[asked] if asked >= 0 else None
        if name is None or (episode.task, name) not in self._wordings:
            return episode.instruction  # a free sentence that names no object of the scene
        if not varied and name == episode.named_object:
            return episode.instruction
        texts = self._wordings[episode.task, name]
        text = texts[int(random.integers(len(texts)))]
        return vary(text, self._telling[episode.task][name], self.settings.words, random) if varied else text

    def _batch(self, frames: np.ndarray, asked: Sequence[int], random: np.random.Generator, varied: bool) -> Batch:
        cache, rows = self.cache, np.arange(len(frames))
        objects = np.array(asked)
        points = torch.from_numpy(np.where(objects[:, None, None] < 0, np.nan, cache.seen[frames][rows, objects]))
        position = np.where(objects[:, None] < 0, np.nan, cache.positions[frames][rows, objects])
        demonstrated = (objects == cache.named[frames])[:, None] & cache.row_valid[frames]
        texts = [self._instruction(int(frame), obj, random, varied) for frame, obj in zip(frames, asked, strict=True)]
        pixels = torch.from_numpy(cache.pictures(frames)).permute(0, 1, 4, 2, 3).float().div_(255)
        proprio = torch.from_numpy(self._proprio[frames])
        if varied:
            generator = torch.Generator().manual_seed(int(random.integers(2**62)))
            noise = self.settings.augmentation.proprio_noise
            proprio = (proprio + noise * torch.randn(proprio.shape, generator=generator)).clamp_(-1, 1)
            pixels, crops = augment(pixels, self.settings.augmentation, generator)
            points = move_points(points, crops)
        return Batch(
            pixels=pixels,
            proprio=proprio,
            tokens=pad_tokens([self.tokenizer.encode(text) for text in texts], self.tokenizer.pad_id),
            actions=torch.from_numpy(self._actions[frames]),
            row_weight=torch.from_numpy(demonstrated.astype(np.float32)),
            points=points.float(),
            position=torch.from_numpy(position.astype(np.float32)),
        )


def _draw(cumulated: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    return np.searchsorted(cumulated, random.random(count) * cumulated[-1], side="right")


def pad_tokens(rows: Sequence[Sequence[int]], pad_id: int) -> Int64[Tensor, "b p"]:
    """Stack token ids, padded on the right."""
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[pad_id] * (width - len(row))] for row in rows], dtype=torch.int64)


def wordings_of(cache: FrameCache) -> dict[tuple[str, str], tuple[str, ...]]:
    """The wordings to train with, by task and object; an object that no wording names cannot be asked for."""
    from oft_demo.sim import wordings

    pairs = sorted({(episode.task, name) for episode in cache.episodes for name in episode.objects})
    texts = {(task, name): wordings.training(task, name) for task, name in pairs}
    return {pair: found for pair, found in texts.items() if wordings.named_object(pair[0], found[0]) == pair[1]}
