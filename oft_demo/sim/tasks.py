"""The three tasks: where their objects lie, what they are called, and how far a run has come."""

from dataclasses import dataclass
from typing import Protocol

import mujoco
import numpy as np
from gym_aloha.utils import sample_box_pose, sample_insertion_pose

from ..types import ARMS, Score
from . import wordings
from .contacts import fingers_on, held_by, touching
from .scene import POT_HEIGHT, POT_INNER_RADIUS, VEGETABLES, body_name

APPROACH_DISTANCE = 0.06  # [m] between grasp point and object centre that counts as going to it
MINIMUM_GAP = 0.105  # [m] between vegetables: an open gripper fits between two of them
POT_CLEARANCE = 0.125  # [m] between the centres of the pot and of a vegetable
ZONE_X, ZONE_Y = (0.12, 0.26), (0.38, 0.62)  # [m] where each arm reaches straight down, mirrored for the other arm
SETTLE_STEPS = 100  # physics steps that let the vegetables come to rest before a run starts


@dataclass
class Progress:
    """What scoring must remember of a run: it is part of the saved state."""

    first_object: int = -1  # index into the task's objects
    best_stage: int = 0  # of the stage ladder, for each object packed below
    stages: tuple[int, ...] = (0, 0, 0)

    def to_array(self) -> np.ndarray:
        """(5,) float64."""
        return np.array([self.first_object, self.best_stage, *self.stages], dtype=np.float64)

    @classmethod
    def from_array(cls, values: np.ndarray) -> "Progress":
        """The inverse of to_array."""
        first, best, *stages = (int(value) for value in values)
        return cls(first, best, tuple(stages))


PROGRESS_SIZE = 5


class Task(Protocol):
    """Places the objects of a scene and judges what happens to them."""

    name: str
    objects: tuple[str, ...]
    max_steps: int  # control steps of 20 ms before a run is given up

    def geoms(self, label: str) -> tuple[str, ...]: ...

    def place(self, model: mujoco.MjModel, data: mujoco.MjData, seed: int) -> None: ...

    def instruction(self, seed: int) -> str: ...

    def update(self, model: mujoco.MjModel, data: mujoco.MjData, progress: Progress) -> Progress: ...

    def score(self, progress: Progress, instruction: str) -> Score: ...


def first_approached(data: mujoco.MjData, objects: tuple[str, ...], progress: Progress) -> int:
    """Index of the object that a grasp point came near first, -1 before that."""
    if progress.first_object >= 0:
        return progress.first_object
    for index, label in enumerate(objects):
        position = data.body(body_name(label)).xpos
        for arm in ARMS:
            if np.linalg.norm(data.site(f"{arm}_grasp").xpos - position) < APPROACH_DISTANCE:
                return index
    return -1


def set_free_pose(model: mujoco.MjModel, data: mujoco.MjData, joint: str, pose: np.ndarray) -> None:
    """Write the (7,) pose of a free joint."""
    start = model.jnt_qposadr[model.joint(joint).id]
    data.qpos[start : start + 7] = pose


