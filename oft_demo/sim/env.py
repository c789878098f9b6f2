"""A simulated ALOHA with one task: acting and seeing, apart from each other."""

import mujoco
import numpy as np
from jaxtyping import Float32, Float64

from ..errors import InvalidData, UnknownName, checked_seed
from ..types import CAMERAS, CONTROL_HZ, JOINT_COUNT, Image, Observation, Score
from . import robot, scene
from .poses import Kinematics, body_poses
from .render import CameraRig, choose_backend, fingerprint
from .tasks import PROGRESS_SIZE, SETTLE_STEPS, Progress, Task, all_tasks

STATE = mujoco.mjtState.mjSTATE_INTEGRATION
PHYSICS_STEPS = 10  # of 2 ms in one control step of 20 ms


class AlohaEnv:
    """An Env on native MuJoCo; use it from one thread at a time."""

    def __init__(self, task: Task, image_size: tuple[int, int] = (240, 320)):
        self._task = task
        self.model = scene.build(task.name)
        self.data = mujoco.MjData(self.model)
        self.image_size = image_size
        self._rig: CameraRig | None = None
        self._kinematics: Kinematics | None = None
        self._progress = Progress()
        self._instruction = ""
        self.reset(0)

    @property
    def task(self) -> str:
        """Name of the task."""
        return self._task.name

    @property
    def instruction(self) -> str:
        """The instruction that is scored."""
        return self._instruction

    @property
    def max_steps(self) -> int:
        """Control steps before a run is given up."""
        return self._task.max_steps

    @property
    def joint_limits(self) -> Float64[np.ndarray, "14 2"]:
        """Lowest and highest target of each joint."""
        return robot.joint_limits(self.model)

    @property
    def fingerprint(self) -> str:
        """The render settings that its pictures depend on."""
        choose_backend()
        return fingerprint(self.model, self.image_size)

    def reset(self, seed: int) -> None:
        """The scene of this seed, the arms at the start pose, the instruction drawn from the seed."""
        seed = checked_seed(seed)
        mujoco.mj_resetData(self.model, self.data)
        controls = robot.to_actuators(robot.start_joints())
        self.data.qpos[:16] = controls
        self.data.ctrl[:] = controls
        self._task.place(self.model, self.data, seed)
        if self.task == "put_x_into_pot":
            mujoco.mj_step(self.model, self.data, SETTLE_STEPS)
            self.data.time = 0
        mujoco.mj_forward(self.model, self.data)
        self._progress = Progress()
        self._instruction = self._task.instruction(seed)

    def assign(self, instruction: str) -> None:
        """Score this instruction from now on."""
        self._instruction = instruction

    def observe(self, cameras: tuple[str, ...] = CAMERAS) -> Observation:
        """Joints, clock and the pictures that were asked for."""
        images = {camera: self._render(camera, self.image_size) for camera in cameras}
        return Observation(images, robot.from_positions(self.data.qpos[:16]), float(self.data.time))

    def display(self, camera: str = "display", size: tuple[int, int] = (480, 640)) -> Image:
        """A picture for people."""
        return self._render(camera, size)

    def apply(self, target: Float32[np.ndarray, "14"], dt: float = 1 / CONTROL_HZ) -> None:
        """Hold absolute joint targets for `dt` [s]; targets outside the actuators' range are clipped to it."""
        target = np.asarray(target, dtype=np.float64)
        if target.shape != (JOINT_COUNT,) or not np.isfinite(target).all():
            raise InvalidData(
                f"A joint target must be {JOINT_COUNT} finite numbers; found shape {target.shape} "
                f"with {np.count_nonzero(~np.isfinite(target))} that are not finite."
            )
        ranges = self.model.actuator_ctrlrange
        self.data.ctrl[:] = np.clip(robot.to_actuators(target), ranges[:, 0], ranges[:, 1])
        mujoco.mj_step(self.model, self.data, round(dt / self.model.opt.timestep))
        # Contacts and positions of the new state: mj_step leaves those of the state before.
        mujoco.mj_fwdPosition(self.model, self.data)
        self._progress = self._task.update(self.model, self.data, self._progress)

    def score(self) -> Score:
        """How far the assigned instruction has come."""
        return self._task.score(self._progress, self._instruction)

    def velocities(self) -> Float32[np.ndarray, "14"]:
        """Joint velocities [rad/s], grippers in openings a second."""
        return robot.from_velocities(self.data.qvel[:16])

    def efforts(self) -> Float32[np.ndarray, "14"]:
        """Actuator forces [Nm], grippers [N]."""
        return robot.from_forces(self.data.actuator_force[:16])

    def commanded(self) -> Float32[np.ndarray, "14"]:
        """The joint target that is being held."""
        return robot.from_positions(self.data.ctrl[:16])

    def state(self) -> Float64[np.ndarray, "n"]:
        """Physics, clock, pot place and score-keeping as one vector."""
        physics = np.empty(mujoco.mj_stateSize(self.model, STATE))
        mujoco.mj_getState(self.model, self.data, physics, STATE)
        return np.concatenate([physics, self._progress.to_array()])

    def restore(self, state: Float64[np.ndarray, "n"]) -> None:
        """Go back to a saved state, exactly."""
        size = mujoco.mj_stateSize(self.model, STATE)
        state = np.asarray(state, dtype=np.float64)
        if state.shape != (size + PROGRESS_SIZE,):
            raise InvalidData(
                f"This state has shape {state.shape}; a state of {self.task} has ({size + PROGRESS_SIZE},). "
                "It belongs to another task or another version of the scene."
            )
        mujoco.mj_setState(self.model, self.data, state[:size], STATE)
        mujoco.mj_fwdPosition(self.model, self.data)  # poses and contacts, leaving the restored warm start alone
        self._progress = Progress.from_array(state[size:])

    def object_positions(self) -> dict[str, Float64[np.ndarray, "3"]]:
        """Centres of the task's objects [m]; for experts and training labels, never for a policy."""
        return {label: self.data.geom(self._task.geoms(label)[0]).xpos.copy() for label in self._task.objects}

    def project(self, camera: str, point: np.ndarray) -> tuple[float, float] | None:
        """Where a point [m] appears in a camera's picture: (right, down) in 0..1, None if it is outside."""
        view = self.data.camera(camera)
        right, up, back = view.xmat.reshape(3, 3).T @ (np.asarray(point) - view.xpos)
        if back >= -1e-6:
            return None
        height = 2 * -back * np.tan(np.radians(self.model.camera(camera).fovy[0]) / 2)
        width = height * self.image_size[1] / self.image_size[0]
        u, v = 0.5 + right / width, 0.5 - up / height
        return (float(u), float(v)) if 0 <= u < 1 and 0 <= v < 1 else None

    def poses(self) -> Float32[np.ndarray, "bodies 7"]:
        """Where every body is, the world apart: x y z [m] and the quaternion w x y z; for people's 3D view."""
        return body_poses(self.model, self.data)

    @property
    def kinematics(self) -> Kinematics:
        """Where joint targets would bring the arms, without moving them."""
        if self._kinematics is None:
            self._kinematics = Kinematics(self.model)
        return self._kinematics

    def close(self) -> None:
        """Free the OpenGL context, if there ever was one."""
        if self._rig is not None:
            self._rig.close()
            self._rig = None

    def _render(self, camera: str, size: tuple[int, int]) -> Image:
        if self._rig is None:
            self._rig = CameraRig(self.model)
        cameras = {self.model.camera(index).name for index in range(self.model.ncam)}
        if camera not in cameras:
            raise UnknownName("camera", camera, cameras)
        return self._rig.render(self.data, camera, size)


def make_env(task: str, image_size: tuple[int, int] = (240, 320)) -> AlohaEnv:
    """A simulation of a task; raises UnknownName."""
    tasks = all_tasks()
    if task not in tasks:
        raise UnknownName("task", task, tasks)
    return AlohaEnv(tasks[task], image_size)


def objects_of(task: str) -> tuple[str, ...]:
    """What lies on the table of a task."""
    tasks = all_tasks()
    if task not in tasks:
        raise UnknownName("task", task, tasks)
    return tasks[task].objects
