"""What each kind of head makes of a sequence: normalised actions."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from oft_demo.policy.action_tokens import values_of
from oft_demo.policy.diffusion import less_noisy, level_embeddings, levels_visited
from oft_demo.policy.heads import DiffusionActionHead
from oft_demo.policy.llama import Memory
from oft_demo.policy.model import OftModel, Prompt


class Decoded(NamedTuple):
    """A chunk, and what it was read from."""

    actions: Float[Tensor, "b k d"]  # normalised
    hidden: Float[Tensor, "b a w"]  # last hidden states that the head read (of the last denoising step)
    tokens: Int64[Tensor, "b a"] | None = None  # words, where actions are words


def decode(
    model: OftModel,
    seen: Float[Tensor, "b m*n w"],
    proprio: Float[Tensor, "b p"],
    prompt: Prompt,
    noise: Float[Tensor, "b k d"] | None = None,
) -> Decoded:
    """The actions for patch tokens, normalised joints and prompts; `noise` is where a diffusion head starts."""
    match model.config.head:
        case "diffusion":
            return _denoised(model, seen, proprio, prompt, noise)
        case "autoregressive":
            return _said_in_turn(model, seen, proprio, prompt)
        case _:
            slots = model.window(model.think(model.sequence(seen, proprio, prompt), prompt.text), prompt.text)
            return _said_at_once(model, slots) if model.config.speaks else Decoded(model.action_head(slots), slots)


def _said_at_once(model: OftModel, slots: Float[Tensor, "b a w"]) -> Decoded:
    """One word for every slot: the likeliest of the whole vocabulary, as published."""
    config = model.config
    tokens = model.language_model.lm_head(slots).argmax(-1)
    actions = values_of(tokens, config.language.vocabulary).unflatten(1, (config.chunk_length, config.action_dim))
    return Decoded(actions, slots, tokens)


def _said_in_turn(model: OftModel, seen: Tensor, proprio: Tensor, prompt: Prompt) -> Decoded:
    """One row, word after word, each knowing those before: OpenVLA's decoding, with keys and values remembered."""
    if len(set(prompt.text.lengths)) != 1:
        raise ValueError("prompts of different lengths cannot be continued together")
    trunk, memory = model.language_model.model, Memory()
    given, hidden, tokens = model.sequence(seen, proprio, prompt), [], []
    for _ in range(model.config.action_dim):
        hidden.append(trunk.go_on(given, memory)[:, -1:])
        tokens.append(model.language_model.lm_head(hidden[-1]).argmax(-1))
        given = trunk.embed(tokens[-1])
    words = torch.cat(tokens, 1)
    return Decoded(values_of(words, model.config.language.vocabulary)[:, None], torch.cat(hidden, 1), words)


def _denoised(model: OftModel, seen: Tensor, proprio: Tensor, prompt: Prompt, noise: Tensor | None) -> Decoded:
    """Start from noise in the slots and take out what the head says is noise, level after level."""
    config, text = model.config, prompt.text
    head = model.action_head
    assert isinstance(head, DiffusionActionHead)
    shape = len(seen), config.chunk_length, config.action_dim
    actions = torch.randn(shape, device=seen.device) if noise is None else noise.to(seen.device, torch.float32)
    levels = levels_visited(config.denoising_steps)
    embeddings = level_embeddings(len(levels), config.width, seen.device).to(seen.dtype)
    slots = seen.new_empty(0)
    for level, embedding in zip(levels, embeddings, strict=True):
        noisy = model.noisy_action_projector(actions.to(seen.dtype).flatten(1)[..., None])
        sequence = model.sequence(seen, proprio, model.filled(prompt, noisy), embedding.expand(len(seen), 1, -1))
        slots = model.window(model.think(sequence, text), text)
        actions = less_noisy(actions, head(slots).float(), level, config.denoising_steps)
    return Decoded(actions, slots)
