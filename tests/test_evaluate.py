"""Counts, intervals, seeds and the command lines that report them."""

import json

import pytest

from oft_demo import evaluate, rollout_command, sim
from oft_demo.cli import main
from oft_demo.errors import InvalidSeed, UnknownName
from oft_demo.evaluate import InvalidSeeds, SeedResult, mcnemar, parse_seeds, wilson


def result(seed, success=True, followed=True, named="red pepper"):
    stage = "in the pot" if success else "picked it up"
    points, first = (100.0 if success else 50.0), (named if followed else "yellow corn")
    return SeedResult(
        seed, f"cook the {named}", success, points, stage, followed, first, named, 200, 4.0, 8, 12.0, 20.0
    )


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (8, 10, 0.4902, 0.9433), (170, 200, 0.7939, 0.8929), (0, 0, 0, 1)],
)
def test_wilson_gives_the_published_intervals(successes, n, low, high):
    assert wilson(successes, n) == pytest.approx((low, high), abs=1e-4)


def test_mcnemar_is_the_exact_sign_test_of_the_seeds_that_differ():
    first = [True] * 8 + [False] * 1 + [True] * 5
    second = [False] * 8 + [True] * 1 + [True] * 5
    assert mcnemar(first, second) == pytest.approx(2 * (1 + 9) / 2**9)
    assert mcnemar([True, False], [True, False]) == 1.0
    assert mcnemar([True, False], [False, True]) == 1.0


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("5", [5]), ("1,2,7", [1, 2, 7]), ("20000-20003", [20000, 20001, 20002, 20003]), (" 3 , 1-2,3", [3, 1, 2])],
)
def test_seeds_are_read_as_people_write_them(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "5-", "-5", "9-3", "1,,2", "0-100000"])
def test_seeds_that_make_no_sense_are_refused_with_the_forms_that_do(text):
    with pytest.raises(InvalidSeeds, match="20000-20199"):
        parse_seeds(text)


@pytest.mark.parametrize("text", ["five", "1.5", "99999999999"])
def test_a_seed_that_is_no_whole_number_in_range_is_refused(text):
    with pytest.raises(InvalidSeed):
        parse_seeds(text)


@pytest.mark.parametrize("rows", ["-3", "1001"])
def test_rows_that_cannot_be_carried_out_are_refused(rows, capsys):
    assert main(["evaluate", "--seeds", "5", "--replan-after", rows]) != 0
    assert "whole number from 1" in capsys.readouterr().err


def test_the_report_counts_each_object_and_lists_failures_with_their_seeds():
    results = [result(1), result(2, success=False, followed=False), result(3, named="yellow corn")]
    text = evaluate.report("title", results)
    assert "success, red pepper" in text
    assert "2/3" in text
    (failure,) = [line for line in text.splitlines() if line.strip().startswith("2 ")]
    assert "picked it up" in failure
    assert evaluate.summary(results)["success"]["count"] == 2


def test_held_out_wordings_are_drawn_for_the_object_of_the_seed():
    job = evaluate.Job("expert", "put_x_into_pot", wordings="held_out")
    env = sim.make_env(job.task)
    env.reset(11)
    named = env.score().named_object
    first, second = (evaluate._instruction(job, env, 11) for _ in range(2))
    env.close()
    assert first == second
    assert first in sim.wordings.held_out(job.task, named)


def test_the_expert_is_evaluated_without_pictures():
    (outcome,) = evaluate.evaluate("expert", "put_x_into_pot", [20000])
    assert outcome.success
    assert outcome.followed
    assert outcome.seed == 20000


def test_an_unknown_policy_is_refused_with_those_that_exist():
    with pytest.raises(UnknownName, match="expert"):
        list(evaluate.evaluate("nobody", "put_x_into_pot", [1]))


def test_a_rollout_ends_with_one_line_of_json(capsys):
    assert main(["rollout", "--policy", "expert", "--seed", "20001", "--json"]) == 0
    values = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert values["seed"] == 20001
    assert values["success"] is True
    assert values["language_following"] is True
    assert values["score"] == 100
    assert {"instruction", "steps", "chunks", "policy_latency_ms"} <= set(values)


def test_an_evaluation_ends_with_one_line_of_json(capsys):
    assert main(["evaluate", "--policy", "expert", "--seeds", "20000,20001", "--json"]) == 0
    values = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert values["n"] == 2
    assert [each["seed"] for each in values["results"]] == [20000, 20001]


def test_a_rollout_can_be_filmed(tmp_path):
    job = evaluate.Job("expert", "put_x_into_pot", max_steps=6)
    env = sim.make_env(job.task, image_size=(48, 64))
    actor = evaluate.open_actor(job.policy, env)
    film = tmp_path / "films" / "short.mp4"
    evaluate.run_seed(job, env, actor, 1, film)
    env.close()
    assert film.stat().st_size > 1000


def test_an_instruction_of_a_rollout_is_checked_before_anything_runs(capsys):
    options = rollout_command.RolloutOptions(policy="expert", instruction="   ")
    with pytest.raises(Exception, match="instruction is empty"):
        rollout_command.main(options)
