"""Where objects lie, what instructions name, and how runs are scored."""

import numpy as np
import pytest
from gym_aloha.utils import sample_box_pose, sample_insertion_pose

from oft_demo.errors import InvalidSeed, UnknownName
from oft_demo.sim import make_env, wordings
from oft_demo.sim.scene import POT_INNER_RADIUS, VEGETABLES


@pytest.fixture(scope="module")
def pot_env():
    return make_env("put_x_into_pot")


def test_the_cube_lies_where_gym_aloha_puts_it():
    env = make_env("transfer_cube")
    for seed in (0, 7, 123):
        env.reset(seed)
        assert np.array_equal(env.data.qpos[16:23], sample_box_pose(seed))


def test_peg_and_socket_lie_where_gym_aloha_puts_them():
    env = make_env("insertion")
    env.reset(11)
    assert np.array_equal(env.data.qpos[16:30], np.concatenate(sample_insertion_pose(11)))


def test_vegetables_lie_apart_from_each_other_and_outside_the_pot(pot_env):
    for seed in range(30):
        pot_env.reset(seed)
        places = [place[:2] for place in pot_env.object_positions().values()]
        pot = pot_env.data.mocap_pos[0][:2]
        assert all(np.linalg.norm(place - pot) > POT_INNER_RADIUS + 0.03 for place in places)
        assert all(np.linalg.norm(places[i] - places[j]) > 0.10 for i, j in ((0, 1), (0, 2), (1, 2)))


def test_the_place_of_an_object_does_not_tell_whether_it_is_named(pot_env):
    named_side = {label: [] for label in VEGETABLES}
    for seed in range(300):
        pot_env.reset(seed)
        named = wordings.named_object("put_x_into_pot", pot_env.instruction)
        for label, place in pot_env.object_positions().items():
            named_side[label].append((place[0] > 0, label == named))
    for pairs in named_side.values():
        right = np.mean([named for on_right, named in pairs if on_right])
        left = np.mean([named for on_right, named in pairs if not on_right])
        assert abs(right - left) < 0.17  # three standard errors of a difference of two halves of 300


@pytest.mark.parametrize("label", VEGETABLES)
def test_every_wording_names_its_object_and_no_other(label):
    texts = (*wordings.training("put_x_into_pot", label), *wordings.held_out("put_x_into_pot", label))
    assert all(wordings.named_object("put_x_into_pot", text) == label for text in texts)
    assert all(wordings.named_object("put_x_into_pot", text.upper()) == label for text in texts)


def test_there_are_twelve_training_wordings_and_none_is_held_out():
    for task, label in (*(("put_x_into_pot", label) for label in VEGETABLES), ("transfer_cube", None)):
        training = set(wordings.training(task, label))
        assert len(training) >= 12
        assert not training & set(wordings.held_out(task, label))


def test_two_objects_in_one_sentence_name_neither():
    assert wordings.named_object("put_x_into_pot", "put the red pepper and the corn into the pot") is None
    assert wordings.named_object("put_x_into_pot", "do nothing") is None


def test_an_object_laid_into_the_pot_by_hand_is_a_success_only_for_its_own_name(pot_env):
    pot_env.reset(4)
    start = pot_env.model.jnt_qposadr[pot_env.model.joint("yellow_corn_joint").id]
    pot_env.data.qpos[start : start + 3] = [*pot_env.data.mocap_pos[0][:2], 0.03]
    for _ in range(20):
        pot_env.apply(pot_env.commanded())
    pot_env.assign("put the yellow corn into the pot")
    assert pot_env.score().success
    assert pot_env.score().points == 100
    pot_env.assign("put the red pepper into the pot")
    assert not pot_env.score().success


def test_an_unknown_task_is_refused_with_the_ones_that_exist():
    with pytest.raises(UnknownName, match="transfer_cube"):
        make_env("fold_shirt")


@pytest.mark.parametrize("seed", [-1, 2**31, 1.5, "x", float("nan")])
def test_a_seed_out_of_range_is_refused(pot_env, seed):
    with pytest.raises(InvalidSeed):
        pot_env.reset(seed)
