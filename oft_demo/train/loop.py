"""The training loop: two stages, one schedule, checkpoints from which a run continues to the same loss."""

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float32
from torch import Tensor, nn

from oft_demo.policy import OftConfig, OftModel
from oft_demo.policy import checkpoint as policy_checkpoint
from oft_demo.train import checkpoint, metrics
from oft_demo.train.batches import Batch, BatchSource
from oft_demo.train.cache import FrameCache
from oft_demo.train.export import export_policy, sized, statistics_of, tokenizer_of
from oft_demo.train.grounding import GroundingHeads, GroundingLoss
from oft_demo.train.metrics import Metrics
from oft_demo.train.optimizer import WeightAverage, make_optimizer, rate_at
from oft_demo.train.recipe import TrainSettings
from oft_demo.train.validate import validated

LOSS_NAMES = ("loss", "imitation", "patch", "position", "patch_accuracy", "position_error_cm")
GROUNDING_POSITION_WEIGHT = 0.5  # in stage 1, beside a cross-entropy of weight 1


@dataclass(frozen=True)
class Progress:
    """Where a run is after a step."""

    step: int
    total_steps: int | None  # None: the budget is time
    stage: str
    losses: Mapping[str, float]  # of this step
    samples_per_second: float
    eta_s: float
    metrics: Metrics | None = None  # on steps that validated
    saved: bool = False


class Learner(nn.Module):
    """Everything that is trained: the policy's model and the auxiliary heads beside it."""

    def __init__(self, model: OftModel, heads: GroundingHeads):
        super().__init__()
        self.model = model
        self.heads = heads


def row_profile(rows: int, settings: TrainSettings) -> Float32[Tensor, " k"]:
    """The weight of each row of a chunk: rows that are never executed count less."""
    profile = torch.full((rows,), settings.late_row_weight)
    profile[: settings.replan_after] = 1.0
    return profile


def imitation_loss(
    predicted: Float32[Tensor, "b k d"], batch: Batch, profile: Float32[Tensor, " k"]
) -> Float32[Tensor, ""]:
    """OFT's mean |a - â| in normalised units, over the rows that are demonstrations."""
    weights = batch.row_weight * profile
    distance = (predicted.float() - batch.actions).abs().mean(-1)
    return (distance * weights).sum() / weights.sum().clamp(min=1e-6)


def total_loss(imitation: Tensor, grounding: GroundingLoss, stage: str, settings: TrainSettings) -> Float32[Tensor, ""]:
    """Weigh the terms of a stage."""
    if stage == "grounding":
        located = grounding.patch + GROUNDING_POSITION_WEIGHT * grounding.position
        return located + settings.grounding_imitation_weight * imitation
    return imitation + settings.patch_weight * grounding.patch + settings.position_weight * grounding.position


def half_precision(device: torch.device) -> AbstractContextManager[object]:
    """Autocast to bf16 where that is faster: on CUDA, and on CPUs that multiply bf16 in hardware."""
    if device.type == "cuda":
        return torch.autocast("cuda", torch.bfloat16)
    full, half = torch.randn(256, 256), torch.randn(256, 256).bfloat16()
    seconds = {}
    for name, matrix in (("full", full), ("half", half)):
        started = time.perf_counter()
        for _ in range(2):  # without bf16 instructions one product takes a hundred times longer
            _ = matrix @ matrix
        seconds[name] = time.perf_counter() - started
    faster = seconds["half"] < 0.6 * seconds["full"]  # casts cost something too
    return torch.autocast("cpu", torch.bfloat16) if faster else nullcontext()


