"""Where policies act: ALOHA in MuJoCo, its tasks, cameras and scripted experts."""

from . import wordings
from .env import AlohaEnv, make_env, objects_of

TASKS = ("put_x_into_pot", "transfer_cube", "insertion")

__all__ = ["TASKS", "AlohaEnv", "make_env", "objects_of", "wordings"]
