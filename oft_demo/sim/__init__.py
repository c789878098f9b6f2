"""Where policies act: ALOHA in MuJoCo, its tasks, cameras and scripted experts."""

from . import wordings
from .env import AlohaEnv, make_env, objects_of
from .expert import ScriptedExpert, demonstrate, make_expert

TASKS = ("put_x_into_pot", "transfer_cube", "insertion")

__all__ = ["TASKS", "AlohaEnv", "ScriptedExpert", "demonstrate", "make_env", "make_expert", "objects_of", "wordings"]
