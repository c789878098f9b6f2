"""The OFT network: `[BOS] [patches] [joints] [prompt] [action slots] [stop]` in, hidden states of the slots out."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from oft_demo.policy.config import OftConfig, check
from oft_demo.policy.film import Modulation, language_mean
from oft_demo.policy.heads import DiffusionActionHead, L1RegressionActionHead
from oft_demo.policy.llama import LanguageModel
from oft_demo.policy.projectors import NoisyActionProjector, ProprioProjector, VisionProjector
from oft_demo.policy.vision import VisionBackbone

MAX_PROMPT = 512  # [tokens]


class OftOutput(NamedTuple):
    """What the network says about a batch."""

    actions: Float[Tensor, "b k d"]  # normalised
    patches: Float[Tensor, "b m n w"]  # last hidden states (after the final norm) of the patch tokens of each image
    slots: Float[Tensor, "b k w"]  # last hidden states that the head reads, mean over D where there are K * D


class Text(NamedTuple):
    """A batch of prompts, followed by their action slots and stop tokens; padding stands at the very end."""

    ids: Int64[Tensor, "b t"]  # BOS, prompt, placeholders, stop, padding
    lengths: tuple[int, ...]  # of each prompt, BOS included
    spoken: Bool[Tensor, "b t"]  # BOS, prompt and stop: all but slots and padding


class Prompt(NamedTuple):
    """What instructions mean to the network: the same for every chunk of a rollout."""

    text: Text
    words: Float[Tensor, "b t d"]  # embeddings of the text, slots and padding emptied or filled with learned slots
    modulation: Modulation | None  # None in a network without FiLM


class OftModel(nn.Module):
    """OpenVLA-OFT with or without FiLM, in the sizes of its config; parameters have their published names."""

    def __init__(self, config: OftConfig):
        super().__init__()
        check(config)
        self.config = config
        vision_width = config.featurizer.width + config.fused_featurizer.width
        per_row = config.slot_count // config.chunk_length
        spare = 3 + config.action_dim  # joints, noise level, stop; values that are said one after another
        length = config.images * config.patches + MAX_PROMPT + config.slot_count + spare
        self.vision_backbone = VisionBackbone(config)
        self.projector = VisionProjector(vision_width, config.width)
        self.language_model = LanguageModel(config.language, length, config.speaks)
        if config.head == "l1":
            self.action_head = L1RegressionActionHead(config.width, per_row, config.action_dim)
        if config.head == "diffusion":
            self.action_head = DiffusionActionHead(config.width, per_row, config.action_dim)
            self.noisy_action_projector = NoisyActionProjector(config.width)
        if config.proprio:
            self.proprio_projector = ProprioProjector(config.proprio_dim, config.width)
        if config.learned_slots:
            self.action_slots = nn.Parameter(torch.randn(config.slot_count, config.width) * 0.1)

    def forward(
        self,
        pixels: Float[Tensor, "b m 3 h w"],
        proprio: Float[Tensor, "b p"],
        tokens: Int64[Tensor, "b t"],
    ) -> OftOutput:
        """Predict chunks for pictures in 0..1, normalised joints and prompts padded on the right: an L1 head's way."""
        config, prompt = self.config, self.prompt(tokens)
        seen = self.see(pixels, prompt.modulation)
        hidden = self.think(self.sequence(seen, proprio, prompt), prompt.text)
        slots = self.window(hidden, prompt.text)
        patches = hidden[:, 1 : 1 + seen.shape[1]].unflatten(1, (config.images, config.patches))
        rows = slots if config.slots == "per_step" else slots.unflatten(1, (config.chunk_length, -1)).mean(2)
        return OftOutput(self.action_head(slots), patches, rows)

    def lay_out(self, tokens: Int64[Tensor, "b t"]) -> Text:
        """Append slots and a stop token to each prompt, before its padding; nothing where values are said in turn."""
        config, slots = self.config, self.config.slot_count
        counts = (tokens != config.language.pad_id).sum(1)
        lengths = tuple(counts.tolist())
        tail = slots + 1 if slots else 0
        place = torch.arange(max(lengths) + tail, device=tokens.device)[None]
        ends = counts[:, None]
        ids = torch.full((len(tokens), place.shape[1]), config.language.pad_id, device=tokens.device)
        ids[:, : max(lengths)] = tokens[:, : max(lengths)]
        stops = (place == ends + slots) & (slots > 0)
        return Text(ids.masked_fill(stops, config.language.stop_id), lengths, (place < ends) | stops)

    def prompt(self, tokens: Int64[Tensor, "b t"]) -> Prompt:
        """Embed some prompts and compute FiLM's gamma and beta from them."""
        text = self.lay_out(tokens)
        embeddings = self.language_model.model.embed(text.ids)
        modulation = None
        if self.config.film:
            modulation = self.vision_backbone.modulation(language_mean(embeddings, text.spoken))
        words = embeddings * text.spoken[..., None]  # published slots are empty: exact zeros
        prompt = Prompt(text, words, modulation)
        if not self.config.learned_slots:
            return prompt
        return self.filled(prompt, self.action_slots.expand(len(tokens), -1, -1))

    def see(self, pixels: Float[Tensor, "b m 3 h w"], modulation: Modulation | None) -> Float[Tensor, "b m*n d"]:
        """Patch tokens in the width of the language trunk."""
        return self.projector(self.vision_backbone(pixels, modulation))

    def sequence(
        self,
        seen: Float[Tensor, "b m*n d"],
        proprio: Float[Tensor, "b p"],
        prompt: Prompt,
        *more: Float[Tensor, "b _ d"],
    ) -> Float[Tensor, "b l d"]:
        """The trunk's input: all that is not text stands behind BOS, `more` tokens behind the joints."""
        words = prompt.words
        joints = [self.proprio_projector(proprio.to(words.dtype))[:, None]] if self.config.proprio else []
        return torch.cat([words[:, :1], seen, *joints, *more, words[:, 1:]], 1)

    def think(self, sequence: Float[Tensor, "b l d"], text: Text) -> Float[Tensor, "b l d"]:
        """Hidden states after the final norm; every token attends to every other one that is not padding."""
        return self.language_model.model(sequence, self._padding_bias(sequence, text))

    def window(self, hidden: Float[Tensor, "b l d"], text: Text) -> Float[Tensor, "b a d"]:
        """The hidden states that a head reads.

        They start at the last prompt token, one before the first slot: next-token alignment, as published.
        """
        count, first = self.config.slot_count, hidden.shape[1] - text.ids.shape[1] - 1
        if len(set(text.lengths)) == 1:
            start = first + text.lengths[0]
            return hidden[:, start : start + count]
        starts = torch.tensor(text.lengths, device=hidden.device)[:, None] + first
        places = starts + torch.arange(count, device=hidden.device)
        return hidden.gather(1, places[..., None].expand(-1, -1, hidden.shape[-1]))

    def fuse(self) -> None:
        """Rearrange the weights for acting: the same function in fewer products. Names are no longer the published."""
        self.vision_backbone.fuse()
        self.language_model.model.fuse()

    def filled(self, prompt: Prompt, slots: Float[Tensor, "b a d"]) -> Prompt:
        """The same prompts with something in their slots."""
        text, words = prompt.text, prompt.words
        if len(set(text.lengths)) == 1:
            start = text.lengths[0]
            parts = [words[:, :start], slots.to(words.dtype), words[:, start + self.config.slot_count :]]
            return prompt._replace(words=torch.cat(parts, 1))
        starts = torch.tensor(text.lengths, device=words.device)[:, None]
        places = starts + torch.arange(self.config.slot_count, device=words.device)
        return prompt._replace(words=words.scatter(1, places[..., None].expand_as(slots), slots.to(words.dtype)))

    def _padding_bias(self, sequence: Tensor, text: Text) -> Float[Tensor, "b 1 1 l"] | None:
        """-inf on keys that are padding; None where all prompts are equally long."""
        if len(set(text.lengths)) == 1:
            return None
        padding = max(text.lengths) - torch.tensor(text.lengths, device=sequence.device)
        end = sequence.shape[1] - padding[:, None]
        padded = torch.arange(sequence.shape[1], device=sequence.device) >= end
        return torch.zeros_like(padded, dtype=sequence.dtype).masked_fill_(padded, -torch.inf)[:, None, None]

    @property
    def parameter_count(self) -> int:
        """Number of weights."""
        return sum(parameter.numel() for parameter in self.parameters())
