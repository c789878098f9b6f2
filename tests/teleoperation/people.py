"""Scripted people: they look at the scene and hold keys, or drag a gripper, as somebody at the browser would."""

import numpy as np

from oft_demo.sim.expert.kinematics import DOWN
from oft_demo.sim.hands import Pose
from oft_demo.teleoperation.inputs import ArmInput, HandsInput

GRASP_HEIGHT, HOVER_HEIGHT, LIFT_HEIGHT = 0.019, 0.11, 0.14  # [m]


def idle(driver, env, ticks):
    """Let go of everything."""
    for _ in range(ticks):
        env.apply(driver.target(HandsInput()))


def hold(driver, env, arm, ticks, **controls):
    """Hold some controls of one arm."""
    for _ in range(ticks):
        env.apply(driver.target(HandsInput({arm: ArmInput(**controls)})))


def tilt(pose):
    """How far the gripper is from pointing straight down [rad], as a pitch."""
    forward = pose.rotation.as_matrix()[:, 0]
    return float(np.arctan2(np.linalg.norm(forward[:2]), -forward[2]))


def by_keys(driver, env, arm, place, ticks=300, near=0.003, down=True):
    """Hold the keys that bring the gripper to a place [m], pointing down; tap them gently near it."""
    for _ in range(ticks):
        pose = driver.hands[arm].pose
        gap = np.asarray(place) - pose.position
        pitch = tilt(pose) if down else 0.0
        if np.linalg.norm(gap) < near and pitch < 0.03:
            break
        x, y, z = np.clip(gap / 0.04, -1, 1).tolist()
        turn = (0.0, float(np.clip(pitch / 0.3, -1, 1)), 0.0)
        env.apply(driver.target(HandsInput({arm: ArmInput(move=(x, y, z), turn=turn)})))
    idle(driver, env, 10)


def by_dragging(driver, env, arm, place, opening=None, ticks=300, near=0.002):
    """Drag the gripper to a place, pointing down."""
    goal = Pose.from_matrix(np.asarray(place, float), DOWN[arm])
    for _ in range(ticks):
        env.apply(driver.target(HandsInput({arm: ArmInput(goal=goal, opening=opening)})))
        shift, turn = driver.hands[arm].pose.way_to(goal)
        if np.linalg.norm(shift) < near and np.linalg.norm(turn) < 0.02:
            break
    idle(driver, env, 10)


def nearest_vegetable(env):
    """The vegetable that lies farthest out on its side, where nothing is in the way, and the arm for it."""
    positions = env.object_positions()
    label = max(positions, key=lambda name: abs(positions[name][0]))
    return label, "left" if positions[label][0] < 0 else "right"