class PutXIntoPot:
    """Three vegetables and a pot; the instruction says which one to cook."""

    name = "put_x_into_pot"
    objects: tuple[str, ...] = VEGETABLES
    max_steps = 600
    stage_names = ("not started", "moved to the object", "picked it up", "held it over the pot", "in the pot")

    def geoms(self, label: str) -> tuple[str, ...]:
        """Names of the geoms of an object that can be touched."""
        return (body_name(label),)

    def place(self, model: mujoco.MjModel, data: mujoco.MjData, seed: int) -> None:
        """Draw the places from the seed; which object lies where is independent of which one is named."""
        generator = np.random.default_rng([seed, 0])
        pot = np.array([generator.uniform(-0.015, 0.015), generator.uniform(0.485, 0.515)])
        data.mocap_pos[0] = [*pot, 0]
        places: list[np.ndarray] = []
        while len(places) < len(self.objects):
            side = generator.choice((-1, 1))
            place = np.array([side * generator.uniform(*ZONE_X), generator.uniform(*ZONE_Y)])
            apart = all(np.linalg.norm(place - other) > MINIMUM_GAP for other in places)
            if apart and np.linalg.norm(place - pot) > POT_CLEARANCE:
                places.append(place)
            elif generator.random() < 0.002:
                places.clear()  # a start that leaves no room for the rest
        order = generator.permutation(len(self.objects))
        for label, index in zip(self.objects, order, strict=True):
            # The stem points away from the pot or towards it, give or take a quarter of a right angle.
            yaw = generator.choice((0.0, np.pi)) + generator.uniform(-0.3, 0.3)
            pose = np.array([*places[index], 0.018, np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)])
            set_free_pose(model, data, f"{body_name(label)}_joint", pose)

    def instruction(self, seed: int) -> str:
        """Drawn from the seed apart from the places, so that they tell nothing about it."""
        generator = np.random.default_rng([seed, 1])
        label = self.objects[generator.integers(len(self.objects))]
        options = wordings.training(self.name, label)
        return options[generator.integers(len(options))]

    def update(self, model: mujoco.MjModel, data: mujoco.MjData, progress: Progress) -> Progress:
        """Advance every object's stage; being in the pot is judged anew each time."""
        pairs = touching(model, data)
        first = first_approached(data, self.objects, progress)
        stages = tuple(
            self._stage(model, data, pairs, index, before, first) for index, before in enumerate(progress.stages)
        )
        return Progress(first, 0, stages)

    def _stage(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        pairs: set[tuple[str, str]],
        index: int,
        before: int,
        first: int,
    ) -> int:
        name = body_name(self.objects[index])
        position = data.body(name).xpos
        offset = np.linalg.norm(position[:2] - data.mocap_pos[0][:2])
        touched = any(fingers_on(pairs, arm, (name,)) for arm in ARMS)
        reached = min(before, 3)
        if first == index:
            reached = max(reached, 1)
        if touched and position[2] > 0.045:
            reached = max(reached, 2)
        if touched and offset < POT_INNER_RADIUS and position[2] > POT_HEIGHT:
            reached = max(reached, 3)
        if not touched and offset < POT_INNER_RADIUS and position[2] < POT_HEIGHT:
            reached = 4
        return reached

    def score(self, progress: Progress, instruction: str) -> Score:
        """25 points each: went to it first, picked it up, held it over the pot, let it go inside."""
        named = wordings.named_object(self.name, instruction)
        first = self.objects[progress.first_object] if progress.first_object >= 0 else None
        stage = progress.stages[self.objects.index(named)] if named else 0
        return Score(25.0 * stage, self.stage_names[stage], stage == 4, stage, first, named)


class TransferCube:
    """gym-aloha's cube transfer: the right arm picks the cube up and the left arm takes it."""

    name = "transfer_cube"
    objects: tuple[str, ...] = ("red cube",)
    max_steps = 600
    stage_names = ("not started", "right gripper touches", "lifted", "left gripper touches", "transferred")

    def geoms(self, label: str) -> tuple[str, ...]:
        """Names of the geoms of an object that can be touched."""
        return ("red_box",)

    def place(self, model: mujoco.MjModel, data: mujoco.MjData, seed: int) -> None:
        """gym-aloha's own pose for this seed."""
        set_free_pose(model, data, "red_box_joint", sample_box_pose(seed))

    def instruction(self, seed: int) -> str:
        """A training wording drawn from the seed."""
        options = wordings.training(self.name)
        return options[np.random.default_rng([seed, 1]).integers(len(options))]

    def update(self, model: mujoco.MjModel, data: mujoco.MjData, progress: Progress) -> Progress:
        """gym-aloha's reward, and the highest one so far."""
        reward = self._reward(touching(model, data))
        near = any(np.linalg.norm(data.site(f"{arm}_grasp").xpos - data.body("box").xpos) < 0.06 for arm in ARMS)
        first = 0 if near or progress.first_object == 0 else -1
        return Progress(first, max(progress.best_stage, reward), (reward, 0, 0))

    def _reward(self, pairs: set[tuple[str, str]]) -> int:
        # Exactly gym-aloha's ladder, which looks at one finger a gripper.
        right = ("red_box", "vx300s_right/10_right_gripper_finger") in pairs
        left = ("red_box", "vx300s_left/10_left_gripper_finger") in pairs
        table = ("red_box", "table") in pairs
        if left:
            return 3 if table else 4
        if right:
            return 1 if table else 2
        return 0

    def score(self, progress: Progress, instruction: str) -> Score:
        """25 points for each unit of gym-aloha's reward; the best one of the run counts, as success does there."""
        return _ladder_score(self, progress, instruction)