class Run:
    """The state of one training run."""

    def __init__(
        self, settings: TrainSettings, cache: FrameCache, out: Path, config: OftConfig, start: Path | None = None
    ):
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.settings, self.cache, self.out, self.start = settings, cache, out, start
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.tokenizer = tokenizer_of(cache)
        # What the weights of another round mean depends on the statistics they were trained with.
        self.statistics = statistics_of(cache) if start is None else policy_checkpoint.read(start / "policy").statistics
        self.config = sized(config, self.tokenizer)
        self.source = BatchSource(cache, self.tokenizer, self.statistics, settings)
        self.learner = self._new_learner()
        if start is not None:
            checkpoint.load_weights(start / "training.pt", self.learner)
        self.averaged = self._new_learner().eval()  # holds the averaged weights while validating and saving
        self.optimizer = make_optimizer(self.learner, settings)
        self.average = WeightAverage(self.learner, settings.average_decay)
        self.profile = row_profile(cache.chunks.shape[1], settings).to(self.device)
        self.step = 0
        self.elapsed_s = 0.0

    def _new_learner(self) -> Learner:
        positions = torch.from_numpy(self.cache.positions).flatten(0, 1)
        heads = GroundingHeads(self.config.width, self.cache.seen.shape[2], positions)
        return Learner(OftModel(self.config), heads).to(self.device)

    @property
    def done(self) -> float:
        """The share of the budget that is spent, 0..1."""
        if self.settings.minutes is not None:
            return self.elapsed_s / (60 * self.settings.minutes)
        return self.step / max(self.settings.total_steps, 1)

    @property
    def finished(self) -> bool:
        """Whether the budget is spent or the round ends here."""
        return self.done >= 1 or self.step == self.settings.stop_after

    @property
    def stage(self) -> str:
        """The stage that the next step belongs to."""
        share = self.settings.grounding_steps / max(self.settings.total_steps, 1)
        return "grounding" if self.done < share else "imitation"

    def advance(self, precision: AbstractContextManager[object]) -> dict[str, float]:
        """Take one optimiser step; returns the values of LOSS_NAMES."""
        stage = self.stage
        batch = (self.source.grounding if stage == "grounding" else self.source.imitation)(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.step, self.done, self.settings)
        self.learner.train()
        imitation, grounding = self.losses(self.learner, batch.to(self.device), precision)
        loss = total_loss(imitation, grounding, stage, self.settings)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.learner.parameters(), self.settings.gradient_clip)
        self.optimizer.step()
        self.average.update(self.learner)
        self.step += 1
        terms = (loss, imitation, grounding.patch, grounding.position, grounding.right, grounding.error_cm)
        return dict(zip(LOSS_NAMES, torch.stack([term.detach() for term in terms]).tolist(), strict=True))

    def losses(
        self, learner: Learner, batch: Batch, precision: AbstractContextManager[object]
    ) -> tuple[Tensor, GroundingLoss]:
        """The imitation loss and what the auxiliary heads say."""
        with precision:
            output = learner.model(batch.pixels, batch.proprio, batch.tokens)
        grounding = learner.heads(output.patches, output.slots, batch)
        return imitation_loss(output.actions, batch, self.profile), grounding

    def load_average(self) -> Learner:
        """The learner with the averaged weights."""
        self.averaged.load_state_dict(self.average.weights)
        return self.averaged

    def save(self) -> None:
        """Write the training checkpoint and, from the averaged weights, the policy."""
        checkpoint.save(self.out / "training.pt", self)
        export_policy(self.out / "policy", self)

    def resume(self) -> None:
        """Continue from the checkpoint in `out`, if there is one."""
        path = self.out / "training.pt"
        if path.exists():
            checkpoint.load(path, self)
        metrics.drop_after(self.out / "metrics.csv", self.step)


def train(
    settings: TrainSettings,
    cache: FrameCache,
    out: Path,
    config: OftConfig,
    resume: bool = True,
    start: Path | None = None,
) -> Iterator[Progress]:
    """Train a policy into `out`: policy/ (the averaged weights), training.pt, metrics.csv and metrics.html.

    `start` is the directory of an earlier run whose averaged weights and statistics this one begins with.
    """
    run = Run(settings, cache, out, config, start)
    out.mkdir(parents=True, exist_ok=True)
    if resume:
        run.resume()
    precision = half_precision(run.device)
    saved_at = reported_at = time.monotonic()
    recent = list[dict[str, float]]()
    while not run.finished:
        started, stage = time.monotonic(), run.stage
        losses = run.advance(precision)
        recent.append(losses)
        run.elapsed_s += time.monotonic() - started
        rate, eta = _pace(run, recent, time.monotonic() - reported_at)
        finished = run.finished
        row = None
        if finished or run.step % settings.validate_every == 0:
            row = validated(run, stage, recent, rate, eta, precision)
            metrics.append(out / "metrics.csv", row)
            metrics.plot(out / "metrics.csv", out / "metrics.html")
            recent, reported_at = [], time.monotonic()
        due = finished or time.monotonic() - saved_at > 60 * settings.save_minutes
        if due:
            run.save()
            saved_at = time.monotonic()
        total = None if settings.minutes is not None else settings.total_steps
        yield Progress(run.step, total, stage, losses, rate, eta, row, due)


def _pace(run: Run, recent: list[dict[str, float]], seconds: float) -> tuple[float, float]:
    """Samples a second since the last report, and the seconds that are left."""
    rate = len(recent) * run.settings.batch_size / max(seconds, 1e-9)
    if run.settings.minutes is not None:
        return rate, max(0.0, 60 * run.settings.minutes - run.elapsed_s)
    return rate, (run.settings.total_steps - run.step) * run.settings.batch_size / max(rate, 1e-9)
