"""Everything that a case records, computed again: from its pictures to its actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from oft_demo.parity.case import Case, CaseQuery, InvalidCase
from oft_demo.parity.pictures import Start, crops_of, recipe_of, recorded_crops, sent_pictures
from oft_demo.policy import OftPolicy
from oft_demo.policy.decoding import Decoded, decode
from oft_demo.policy.film import language_mean
from oft_demo.policy.model import OftModel, Prompt
from oft_demo.policy.normalization import normalize_proprio, unnormalize_actions
from oft_demo.policy.official import FilmLayers, film_layers

TOWERS = {"dino": "featurizer", "siglip": "fused_featurizer"}
THINNED = 4  # every so manieth token is recorded where all would be too many
PLACEHOLDER = 1  # the id that the official code puts into action slots
SAMPLED = 16  # every so manieth pixel is recorded


@dataclass(frozen=True)
class Computed:
    """Arrays under the names of the recorded ones; some of a denoising exist once a step."""

    arrays: dict[str, np.ndarray]
    steps: dict[str, list[np.ndarray]] = field(default_factory=dict[str, list[np.ndarray]])
    recipe: str | None = None  # how raw frames became pictures


def compute(case: Case, policy: OftPolicy, start: Start) -> Computed:
    """Answer every query of a case, from its recorded pictures or from its raw frames."""
    layers = film_layers(case.checkpoint, case.facts) if case.facts.film else None
    recipe = recipe_of(case, policy.image_size) if start == "png" else None
    computed = Computed({}, recipe=recipe.name if recipe else None)
    for query in case.queries:
        if recipe is None:
            crops = recorded_crops(case, query)
        else:
            sent = sent_pictures(case, query, recipe, policy.image_size)
            crops = crops_of(case, sent, policy.image_size)
            _keep_pictures(computed, case, query, sent, crops)
        _answer(computed, case, query, policy, crops, layers)
    return computed


def _keep_pictures(
    computed: Computed, case: Case, query: CaseQuery, sent: list[np.ndarray], crops: list[np.ndarray]
) -> None:
    for name, picture in zip(case.payload_names(query), sent, strict=False):
        computed.arrays[query.prefix + name] = picture
    for index, crop in enumerate(crops):
        computed.arrays[f"{query.prefix}cropped_{index}"] = crop


@torch.inference_mode()
def _answer(
    computed: Computed,
    case: Case,
    query: CaseQuery,
    policy: OftPolicy,
    crops: list[np.ndarray],
    layers: Mapping[str, FilmLayers] | None,
) -> None:
    """Trace one query through the network, part by part."""
    model, keep = policy.engine.model, {}
    tokens = policy.tokenizer.encode(query.instruction)
    prompt = policy.engine.prompt(tokens)
    keep.update(_text_arrays(model, policy, query, tokens, prompt, layers))
    pixels = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float().div(255)[None].to(policy.device)
    keep.update(_pixel_arrays(model, pixels[0]))
    features = model.vision_backbone(pixels, prompt.modulation)
    seen = model.projector(features)
    keep["vision_features_every4"] = features[:, ::THINNED]
    keep["projected_patches"], keep["projected_patches_every4"] = seen, seen[:, ::THINNED]
    proprio = torch.zeros(1, case.facts.proprio_dim)
    if case.facts.proprio:
        proprio = torch.from_numpy(normalize_proprio(_state(case, query), policy.statistics)[None])
        keep["proprio_normalized"] = proprio
        keep["proprio_token"] = model.proprio_projector(proprio.to(seen))
    decoded, steps = _decoded(case, query, model, seen, proprio.to(policy.device), prompt)
    keep.update(_action_arrays(policy, decoded))
    computed.arrays.update({query.prefix + name: _array(value) for name, value in keep.items()})
    for name, values in steps.items():
        computed.steps[query.prefix + name] = [_array(value) for value in values]
        computed.arrays[query.prefix + name] = _array(values[-1])


def _text_arrays(
    model: OftModel,
    policy: OftPolicy,
    query: CaseQuery,
    tokens: list[int],
    prompt: Prompt,
    layers: Mapping[str, FilmLayers] | None,
) -> dict[str, Tensor | np.ndarray]:
    """Ids of the prompt, and what FiLM makes of it in every block, the unused last ones too."""
    ids = policy.tokenizer.prompt_ids(query.instruction)
    slots = [PLACEHOLDER] * model.config.slot_count
    full = [*tokens, *slots, *([policy.tokenizer.stop_id] if slots else [])]
    arrays: dict[str, Tensor | np.ndarray] = {"prompt_ids": np.array([ids]), "input_ids_full": np.array([full])}
    if layers is None:
        return arrays
    mean = language_mean(model.language_model.model.embed(prompt.text.ids), prompt.text.spoken)
    arrays["language_mean"] = mean
    for short, tower in TOWERS.items():
        pairs = layers[tower].modulation(mean.float().cpu())
        arrays[f"film_gamma_{short}"] = torch.cat([gamma for gamma, _ in pairs])
        arrays[f"film_beta_{short}"] = torch.cat([beta for _, beta in pairs])
    return arrays


def _pixel_arrays(model: OftModel, pixels: Tensor) -> dict[str, Tensor]:
    """What both towers' processors make of the pictures: six channels an image."""
    backbone = model.vision_backbone
    towers = backbone.featurizer, backbone.fused_featurizer
    channels = torch.cat([tower.normalized(pixels) for tower in towers], 1).flatten(0, 1)[None]
    return {
        "pixel_values_sample": channels[:, :, ::SAMPLED, ::SAMPLED],
        "pixel_values_sum": channels[0].double().sum((1, 2)),
    }


