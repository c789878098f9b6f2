"""The MuJoCo scenes: gym-aloha's robot and table with our cameras, props and grasp points."""

import mujoco
import numpy as np

from ..types import ARMS
from .robot import asset_path

TRANSFER_CUBE_XML = "bimanual_viperx_transfer_cube.xml"
INSERTION_XML = "bimanual_viperx_insertion.xml"

GRASP_POINT = (0.142, 0.0, 0.0)  # [m] in the gripper link's frame: 12 mm short of the fingertips, between the pads
POT_INNER_RADIUS = 0.072  # [m]
POT_HEIGHT = 0.055  # [m]
POT_WALLS = 16
CONTACT = {"solimp": (2, 1, 0.01, 0.5, 2), "solref": (0.01, 1)}  # gym-aloha's grasp contact

PROP_HALF_SIZE = (0.033, 0.0155, 0.0165)  # [m] collision box of a vegetable, long axis along x
VEGETABLES = ("red pepper", "green pepper", "yellow corn")

RED = (0.85, 0.06, 0.05, 1.0)
GREEN = (0.10, 0.62, 0.12, 1.0)
YELLOW = (0.98, 0.80, 0.10, 1.0)
LEAF = (0.30, 0.45, 0.12, 1.0)
STEEL = (0.55, 0.57, 0.62, 1.0)


def body_name(label: str) -> str:
    """The name in the model of an object that people call `label`."""
    return label.replace(" ", "_")


def build(task: str) -> mujoco.MjModel:
    """Compile the scene of a task (one of sim.TASKS)."""
    spec = mujoco.MjSpec.from_file(str(asset_path(INSERTION_XML if task == "insertion" else TRANSFER_CUBE_XML)))
    if task == "put_x_into_pot":
        spec.delete(spec.body("box"))
        _add_pot(spec)
        for label in VEGETABLES:
            _add_vegetable(spec, label)
    _add_cameras(spec)
    for arm in ARMS:
        spec.body(f"vx300s_{arm}/gripper_link").add_site(
            name=f"{arm}_grasp", pos=GRASP_POINT, size=[0.004] * 3, group=4
        )
    return spec.compile()


def _add_cameras(spec: mujoco.MjSpec) -> None:
    # Closer and steeper than gym-aloha's `top`, so that a small picture still resolves a grasp; `top` stays as it is.
    spec.worldbody.add_camera(
        name="cam_high", pos=[0, 0.06, 0.78], quat=_look((0, 0.06, 0.78), (0, 0.5, 0.03)), fovy=38
    )
    spec.worldbody.add_camera(
        name="display", pos=[0, -0.25, 0.62], quat=_look((0, -0.25, 0.62), (0, 0.5, 0.06)), fovy=48
    )
    for arm in ARMS:
        # Above the gripper and tilted onto the fingertips; the stock pose is far behind and sees mostly the hand.
        eye, focus = (0.005, 0.0, 0.105), (0.155, 0.0, 0.0)
        spec.body(f"vx300s_{arm}/gripper_link").add_camera(
            name=f"cam_{arm}_wrist", pos=eye, quat=_look(eye, focus, up=(1, 0, 0)), fovy=58
        )


def _look(eye: tuple[float, ...], focus: tuple[float, ...], up: tuple[float, ...] = (0, 0, 1)) -> np.ndarray:
    """Quaternion of a camera at `eye` that looks at `focus` (MuJoCo cameras look along -z, y up)."""
    back = np.subtract(eye, focus)
    back = back / np.linalg.norm(back)
    right = np.cross(up, back)
    right = right / np.linalg.norm(right)
    rotation = np.stack([right, np.cross(back, right), back], axis=1)
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, rotation.reshape(-1))
    return quaternion


def _add_pot(spec: mujoco.MjSpec) -> None:
    # A mocap body: it has a pose per episode and a place in the saved state, and no arm can push it away.
    pot = spec.worldbody.add_body(name="pot", pos=[0, 0.5, 0], mocap=True)
    thickness = 0.004
    pot.add_geom(
        name="pot_floor",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[POT_INNER_RADIUS, thickness / 2, 0],
        pos=[0, 0, thickness / 2],
        rgba=(0.35, 0.36, 0.40, 1.0),
    )
    width = np.pi * (POT_INNER_RADIUS + thickness) / POT_WALLS * 1.04
    for wall in range(POT_WALLS):
        angle = 2 * np.pi * wall / POT_WALLS
        direction = np.array([np.cos(angle), np.sin(angle), 0])
        pot.add_geom(
            name=f"pot_wall_{wall}",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=[thickness / 2, width, POT_HEIGHT / 2],
            pos=[*(direction[:2] * (POT_INNER_RADIUS + thickness / 2)), POT_HEIGHT / 2],
            quat=[np.cos(angle / 2), 0, 0, np.sin(angle / 2)],
            rgba=STEEL,
        )
    for side in (-1, 1):
        pot.add_geom(
            name=f"pot_handle_{side}",
            type=mujoco.mjtGeom.mjGEOM_CAPSULE,
            fromto=[-0.02, side * (POT_INNER_RADIUS + 0.016), 0.045, 0.02, side * (POT_INNER_RADIUS + 0.016), 0.045],
            size=[0.006, 0, 0],
            rgba=(0.12, 0.12, 0.13, 1.0),
            contype=0,
            conaffinity=0,
        )


def _add_vegetable(spec: mujoco.MjSpec, label: str) -> None:
    """A free body with one box that collides and rounded parts that are seen."""
    name = body_name(label)
    body = spec.worldbody.add_body(name=name, pos=[0.2, 0.5, 0.05])
    body.add_joint(name=f"{name}_joint", type=mujoco.mjtJoint.mjJNT_FREE, frictionloss=0.01)
    # gym-aloha's inertiagrouprange leaves added bodies without inertia; these are its cube's, scaled to the size.
    body.explicitinertial = True
    body.ipos = [0, 0, 0]
    body.mass = 0.05
    body.inertia = [0.0005, 0.0005, 0.0005]
    body.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=PROP_HALF_SIZE,
        condim=4,
        friction=[1, 0.005, 0.0001],
        rgba=(0, 0, 0, 0),
        **CONTACT,
    )
    for shape, position, size, colour in _corn_parts() if "corn" in label else _pepper_parts(label):
        body.add_geom(type=shape, pos=position, size=size, rgba=colour, contype=0, conaffinity=0)


def _pepper_parts(label: str):
    colour = RED if "red" in label else GREEN
    sphere = mujoco.mjtGeom.mjGEOM_ELLIPSOID
    for y in (-1, 1):
        for z in (-1, 1):
            yield sphere, [-0.004, y * 0.0065, z * 0.0065], [0.029, 0.0115, 0.0115], colour
    yield sphere, [0.020, 0, 0], [0.012, 0.015, 0.015], colour
    yield mujoco.mjtGeom.mjGEOM_BOX, [0.035, 0, 0.002], [0.008, 0.0035, 0.0035], LEAF


def _corn_parts():
    ellipsoid = mujoco.mjtGeom.mjGEOM_ELLIPSOID
    yield ellipsoid, [-0.004, 0, 0], [0.037, 0.0165, 0.0165], YELLOW
    for side in (-1, 1):
        yield ellipsoid, [0.022, side * 0.009, -0.002], [0.019, 0.008, 0.0145], LEAF