class Insertion:
    """gym-aloha's bimanual insertion: the right arm holds the peg, the left arm the socket."""

    name = "insertion"
    objects: tuple[str, ...] = ("red peg", "blue socket")
    max_steps = 700
    stage_names = ("not started", "both touched", "both lifted", "peg meets socket", "inserted")
    socket = ("socket-1", "socket-2", "socket-3", "socket-4")

    def geoms(self, label: str) -> tuple[str, ...]:
        """Names of the geoms of an object that can be touched."""
        return ("red_peg",) if label == "red peg" else self.socket

    def place(self, model: mujoco.MjModel, data: mujoco.MjData, seed: int) -> None:
        """gym-aloha's own poses for this seed."""
        peg, socket = sample_insertion_pose(seed)
        set_free_pose(model, data, "red_peg_joint", peg)
        set_free_pose(model, data, "blue_socket_joint", socket)

    def instruction(self, seed: int) -> str:
        """A training wording drawn from the seed."""
        options = wordings.training(self.name)
        return options[np.random.default_rng([seed, 1]).integers(len(options))]

    def update(self, model: mujoco.MjModel, data: mujoco.MjData, progress: Progress) -> Progress:
        """gym-aloha's reward, and the highest one so far."""
        reward = self._reward(touching(model, data))
        near = any(
            np.linalg.norm(data.site(f"{arm}_grasp").xpos - data.body(body).xpos) < APPROACH_DISTANCE
            for arm, body in (("right", "peg"), ("left", "socket"))
        )
        first = 0 if near or progress.first_object == 0 else -1
        return Progress(first, max(progress.best_stage, reward), (reward, 0, 0))

    def _reward(self, pairs: set[tuple[str, str]]) -> int:
        right = ("red_peg", "vx300s_right/10_right_gripper_finger") in pairs
        left = any((wall, "vx300s_left/10_left_gripper_finger") in pairs for wall in self.socket)
        peg_down = ("red_peg", "table") in pairs
        socket_down = any((wall, "table") in pairs for wall in self.socket)
        meeting = any(("red_peg", wall) in pairs for wall in self.socket)
        if ("red_peg", "pin") in pairs:
            return 4
        if meeting and not peg_down and not socket_down:
            return 3
        if right and left:
            return 1 if peg_down or socket_down else 2
        return 0

    def score(self, progress: Progress, instruction: str) -> Score:
        """25 points for each unit of gym-aloha's reward; the best one of the run counts, as success does there."""
        return _ladder_score(self, progress, instruction)


def _ladder_score(task: TransferCube | Insertion, progress: Progress, instruction: str) -> Score:
    best = progress.best_stage
    first = task.objects[0] if progress.first_object >= 0 else None
    named = wordings.named_object(task.name, instruction)
    return Score(25.0 * best, task.stage_names[best], best == 4, progress.stages[0], first, named)


def all_tasks() -> dict[str, Task]:
    """Every task by its name."""
    return {task.name: task for task in (PutXIntoPot(), TransferCube(), Insertion())}


__all__ = ["PROGRESS_SIZE", "Insertion", "Progress", "PutXIntoPot", "Task", "TransferCube", "all_tasks", "held_by"]
