"""The tasks as gymnasium sees them."""

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env

from oft_demo.sim.gymnasium_env import IDS, register


@pytest.mark.parametrize("task", IDS)
def test_every_task_passes_the_gymnasium_checker(task):
    register()
    env = gymnasium.make(IDS[task], observation_width=64, observation_height=48)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


def test_observations_carry_the_keys_of_gym_aloha():
    register()
    env = gymnasium.make(IDS["transfer_cube"], observation_width=64, observation_height=48)
    observation, info = env.reset(seed=3)
    assert set(observation) == {"pixels", "agent_pos"}
    assert observation["pixels"]["top"].shape == (48, 64, 3)
    assert observation["agent_pos"].shape == (14,)
    assert info["is_success"] is False
    env.close()


def test_an_unknown_observation_type_is_refused_with_the_choices():
    register()
    with pytest.raises(ValueError, match="pixels_agent_pos"):
        gymnasium.make(IDS["transfer_cube"], obs_type="state")