def _decoded(
    case: Case, query: CaseQuery, model: OftModel, seen: Tensor, proprio: Tensor, prompt: Prompt
) -> tuple[Decoded, dict[str, list[Tensor]]]:
    """The actions, and what went through the trunk on the way: once, or once a denoising step."""
    sequences: list[Tensor] = []
    slots: list[Tensor] = []
    hooks = [model.language_model.model.register_forward_pre_hook(lambda _, given: sequences.append(given[0]))]
    if not model.config.speaks:
        hooks.append(model.action_head.register_forward_pre_hook(lambda _, given: slots.append(given[0])))
    try:
        decoded = decode(model, seen, proprio, prompt, _noise(case, query, model))
    finally:
        for hook in hooks:
            hook.remove()
    behind = 1 + seen.shape[1]
    steps = {"action_hidden_states": slots or [decoded.hidden]}
    if sequences:
        steps["lm_inputs_embeds_after_patches"] = [sequence[:, behind:] for sequence in sequences]
    return decoded, steps


def _action_arrays(policy: OftPolicy, decoded: Decoded) -> dict[str, Tensor | np.ndarray]:
    rows = decoded.actions[0].float().cpu().numpy()
    arrays: dict[str, Tensor | np.ndarray] = {"normalized_actions": rows}
    arrays["actions"] = unnormalize_actions(rows, policy.statistics)
    if decoded.tokens is not None:
        arrays["predicted_token_ids"] = decoded.tokens
    return arrays


def _state(case: Case, query: CaseQuery) -> np.ndarray:
    state = case.expected.get(query.prefix + "state_raw")
    if state is None or state.shape != (case.facts.proprio_dim,):
        found = "no such array" if state is None else f"shape {list(state.shape)}"
        raise InvalidCase(case.directory, f"{query.prefix}state_raw: {found}", f"{case.facts.proprio_dim} joints")
    return state


def _noise(case: Case, query: CaseQuery, model: OftModel) -> Tensor | None:
    if case.facts.head != "diffusion":
        return None
    shape = 1, case.facts.chunk_length, case.facts.action_dim
    noise = case.expected.get(query.prefix + "diffusion_noise")
    if noise is None or noise.size != np.prod(shape):
        found = "no such array" if noise is None else f"shape {list(noise.shape)}"
        raise InvalidCase(case.directory, f"{query.prefix}diffusion_noise: {found}", f"shape {list(shape)}")
    return torch.from_numpy(noise.astype(np.float32).reshape(shape))


def _array(value: Tensor | np.ndarray) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    return value.detach().cpu().float().numpy() if value.is_floating_point() else value.cpu().numpy()
