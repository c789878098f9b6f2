"""The tasks as gymnasium environments, with gym-aloha's observation keys."""

from typing import Any

import gymnasium
import numpy as np

from .env import make_env

IDS = {
    "put_x_into_pot": "oft_demo/PutXIntoPot-v0",
    "transfer_cube": "oft_demo/TransferCube-v0",
    "insertion": "oft_demo/Insertion-v0",
}
OBSERVATION_TYPES = ("pixels", "pixels_agent_pos")
SUCCESS_REWARD = 4


class AlohaGymnasium(gymnasium.Env[dict[str, Any], np.ndarray]):
    """One control step of 20 ms a call; reward is the stage reached, 0..4, and 4 ends the episode.

    Unlike gym-aloha's, the action space is the actuators' true range, and only the asked cameras are drawn.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 50}  # noqa: RUF012  gymnasium's own form

    def __init__(
        self,
        task: str,
        obs_type: str = "pixels_agent_pos",
        render_mode: str | None = "rgb_array",
        cameras: tuple[str, ...] = ("top",),
        observation_width: int = 640,
        observation_height: int = 480,
    ):
        if obs_type not in OBSERVATION_TYPES:
            raise ValueError(f"obs_type is {obs_type!r}; choose one of {OBSERVATION_TYPES}.")
        self.render_mode = render_mode
        self._obs_type = obs_type
        self._cameras = cameras
        self.env = make_env(task, (observation_height, observation_width))
        limits = self.env.joint_limits.astype(np.float32)
        self.action_space = gymnasium.spaces.Box(limits[:, 0], limits[:, 1], dtype=np.float32)
        shape = (observation_height, observation_width, 3)
        pixels = gymnasium.spaces.Dict({name: gymnasium.spaces.Box(0, 255, shape, np.uint8) for name in cameras})
        joints = gymnasium.spaces.Box(-1000.0, 1000.0, (14,), np.float64)
        self.observation_space = (
            pixels if obs_type == "pixels" else gymnasium.spaces.Dict({"pixels": pixels, "agent_pos": joints})
        )

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        """Start the scene of a seed; without one, of a drawn seed. `options["instruction"]` names another object."""
        super().reset(seed=seed)
        self.env.reset(seed if seed is not None else int(self.np_random.integers(2**31)))
        if options and "instruction" in options:
            self.env.assign(options["instruction"])
        return self._observation(), self._info()

    def step(self, action: np.ndarray):
        """Hold 14 absolute joint targets for 20 ms."""
        self.env.apply(action)
        reward = float(self.env.score().reward)
        return self._observation(), reward, reward == SUCCESS_REWARD, False, self._info()

    def render(self):
        """The display camera, uint8 (480, 640, 3)."""
        return self.env.display() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Free the simulation."""
        self.env.close()

    def _observation(self) -> dict[str, Any]:
        observation = self.env.observe(self._cameras)
        pixels = dict(observation.images)
        if self._obs_type == "pixels":
            return pixels
        return {"pixels": pixels, "agent_pos": observation.joints.astype(np.float64)}

    def _info(self) -> dict[str, Any]:
        score = self.env.score()
        return {"is_success": score.success, "instruction": self.env.instruction, "stage": score.stage}


def register() -> None:
    """Make the ids known to gymnasium.make; calling it again does nothing."""
    for task, name in IDS.items():
        if name not in gymnasium.registry:
            gymnasium.register(
                name,
                entry_point="oft_demo.sim.gymnasium_env:AlohaGymnasium",
                max_episode_steps=600,
                kwargs={"task": task},
            )
