"""From a training run to a policy directory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from oft_demo.policy import (
    OftConfig,
    PolicySettings,
    Statistics,
    Tokenizer,
    build_tokenizer,
    save,
)
from oft_demo.train.cache import FrameCache

if TYPE_CHECKING:
    from oft_demo.train.loop import Run

UNNORM_KEY = "oft_demo_aloha"


def tokenizer_of(cache: FrameCache) -> Tokenizer:
    """A tokenizer that knows the wordings of every task and what the episodes say."""
    from oft_demo.sim import TASKS, wordings

    listed = [text for task in TASKS for text in wordings.training(task)]
    return build_tokenizer([*listed, *(episode.instruction for episode in cache.episodes)])


def sized(config: OftConfig, tokenizer: Tokenizer) -> OftConfig:
    """The config with room for the tokenizer's words."""
    return config.with_vocabulary(tokenizer.size, tokenizer.pad_id, tokenizer.stop_id)


def statistics_of(cache: FrameCache) -> Statistics:
    """BOUNDS over all frames, the targets of their chunks included."""
    chunks = cache.chunks.reshape(-1, cache.chunks.shape[-1])
    return replace(Statistics.of(chunks, cache.joints, len(cache.episodes)), transitions=len(cache))


def export_policy(directory: Path, run: Run) -> None:
    """Save the averaged weights as a policy, with a card that says where they come from."""
    fingerprints = sorted({episode.render_fingerprint for episode in run.cache.episodes})
    settings = PolicySettings(
        name=run.out.name,
        unnorm_key=UNNORM_KEY,
        replan_after=run.settings.replan_after,
        render_fingerprint="; ".join(fingerprints),
    )
    save(directory, run.load_average().model, run.config, run.tokenizer, run.statistics, settings, _card(run))


def _card(run: Run) -> str:
    episodes, settings, config = run.cache.episodes, run.settings, run.config
    counts = ", ".join(
        f"{task}: {sum(episode.task == task for episode in episodes)}" for task in sorted({e.task for e in episodes})
    )
    kind = "OpenVLA-OFT+ policy (FiLM)" if config.film else "OpenVLA-OFT policy without FiLM"
    samples = run.step * settings.batch_size
    return f"""# {run.out.name}

A small {kind}: {run.learner.model.parameter_count:,} parameters;
three {config.image_size}x{config.image_size} pictures, {config.proprio_dim} joints and an instruction in,
{config.chunk_length} rows of joint targets out.

- Data: {len(episodes)} scripted expert episodes with execution noise ({counts}), {len(run.cache):,} frames.
- Steps: {run.step:,} of {settings.batch_size} samples ({samples:,} samples): {settings.grounding_steps} steps of
  grounding, then imitation{_before(run)}.
- Time: {run.elapsed_s / 3600:.2f} hours on {settings.threads} {run.device.type} thread(s); seed {settings.seed}.
- Pictures: {"; ".join(sorted({episode.render_fingerprint for episode in episodes}))}
- Words it knows: {", ".join(run.tokenizer.words)}

Grounding labels (where the named object is) come from the simulator and are used in training only. When it acts,
the policy sees three pictures, the joints and the text. Unlike OFT's recipe there is no random crop, and so no centre
crop when acting: the cameras are fixed and a crop would blur where things are.
"""


def _before(run: Run) -> str:
    if run.start is None:
        return ""
    return f"; they go on from the {run.start.name} of an earlier round ({run.start.parent.name})"
