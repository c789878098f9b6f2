"""The OFT network: `[BOS] [patches] [joints] [prompt] [action slots] [stop]` in, a chunk of actions out."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor, nn
from torch.nn import functional

from oft_demo.policy.config import OftConfig, check
from oft_demo.policy.film import Modulation, language_mean
from oft_demo.policy.heads import L1RegressionActionHead
from oft_demo.policy.llama import LanguageModel
from oft_demo.policy.projectors import ProprioProjector, VisionProjector
from oft_demo.policy.vision import VisionBackbone

MAX_PROMPT = 256  # [tokens]; an instruction has at most 200 characters


class OftOutput(NamedTuple):
    """What the network says about a batch."""

    actions: Float32[Tensor, "b k d"]  # normalised
    patches: Float32[Tensor, "b m n w"]  # last hidden states (after the final norm) of the patch tokens of each image
    slots: Float32[Tensor, "b k w"]  # last hidden states that the head reads, mean over D where there are K * D


class Text(NamedTuple):
    """A batch of prompts, followed by their action slots and stop tokens; padding stands at the very end."""

    ids: Int64[Tensor, "b t"]  # BOS, prompt, placeholders, stop, padding
    lengths: tuple[int, ...]  # of each prompt, BOS included
    spoken: Bool[Tensor, "b t"]  # BOS, prompt and stop: all but slots and padding


class OftModel(nn.Module):
    """OpenVLA-OFT with or without FiLM, in the sizes of its config."""

    def __init__(self, config: OftConfig):
        super().__init__()
        check(config)
        self.config = config
        vision_width = config.featurizer.width + config.fused_featurizer.width
        per_row = config.slot_count // config.chunk_length
        length = config.images * config.patches + 1 + MAX_PROMPT + config.slot_count + 1
        self.vision_backbone = VisionBackbone(config)
        self.projector = VisionProjector(vision_width, config.width)
        self.language_model = LanguageModel(config.language, length)
        self.action_head = L1RegressionActionHead(config.width, per_row, config.action_dim)
        self.proprio_projector = ProprioProjector(config.proprio_dim, config.width)
        if config.learned_slots:
            self.action_slots = nn.Parameter(torch.randn(config.slot_count, config.width) * 0.1)

    def forward(
        self,
        pixels: Float32[Tensor, "b m 3 h w"],
        proprio: Float32[Tensor, "b p"],
        tokens: Int64[Tensor, "b t"],
    ) -> OftOutput:
        """Predict chunks for pictures in 0..1, normalised joints and prompts padded on the right."""
        text = self.lay_out(tokens)
        embeddings = self.language_model.model.embed(text.ids)
        seen = self.see(pixels, self._modulation(embeddings, text))
        return self.decide(seen, proprio, embeddings, text)

    def lay_out(self, tokens: Int64[Tensor, "b t"]) -> Text:
        """Append slots and a stop token to each prompt, before its padding."""
        config, slots = self.config, self.config.slot_count
        counts = (tokens != config.language.pad_id).sum(1)
        lengths = tuple(counts.tolist())
        place = torch.arange(max(lengths) + slots + 1, device=tokens.device)[None]
        ends = counts[:, None]
        ids = torch.full((len(tokens), place.shape[1]), config.language.pad_id, device=tokens.device)
        ids[:, : max(lengths)] = tokens[:, : max(lengths)]
        ids = ids.masked_fill(place == ends + slots, config.language.stop_id)
        return Text(ids, lengths, (place < ends) | (place == ends + slots))

    def modulation(self, tokens: Int64[Tensor, "b t"]) -> Modulation | None:
        """Gamma and beta of every vision block for some prompts; None in a network without FiLM."""
        text = self.lay_out(tokens)
        return self._modulation(self.language_model.model.embed(text.ids), text)

    def _modulation(self, embeddings: Float32[Tensor, "b t d"], text: Text) -> Modulation | None:
        if not self.config.film:
            return None
        return self.vision_backbone.modulation(language_mean(embeddings, text.spoken))

    def see(self, pixels: Float32[Tensor, "b m 3 h w"], modulation: Modulation | None) -> Float32[Tensor, "b m*n d"]:
        """Patch tokens in the width of the language trunk."""
        return self.projector(self.vision_backbone(pixels, modulation))

    def decide(
        self,
        seen: Float32[Tensor, "b m*n d"],
        proprio: Float32[Tensor, "b p"],
        embeddings: Float32[Tensor, "b t d"],
        text: Text,
    ) -> OftOutput:
        """Run the trunk over the whole sequence and read the actions."""
        config = self.config
        words = embeddings * text.spoken[..., None]  # published slots are empty: exact zeros
        if config.learned_slots:
            words = words + self._slots(text)
        joints = self.proprio_projector(proprio)[:, None]
        sequence = torch.cat([words[:, :1], seen, joints, words[:, 1:]], 1)
        hidden = self.language_model.model(sequence, self._padding_bias(sequence, text))
        # The window starts at the last prompt token, one before the first slot: next-token alignment, as published.
        slots = self._window(hidden, seen.shape[1] + 1, text.lengths)
        patches = hidden[:, 1 : 1 + seen.shape[1]].unflatten(1, (config.images, config.patches))
        rows = slots if config.slots == "per_step" else slots.unflatten(1, (config.chunk_length, -1)).mean(2)
        return OftOutput(self.action_head(slots), patches, rows)

    def _slots(self, text: Text) -> Float32[Tensor, "b t d"]:
        place = torch.arange(text.ids.shape[1], device=text.ids.device)
        number = place - torch.tensor(text.lengths, device=text.ids.device)[:, None]
        inside = (number >= 0) & (number < self.config.slot_count)
        contents = functional.embedding(number.clamp(0, self.config.slot_count - 1), self.action_slots)
        return contents * inside[..., None]

    def _window(self, hidden: Tensor, visual: int, lengths: tuple[int, ...]) -> Float32[Tensor, "b a d"]:
        count = self.config.slot_count
        if len(set(lengths)) == 1:
            start = visual + lengths[0] - 1
            return hidden[:, start : start + count]
        starts = torch.tensor(lengths, device=hidden.device)[:, None] + (visual - 1)
        places = starts + torch.arange(count, device=hidden.device)
        return hidden.gather(1, places[..., None].expand(-1, -1, hidden.shape[-1]))

    def _padding_bias(self, sequence: Tensor, text: Text) -> Float32[Tensor, "b 1 1 l"] | None:
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
