"""What the 3D view loads once: the geometry of a task's scene, under an address that changes with its bytes."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from oft_demo.sim import scene
from oft_demo.sim.geometry import Glb, scene_glb

# Further back than the display camera, so that both arms are whole in a wide picture.
VIEW = {"eye": (0.0, -0.46, 0.82), "target": (0.0, 0.5, 0.11), "fovy": 46}


@dataclass(frozen=True)
class Scene:
    """A scene as the browser draws it."""

    task: str
    glb: Glb
    bodies: tuple[str, ...]  # in the order of the poses

    @property
    def url(self) -> str:
        """Where the page finds the geometry; a browser may keep what it got from there for ever."""
        return f"/studio/scenes/{self.task}-{self.glb.digest}.glb"

    def described(self, epoch: int) -> dict[str, Any]:
        """What the page is told of it."""
        return {"task": self.task, "url": self.url, "epoch": epoch, "bodies": self.bodies, "view": VIEW}


@cache
def scene_of(task: str) -> Scene:
    """The scene of a task; it never changes, so it is made once."""
    model = scene.build(task)
    return Scene(task, scene_glb(model), tuple(model.body(index).name for index in range(1, model.nbody)))
