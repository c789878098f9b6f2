# mujoco builds its names in compiled modules that carry no type information.
from typing import Any

def __getattr__(name: str) -> Any: ...
