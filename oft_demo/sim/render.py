"""Pictures of a scene: one thread owns the OpenGL context, whoever asks."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import mujoco
import numpy as np

from ..errors import MissingSystemLibrary
from ..types import Image

BACKENDS = ("egl", "osmesa")
SYSTEM_PACKAGES = "libegl1 libgl1 libgl1-mesa-dri libosmesa6"
HIDDEN_GROUP = 5  # of geoms: what a camera cannot see is put there while it draws
NEAR_PLANE = 0.01  # as a share of the scene's extent
CAMERA_SIZE_LIMIT = (960, 1280)  # [pixels] the off-screen buffer


class CameraRig:
    """Draws cameras of one model; safe to call from any thread, one call at a time."""

    def __init__(self, model: mujoco.MjModel):
        self._model = model
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="camera")
        self._thread.submit(self._open).result()

    def render(self, data: mujoco.MjData, camera: str, size: tuple[int, int]) -> Image:
        """One camera as uint8 (height, width, 3) RGB."""
        return self._thread.submit(self._draw, data, camera, size).result()

    def close(self) -> None:
        """Free the OpenGL context in the thread that owns it."""
        self._thread.submit(self._free).result()
        self._thread.shutdown()

    def _open(self) -> None:
        self._context = _open_context(*reversed(CAMERA_SIZE_LIMIT))
        self._model.vis.global_.offheight, self._model.vis.global_.offwidth = CAMERA_SIZE_LIMIT
        # Shadows and multisampling are two thirds and a further quarter of the cost of a picture.
        self._model.vis.quality.shadowsize = 0
        self._model.vis.quality.offsamples = 0
        # gym-aloha's near plane (a tenth of the scene) would cut away what a wrist camera sees between the fingers.
        self._model.vis.map.znear = NEAR_PLANE
        self._scene = mujoco.MjvScene(self._model, maxgeom=400)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        self._option = mujoco.MjvOption()
        self._option.geomgroup[HIDDEN_GROUP] = 0
        self._groups = self._model.geom_group.copy()
        self._gl = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._gl)

    def _draw(self, data: mujoco.MjData, camera: str, size: tuple[int, int]) -> Image:
        height, width = size
        self._model.geom_group[:] = np.where(self._in_view(data, camera, width / height), self._groups, HIDDEN_GROUP)
        view = mujoco.MjvCamera()
        view.type = mujoco.mjtCamera.mjCAMERA_FIXED
        view.fixedcamid = self._model.camera(camera).id
        mujoco.mjv_updateScene(
            self._model, data, self._option, None, view, mujoco.mjtCatBit.mjCAT_ALL.value, self._scene
        )
        rectangle = mujoco.MjrRect(0, 0, width, height)
        mujoco.mjr_render(rectangle, self._scene, self._gl)
        picture = np.empty((height, width, 3), dtype=np.uint8)
        mujoco.mjr_readPixels(picture, None, rectangle, self._gl)
        return np.ascontiguousarray(picture[::-1])

    def _in_view(self, data: mujoco.MjData, camera: str, aspect: float) -> np.ndarray:
        """Which geoms' bounding spheres reach into a camera's view: the robot's meshes cost more than the pixels."""
        view = data.camera(camera)
        right, up, back = ((data.geom_xpos - view.xpos) @ view.xmat.reshape(3, 3)).T
        radius = self._model.geom_rbound
        half_height = np.radians(self._model.camera(camera).fovy[0]) / 2
        inside = -back > -radius
        for sideways, half_angle in ((up, half_height), (right, np.arctan(np.tan(half_height) * aspect))):
            inside &= np.abs(sideways) * np.cos(half_angle) + back * np.sin(half_angle) < radius
        return inside

    def _free(self) -> None:
        self._model.geom_group[:] = self._groups
        self._gl.free()
        self._context.free()


def fingerprint(model: mujoco.MjModel, size: tuple[int, int]) -> str:
    """What a picture depends on beside the state: MuJoCo, GL backend, quality, cameras, lights and size."""
    digest = hashlib.sha256()
    for values in (model.cam_pos, model.cam_quat, model.cam_fovy, model.light_pos, model.light_dir, model.geom_rgba):
        digest.update(np.ascontiguousarray(np.round(values, 6)).tobytes())
    backend = os.environ.get("MUJOCO_GL", "")
    return f"mujoco-{mujoco.__version__} {backend} shadows-off msaa-0 {size[1]}x{size[0]} {digest.hexdigest()[:12]}"


def _open_context(width: int, height: int) -> Any:
    backend = choose_backend()
    try:
        context = import_module(f"mujoco.{backend}").GLContext(width, height)
    except Exception as error:
        raise _missing_gl() from error
    context.make_current()
    return context


def choose_backend() -> str:
    """EGL, else OSMesa: the first that opens a context, tried in a process of its own and then remembered.

    A process can load only one of the two, so a failed attempt here would spoil the next one.
    """
    chosen = os.environ.get("MUJOCO_GL", "").lower()
    if chosen in BACKENDS:
        return chosen
    for backend in BACKENDS:
        program = f"from mujoco.{backend} import GLContext; GLContext(64, 64).make_current()"
        environment = {**os.environ, "MUJOCO_GL": backend, "PYOPENGL_PLATFORM": backend}
        if subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True).returncode == 0:
            os.environ["MUJOCO_GL"] = backend
            os.environ["PYOPENGL_PLATFORM"] = backend
            return backend
    raise _missing_gl()


def _missing_gl() -> MissingSystemLibrary:
    return MissingSystemLibrary(
        "A working OpenGL library (EGL or OSMesa)", f"apt-get update && apt-get install -y {SYSTEM_PACKAGES}"
    )
