"""The published inference, step for step: the slow path that ours is compared with, and an oracle of its results."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float32, Int64, UInt8
from torch import Tensor

from oft_demo.bench.literal.adapters import RANK, Parts
from oft_demo.bench.literal.heads import Joints, Regression
from oft_demo.bench.literal.trunk import Ask, Cache, Trunk
from oft_demo.bench.literal.vision import Projector, Tower
from oft_demo.policy.action_tokens import values_of
from oft_demo.policy.model import OftModel

IGNORED = -100  # label of what is no action
BEFORE_ACTIONS = 31743  # action words stand above this id
LANGUAGE_HEAD = "language_model.lm_head.weight"
PLACEHOLDER = 1  # id in action slots, whose embeddings are emptied


@dataclass(frozen=True)
class Question:
    """A query as it comes from the tokenizer and the cameras."""

    pictures: UInt8[Tensor, "m h w 3"]
    proprio: Float32[Tensor, "1 p"]  # normalised
    tokens: tuple[int, ...]  # BOS to the lone space behind "Out:"


@dataclass(frozen=True)
class Habits:
    """What the published code does at every query and could leave; all of it leaves the actions as they are."""

    adapters: bool = True
    last_blocks: bool = True
    single_pictures: bool = True
    words: bool = True  # the language head at every position, in single precision, though the actions are regressed
    keeps: bool = True  # keys, values and hidden states of every layer


class LiteralPolicy:
    """Computes what a network does the way the published code does it, from the same weights."""

    def __init__(self, model: OftModel, habits: Habits | None = None, seed: int = 0):
        """Read the weights of a network that is not fused.

        Adapters exist where FiLM does: without it, the published code runs the merged checkpoint.
        """
        config = self._config = model.config
        self._habits = habits = habits or Habits()
        self._towers = config.featurizer, config.fused_featurizer
        if any(tower.stem != "patch" or tower.positions != "learned" for tower in self._towers):
            raise ValueError("only towers of the published form can be run literally")
        generator = torch.Generator(next(model.parameters()).device).manual_seed(seed)
        parts = Parts(_weights(model, generator), RANK if config.film and habits.adapters else 0, generator)
        self.eyes = [
            Tower(parts, f"vision_backbone.{name}", tower, config.film, habits.last_blocks)
            for name, tower in zip(("featurizer", "fused_featurizer"), self._towers, strict=True)
        ]
        self.projector = Projector(parts)
        self.trunk = Trunk(parts, config.language, causal=config.head == "autoregressive")
        self._joints = Joints(parts) if config.proprio else None
        self._head = Regression(parts, config.chunk_length) if config.head == "l1" else None
        self._dtype = parts.dtype

    @torch.inference_mode()
    def act(self, question: Question) -> Float[Tensor, "k d"]:
        """Normalised actions, on the host."""
        if self._config.head == "autoregressive":
            return self._said_in_turn(question)
        ids, standing, labels = self._prepared(question)
        embeddings, slots = self.trunk.embed(ids), self._slots(labels)
        seen = self._seen(question, embeddings[~slots].reshape(1, -1, self._config.width))
        embeddings = embeddings * ~slots[..., None]
        hidden, logits = self._thought(embeddings, seen, standing)
        first = seen.shape[1] + len(question.tokens) - 1
        window = slice(first, first + self._config.slot_count)
        if self._head is not None:
            return self._head(hidden[:, window])[0].float().cpu()
        assert logits is not None
        return self._values(logits[:, window].argmax(-1))

    def _said_in_turn(self, question: Question) -> Float[Tensor, "1 d"]:
        """One row, word after word: keys and values are kept, and the words at every prompt position computed."""
        ids = torch.tensor([question.tokens], device=question.pictures.device)
        standing = torch.ones_like(ids, dtype=torch.bool)
        embeddings = self.trunk.embed(ids)
        seen = self._seen(question, embeddings)
        given = torch.cat([embeddings[:, :1], seen, embeddings[:, 1:]], 1)
        standing = torch.cat([standing[:, :1], standing.new_ones(1, seen.shape[1]), standing[:, 1:]], 1)
        said, ask = [], Ask(Cache(), words=True, states=False)
        for _ in range(self._config.action_dim):
            logits = self.trunk(given, standing, ask).logits
            said.append(logits[:, -1].argmax(-1, keepdim=True))
            standing = torch.cat([standing, standing.new_ones(1, 1)], 1)
            given = self.trunk.embed(said[-1])
        return self._values(torch.cat(said, 1))

    def _prepared(self, question: Question) -> tuple[Int64[Tensor, "1 t"], Bool[Tensor, "1 t"], Int64[Tensor, "1 t"]]:
        """Ids with placeholders and the stop token, what is no padding, and labels that say which are actions."""
        device, count = question.pictures.device, self._config.slot_count
        ids = torch.tensor([question.tokens], device=device)
        labels = torch.full_like(ids, IGNORED)
        stop = torch.full((1, 1), self._config.language.stop_id, device=device)
        ids = torch.cat([ids, torch.full((1, count), PLACEHOLDER, device=device), stop], 1)
        labels = torch.cat([labels, torch.full((1, count), BEFORE_ACTIONS + 1, device=device), stop], 1)
        return ids, torch.ones_like(ids, dtype=torch.bool), labels

    def _slots(self, labels: Int64[Tensor, "1 t"]) -> Bool[Tensor, "1 t"]:
        """Where actions stand: those of the first row, or those of the rows after it."""
        counted = torch.cumsum(labels != IGNORED, 1)
        first = (counted >= 1) & (counted <= self._config.action_dim)
        later = counted > self._config.action_dim
        actions = labels > BEFORE_ACTIONS
        return (actions & first) | (actions & later)

    def _seen(self, question: Question, language: Float[Tensor, "1 t d"]) -> Float[Tensor, "1 n d"]:
        """Projected patches of all pictures, and the joints behind them."""
        words = language.mean(1)
        pixels = self._pixels(question.pictures)
        pictures = pixels.unflatten(1, (-1, 6)).flatten(0, 1)
        batches = pictures.split(1) if self._habits.single_pictures else [pictures]
        features = []
        for batch in batches:
            towers = zip(self.eyes, batch.split([3, 3], 1), strict=True)
            features.append(torch.cat([tower(channels, words) for tower, channels in towers], 2))
        patches = [feature.flatten(0, 1)[None] for feature in features]
        tokens = self.projector(torch.cat(patches, 1))
        return tokens if self._joints is None else torch.cat([tokens, self._joints(question.proprio.to(tokens))], 1)

    def _pixels(self, pictures: UInt8[Tensor, "m h w 3"]) -> Float[Tensor, "1 6*m h w"]:
        """Every picture through both processors: six channels each, DINOv2 first, all of them in one row."""
        channels = []
        for picture in pictures:
            for tower in self._towers:
                mean, std = (torch.tensor(value, device=picture.device) for value in (tower.mean, tower.std))
                scaled = picture.permute(2, 0, 1).contiguous().float() / 255
                channels.append((scaled - mean[:, None, None]) / std[:, None, None])
        return torch.cat(channels)[None].to(self._dtype)

    def _thought(
        self, embeddings: Float[Tensor, "1 t d"], seen: Float[Tensor, "1 n d"], standing: Bool[Tensor, "1 t"]
    ) -> tuple[Float[Tensor, "1 l d"], Float[Tensor, "1 l v"] | None]:
        """The last of all hidden states, and the words at all positions; what is seen stands behind BOS."""
        sequence = torch.cat([embeddings[:, :1], seen, embeddings[:, 1:]], 1)
        standing = torch.cat([standing[:, :1], standing.new_ones(1, seen.shape[1]), standing[:, 1:]], 1)
        habits, speaks = self._habits, self._config.speaks
        ask = Ask(Cache() if habits.keeps else None, habits.words or speaks, habits.keeps)
        states, logits = self.trunk(sequence, standing, ask)
        return states[-1], logits

    def _values(self, words: Int64[Tensor, "1 a"]) -> Float[Tensor, "k d"]:
        return values_of(words, self._config.language.vocabulary).unflatten(1, (-1, self._config.action_dim))[0].cpu()


def _weights(model: OftModel, generator: torch.Generator) -> dict[str, Tensor]:
    """By their published names; every checkpoint has a language head, a network that regresses holds none."""
    weights = dict(model.state_dict())
    if LANGUAGE_HEAD not in weights:
        like = weights["language_model.model.embed_tokens.weight"]
        weights[LANGUAGE_HEAD] = torch.empty_like(like).normal_(std=0.02, generator=generator)
    return weights
