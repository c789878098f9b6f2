"""Where a take comes from: the scene, the software and the people."""

import hashlib
from importlib.metadata import PackageNotFoundError, version

import numpy as np

MAX_NAME = 200  # [characters] of a person or a device
PACKAGES = ("mujoco", "gym-aloha", "numpy", "h5py")
SCENE_ARRAYS = (  # what physics and pictures of a scene depend on
    "body_pos",
    "body_quat",
    "body_mass",
    "body_inertia",
    "jnt_range",
    "dof_damping",
    "geom_type",
    "geom_size",
    "geom_pos",
    "geom_quat",
    "geom_friction",
    "geom_rgba",
    "actuator_gainprm",
    "actuator_biasprm",
    "actuator_ctrlrange",
    "cam_pos",
    "cam_quat",
    "cam_fovy",
    "mesh_vert",
)


def provenance_of(env: object, started: float, operator: str, device: str) -> dict[str, str]:
    """What is written beside a take that was recorded in `env`, `started` in [s] since 1970."""
    told = {"started": f"{started:.3f}", "operator": operator[:MAX_NAME], "device": device[:MAX_NAME]}
    found = {**told, "scene": scene_digest(env), "versions": versions()}
    return {name: text for name, text in found.items() if text}


def versions() -> str:
    """The packages that decide what a simulation does."""
    return " ".join(f"{package}-{_version(package)}" for package in PACKAGES)


def scene_digest(env: object) -> str:
    """A short hash of the compiled scene; nothing for an env that has none."""
    model = getattr(env, "model", None)
    if model is None:
        return ""
    digest = hashlib.sha256()
    for name in SCENE_ARRAYS:
        digest.update(np.ascontiguousarray(getattr(model, name)).tobytes())
    return digest.hexdigest()[:16]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
