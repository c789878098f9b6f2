"""The recorded official answers, reached again; and mistakes that must not pass."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oft_demo import cli
from oft_demo.parity import compare, compute, load_case, read_case
from oft_demo.parity.case import InvalidCase
from oft_demo.parity.pictures import Start

CASES = Path(__file__).parents[1] / "cases"
NAMES = ("aloha_film", "aloha_nofilm")
every_case = pytest.mark.parametrize("name", NAMES)


def failed(case, policy, start: Start = "crops"):
    findings = compare(case, compute(case, policy, start), start)
    return {finding.name for finding in findings if not finding.passed}


@pytest.fixture
def edited(tmp_path):
    """A copy of a case whose case.json says something else."""

    def edit(name, **changes):
        directory = shutil.copytree(CASES / name, tmp_path / name)
        values = json.loads((directory / "case.json").read_text())
        (directory / "case.json").write_text(json.dumps({**values, **changes}))
        return directory

    return edit


@every_case
@pytest.mark.parametrize("start", ["crops", "png"])
def test_the_recorded_cases_pass(name, start, capsys):
    assert cli.main(["check-parity", str(CASES / name), "--from", start]) == 0
    table = capsys.readouterr().out
    assert "q1_normalized_actions" in table
    assert "OVER" not in table


@every_case
def test_errors_from_crops_stay_far_below_the_gates(name):
    case = read_case(CASES / name)
    errors = {
        finding.name: finding.error / finding.gate
        for finding in compare(case, compute(case, load_case(case), "crops"), "crops")
        if finding.gate > 0
    }
    assert max(errors.values()) < 0.5, max(errors, key=errors.__getitem__)


def test_what_was_computed_is_written_under_the_recorded_names(tmp_path, capsys):
    out = tmp_path / "computed.npz"
    assert cli.main(["check-parity", str(CASES / "aloha_film"), "--from", "png", "--json", "--out", str(out)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["passed"] is True
    assert {"array", "max_error", "gate", "passed", "note"} == set(report["arrays"][0])
    with np.load(out, allow_pickle=False) as found, np.load(CASES / "aloha_film" / "expected_fp32.npz") as expected:
        for name in set(expected.files) - {name for name in expected.files if name.endswith("state_raw")}:
            assert found[name].shape == expected[name].shape, name
        np.testing.assert_allclose(found["q2_normalized_actions"], expected["q2_normalized_actions"], atol=5e-3)


def test_film_switched_off_is_found_out():
    case = read_case(CASES / "aloha_film")
    policy = load_case(case)
    prompt_of = policy.engine.prompt
    policy.engine.prompt = lambda tokens, film_scale=1.0: prompt_of(tokens, 0.0)
    over = failed(case, policy)
    assert {"q0_projected_patches", "q0_normalized_actions", "q2_actions"} <= over


@pytest.mark.parametrize(
    ("changes", "over"),
    [
        ({"center_crop": False}, "q0_cropped_0"),
        ({"lora_alpha": 32}, "q0_projected_patches"),
        ({"normalization": "bounds_q99"}, "q0_actions"),
        ({"llm": {"rms_norm_eps": 1e-4}}, "q0_action_hidden_states"),
    ],
)
def test_a_wrong_fact_about_the_checkpoint_is_found_out(edited, changes, over):
    case = read_case(edited("aloha_film", **changes))
    assert over in failed(case, load_case(case), "png" if "cropped" in over else "crops")


def test_an_array_that_is_not_computed_fails_only_where_it_is_an_answer():
    case = read_case(CASES / "aloha_nofilm")
    computed = compute(case, load_case(case), "crops")
    strange = replace(case, expected={**case.expected, "q0_something_new": np.zeros(3)})
    del computed.arrays["q1_actions"]
    findings = {finding.name: finding for finding in compare(strange, computed, "crops")}
    assert findings["q0_something_new"].passed
    assert findings["q0_something_new"].note == "not computed here"
    assert not findings["q1_actions"].passed


def test_a_wrong_shape_is_over_every_gate():
    case = read_case(CASES / "aloha_nofilm")
    computed = compute(case, load_case(case), "crops")
    computed.arrays["q0_actions"] = computed.arrays["q0_actions"][:-1]
    assert {finding.name for finding in compare(case, computed, "crops") if not finding.passed} == {"q0_actions"}


def test_directories_that_are_no_case_are_refused(tmp_path, edited, capsys):
    assert cli.main(["check-parity", str(tmp_path)]) == 2
    assert "no case.json" in capsys.readouterr().err
    with pytest.raises(InvalidCase, match="head 'telepathy'"):
        read_case(edited("aloha_nofilm", head="telepathy"))


def test_pictures_outside_the_case_are_refused(edited):
    queries = json.loads((CASES / "aloha_nofilm" / "case.json").read_text())["queries"]
    queries[0]["images"][0] = "../../secret.png"
    with pytest.raises(InvalidCase, match="outside the case"):
        read_case(edited("aloha_nofilm", queries=queries))


def test_a_damaged_npz_is_refused(edited):
    directory = edited("aloha_nofilm")
    path = directory / "expected_fp32.npz"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InvalidCase, match="damaged"):
        read_case(directory)
