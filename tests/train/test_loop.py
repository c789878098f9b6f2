"""The loop learns, resumes exactly, and exports only the policy."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from oft_demo.errors import InvalidCheckpoint, InvalidData
from oft_demo.policy import load
from oft_demo.train import metrics
from oft_demo.train.batches import Batch
from oft_demo.train.command import TrainOptions, settings_of
from oft_demo.train.loop import Run, imitation_loss, row_profile, train
from oft_demo.train.optimizer import rate_at
from oft_demo.train.recipe import TrainSettings


def losses(steps):
    return [step.losses["loss"] for step in steps]


def test_a_single_batch_is_learnt_by_heart(cache, config, settings, tmp_path):
    settings = replace(settings, grounding_steps=0, imitation_steps=80, learning_rate=8e-3, warmup_steps=10)
    run = Run(settings, cache, tmp_path, config)
    batch = run.source.imitation(0)
    run.source.imitation = lambda step: batch
    found = [run.advance(torch.autocast("cpu", enabled=False)) for _ in range(80)]
    assert found[-1]["imitation"] < 0.3 * found[0]["imitation"]
    assert found[-1]["patch"] < found[0]["patch"]


def test_both_stages_run_and_the_same_seed_gives_the_same_losses(cache, config, settings, tmp_path):
    first = list(train(settings, cache, tmp_path / "a", config))
    second = list(train(settings, cache, tmp_path / "b", config))
    assert [step.stage for step in first] == ["grounding"] * 3 + ["imitation"] * 3
    assert losses(first) == losses(second)
    other = train(replace(settings, seed=1), cache, tmp_path / "c", config)
    assert next(other).losses["loss"] != losses(first)[0]


def test_an_interrupted_run_resumes_to_the_same_loss(cache, config, settings, tmp_path):
    whole = list(train(settings, cache, tmp_path / "whole", config))
    every_step = replace(settings, save_minutes=0.0)
    stopped = train(every_step, cache, tmp_path / "stopped", config)
    before = [next(stopped) for _ in range(4)]
    stopped.close()
    after = list(train(every_step, cache, tmp_path / "stopped", config))
    assert losses([*before, *after]) == losses(whole)
    rows = metrics.read(tmp_path / "stopped" / "metrics.csv")
    assert [int(row["step"]) for row in rows] == [2, 4, 6]


def test_a_finished_run_has_nothing_left_to_do(cache, config, settings, tmp_path):
    list(train(settings, cache, tmp_path, config))
    assert list(train(settings, cache, tmp_path, config)) == []


def test_a_round_can_end_early_and_a_next_one_begins_with_its_averaged_weights(cache, config, settings, tmp_path):
    first = tmp_path / "first"
    *_, last = train(replace(settings, stop_after=4), cache, first, config)
    assert last.step == 4
    assert last.saved
    run = Run(settings, cache, tmp_path / "second", config, start=first)
    weights = load_file(first / "policy" / "model.safetensors")
    assert all(torch.equal(value, weights[name]) for name, value in run.learner.model.state_dict().items())
    assert all(torch.equal(value, weights[name]) for name, value in run.load_average().model.state_dict().items())


def test_other_settings_do_not_resume(cache, config, settings, tmp_path):
    list(train(settings, cache, tmp_path, config))
    with pytest.raises(InvalidCheckpoint, match="learning_rate"):
        list(train(replace(settings, learning_rate=1.0), cache, tmp_path, config))


def test_a_damaged_training_checkpoint_is_refused(cache, config, settings, tmp_path):
    (tmp_path / "training.pt").write_bytes(b"broken")
    with pytest.raises(InvalidCheckpoint, match="cannot be read"):
        list(train(settings, cache, tmp_path, config))


def test_the_policy_loads_and_holds_no_grounding_head(cache, config, settings, tmp_path):
    *_, last = train(settings, cache, tmp_path, config)
    assert last.saved
    names = load_file(tmp_path / "policy" / "model.safetensors")
    assert not [name for name in names if name.startswith(("heads", "score", "nowhere"))]
    policy = load(tmp_path / "policy")
    assert policy.film
    assert policy.replan_after == settings.replan_after
    assert "6 of 4 samples (24 samples)" in policy.card


def test_rows_that_are_no_demonstration_do_not_count():
    target = torch.zeros(2, 5, 14)
    weight = torch.ones(2, 5)
    weight[0, 3:] = 0
    empty = torch.zeros(2, 0)
    batch = Batch(empty, empty, empty, target, weight, empty, empty)
    predicted = torch.zeros(2, 5, 14)
    predicted[0, 3:] = 100
    profile = row_profile(5, TrainSettings(replan_after=2, late_row_weight=0.5))
    assert profile.tolist() == [1, 1, 0.5, 0.5, 0.5]
    assert float(imitation_loss(predicted, batch, profile)) == 0
    predicted[1, 0] = 1
    assert float(imitation_loss(predicted, batch, profile)) == pytest.approx(1 / 6)


def test_a_budget_of_time_ends_the_run(cache, config, settings, tmp_path):
    steps = list(train(replace(settings, minutes=0.01), cache, tmp_path, config))
    assert {step.stage for step in steps} == {"grounding", "imitation"}
    assert steps[-1].total_steps is None
    assert steps[-1].saved


def test_the_learning_rate_warms_up_and_falls_to_its_end():
    settings = TrainSettings(warmup_steps=10, learning_rate=1.0, final_rate=0.02)
    assert rate_at(0, 0.0, settings) == pytest.approx(0.1)
    assert rate_at(100, 0.5, settings) == pytest.approx(0.51)
    assert rate_at(100, 1.0, settings) == pytest.approx(0.02)


def test_options_that_make_no_training_are_refused(tmp_path):
    for change in ({"steps": 0}, {"minutes": -1.0}, {"grounding_share": 2.0}, {"batch_size": 0}):
        with pytest.raises(InvalidData):
            settings_of(TrainOptions(data=tmp_path, out=tmp_path, **change))
    assert settings_of(TrainOptions(data=tmp_path, out=tmp_path)).grounding_steps == 700
