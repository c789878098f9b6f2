"""Which statistics an official policy acts with."""

import json
from dataclasses import replace

import numpy as np
import pytest

from oft_demo.errors import InvalidCheckpoint
from oft_demo.policy.official.statistics import read_statistics

FILE = "dataset_statistics.json"
KEY = "aloha1_put_X_into_pot_300_demos"


def double(values):
    values["another"] = values[KEY]


def test_the_only_entry_needs_no_name(film_case):
    entry = read_statistics(film_case.directory, film_case.facts)
    assert (entry.key, entry.file) == (KEY, FILE)
    assert entry.statistics.kind == "bounds"
    assert entry.statistics.trajectories > 0
    quantiles = read_statistics(film_case.directory, replace(film_case.facts, normalization="bounds_q99"))
    assert quantiles.statistics.kind == "bounds_q99"


def test_several_entries_need_one(film_case):
    film_case.edit(FILE, double)
    with pytest.raises(
        InvalidCheckpoint, match=rf'with 2 entries; expected to be told one of {KEY}, another.*"unnorm_key"'
    ):
        read_statistics(film_case.directory, film_case.facts)
    chosen = replace(film_case.facts, unnorm_key="another")
    assert read_statistics(film_case.directory, chosen).key == "another"


def test_a_wrong_name_lists_the_right_ones(film_case):
    film_case.edit(FILE, double)
    with pytest.raises(InvalidCheckpoint, match=f"without the unnorm_key 'libero'; expected one of {KEY}, another"):
        read_statistics(film_case.directory, replace(film_case.facts, unnorm_key="libero"))


def test_those_in_the_config_do_where_there_is_no_file(film_case):
    path = film_case.directory / FILE
    values = json.loads(path.read_text())
    path.unlink()
    with pytest.raises(InvalidCheckpoint, match=f"no {FILE} and nothing in config.json's norm_stats"):
        read_statistics(film_case.directory, film_case.facts)
    film_case.edit("config.json", lambda config: config.update(norm_stats={"base": values[KEY]}))
    entry = read_statistics(film_case.directory, film_case.facts)
    assert (entry.key, entry.file) == ("base", "config.json (norm_stats)")


def test_counts_may_be_missing(film_case):
    film_case.edit(FILE, lambda values: [values[KEY].pop(name) for name in ("num_transitions", "num_trajectories")])
    assert read_statistics(film_case.directory, film_case.facts).statistics.transitions == 0
    assert "how many transitions is not said" in film_case.read().card


def test_a_policy_that_reads_no_joints_needs_no_statistics_of_them(film_case):
    film_case.edit(FILE, lambda values: values[KEY].pop("proprio"))
    with pytest.raises(InvalidCheckpoint, match="without 'proprio'"):
        read_statistics(film_case.directory, film_case.facts)
    blind = replace(film_case.facts, proprio=False)
    bounds = read_statistics(film_case.directory, blind).statistics.proprio
    assert bounds.mask.shape == (14,)
    assert not bounds.mask.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: e["action"]["min"].pop(), "rows of different lengths"),
        (lambda e: [row.pop() for row in e["action"].values()], "action has 13 dimensions, not 14"),
        (lambda e: [row.pop() for row in e["proprio"].values()], "proprio has 13 dimensions, not 14"),
        (lambda e: e["action"].pop("max"), "without 'max'"),
        (lambda e: e["action"]["max"].__setitem__(2, float("nan")), "the range of action is none"),
        (lambda e: e["proprio"]["min"].__setitem__(2, 1e9), "the range of proprio is none"),
        (lambda e: e.update(action=[1, 2]), "does not fit"),
        (lambda e: e.update(num_transitions="many"), "does not fit"),
    ],
)
def test_statistics_that_do_not_fit_are_named(film_case, change, message):
    film_case.edit(FILE, lambda values: change(values[KEY]))
    with pytest.raises(InvalidCheckpoint, match=message):
        read_statistics(film_case.directory, film_case.facts)


def test_an_entry_must_be_one(film_case):
    film_case.edit(FILE, lambda values: values.update({KEY: 3}))
    with pytest.raises(InvalidCheckpoint, match="it is a int"):
        read_statistics(film_case.directory, film_case.facts)


def test_masked_values_pass_through(write):
    mask = write(preset="libero").read().statistics.action.mask
    assert mask.tolist() == [True] * 6 + [False]
    assert np.asarray(write("aloha").read().statistics.action.mask).all()
