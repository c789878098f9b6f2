"""The geometry of a scene as one GLB, for the 3D view in the browser."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import mujoco
import numpy as np
import trimesh
from trimesh.exchange.gltf import export_glb
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial

from ..errors import OftDemoError
from .creases import creased, welded
from .simplify import simplified

TOLERANCE = 2e-4  # [m] by which the meshes may differ from the model: a quarter of a pixel in the first view
DIGEST_LENGTH = 16  # [hex digits] enough to tell every version of a scene from every other

Surface = tuple[np.ndarray, np.ndarray, np.ndarray]  # positions, normals, faces


class UndrawableGeom(OftDemoError):
    """A shape that the 3D view has no triangles for."""

    def __init__(self, name: str, kind: str):
        drawn = ", ".join(sorted(shape.name.removeprefix("mjGEOM_").lower() for shape in (*SHAPES, MESH)))
        super().__init__(f"The 3D view cannot draw the geom {name!r}, a {kind}. Use one of: {drawn}.")


@dataclass(frozen=True)
class Glb:
    """A binary glTF file."""

    data: bytes
    digest: str  # changes with the bytes
    triangles: int  # as drawn: a mesh that both arms share counts twice
    draws: int  # draw calls


@dataclass(frozen=True)
class Finish:
    """What a surface looks like."""

    rgba: tuple[float, ...]  # sRGB, as in a MuJoCo model
    metallic: float = 0.0
    roughness: float = 0.55

    def material(self) -> PBRMaterial:
        """The same in glTF's terms."""
        red, green, blue = (_linear(value) for value in self.rgba[:3])
        return PBRMaterial(
            baseColorFactor=[red, green, blue, self.rgba[3]],
            metallicFactor=self.metallic,
            roughnessFactor=self.roughness,
            alphaMode="BLEND" if self.rgba[3] < 1 else None,
        )


GRAPHITE = Finish((0.24, 0.255, 0.28, 1.0), metallic=0.6, roughness=0.4)
ALUMINIUM = Finish((0.60, 0.615, 0.64, 1.0), metallic=0.5, roughness=0.35)
TABLE = Finish((0.20, 0.215, 0.23, 1.0), roughness=1.0)

# A thin ring around the turret of each arm tells them apart from every side.
RINGS = {"left": Finish((0.16, 0.66, 0.70, 1.0)), "right": Finish((0.66, 0.47, 0.86, 1.0))}
RING = {"r_min": 0.062, "r_max": 0.0648, "height": 0.006}  # [m] the turret has a radius of 0.062
RING_HEIGHT = 0.070  # [m] in the frame of the base


def scene_glb(model: mujoco.MjModel) -> Glb:
    """Every drawn geom of a model, in the frames of its bodies: node `body_{i}` holds MuJoCo's body i."""
    scene = trimesh.Scene(base_frame="scene")
    meshes: dict[int, Surface] = {}
    triangles = draws = 0
    for body in range(1, model.nbody):
        scene.graph.update(frame_from="scene", frame_to=f"body_{body}")
        for part, (finish, surface) in enumerate(_surfaces(model, body, meshes)):
            name = f"body_{body}_part_{part}"
            scene.add_geometry(_mesh(surface, finish), name, name, parent_node_name=f"body_{body}")
            triangles += len(surface[2])
            draws += 1
    data = export_glb(scene, include_normals=True)
    return Glb(data, hashlib.sha256(data).hexdigest()[:DIGEST_LENGTH], triangles, draws)


def _surfaces(model: mujoco.MjModel, body: int, meshes: dict[int, Surface]) -> Iterator[tuple[Finish, Surface]]:
    """What is drawn of a body, in its frame: what looks the same is drawn in one call."""
    for finish, geoms in _parts(model, body).items():
        yield finish, _joined([_placed(model, geom, _surface(model, geom, meshes)) for geom in geoms])
    for arm, finish in RINGS.items():
        if model.body(body).name == f"vx300s_{arm}":
            ring = trimesh.creation.annulus(**RING, sections=64)
            positions, normals, faces = creased(*welded(np.asarray(ring.vertices), np.asarray(ring.faces)))
            yield finish, (positions + np.array([0, 0, RING_HEIGHT]), normals, faces)


def _parts(model: mujoco.MjModel, body: int) -> dict[Finish, list[int]]:
    """The drawn geoms of a body by their finish."""
    parts: dict[Finish, list[int]] = {}
    for geom in range(model.ngeom):
        if model.geom_bodyid[geom] == body and model.geom_rgba[geom, 3] > 0:
            parts.setdefault(_finish(model, geom), []).append(geom)
    return parts


def _finish(model: mujoco.MjModel, geom: int) -> Finish:
    """The robot and the table look like metal and slate instead of MuJoCo's greys; objects keep their colours."""
    body = model.body(model.geom_bodyid[geom]).name
    if body == "table":
        return TABLE
    if body.startswith("vx300s_"):
        return ALUMINIUM if "finger" in body or "gripper" in body else GRAPHITE
    return Finish(tuple(float(value) for value in np.round(model.geom_rgba[geom], 4)))


def _surface(model: mujoco.MjModel, geom: int, meshes: dict[int, Surface]) -> Surface:
    kind = mujoco.mjtGeom(int(model.geom_type[geom]))
    if kind == MESH:
        mesh = int(model.geom_dataid[geom])
        if mesh not in meshes:
            meshes[mesh] = creased(*simplified(*welded(*_mesh_triangles(model, mesh)), TOLERANCE))
        return meshes[mesh]
    if kind not in SHAPES:
        raise UndrawableGeom(model.geom(geom).name, kind.name.removeprefix("mjGEOM_").lower())
    shape = SHAPES[kind](model.geom_size[geom])
    return creased(*welded(np.asarray(shape.vertices, np.float64), np.asarray(shape.faces)))


def _mesh_triangles(model: mujoco.MjModel, mesh: int) -> tuple[np.ndarray, np.ndarray]:
    vertices = slice(model.mesh_vertadr[mesh], model.mesh_vertadr[mesh] + model.mesh_vertnum[mesh])
    faces = slice(model.mesh_faceadr[mesh], model.mesh_faceadr[mesh] + model.mesh_facenum[mesh])
    return model.mesh_vert[vertices].astype(np.float64), model.mesh_face[faces]


def _placed(model: mujoco.MjModel, geom: int, surface: Surface) -> Surface:
    """From the geom's frame to the body's."""
    positions, normals, faces = surface
    matrix = np.empty(9)
    mujoco.mju_quat2Mat(matrix, model.geom_quat[geom])
    rotation = matrix.reshape(3, 3)
    return positions @ rotation.T + model.geom_pos[geom], normals @ rotation.T, faces


def _joined(surfaces: list[Surface]) -> Surface:
    starts = np.cumsum([0, *(len(positions) for positions, _, _ in surfaces)])
    return (
        np.concatenate([positions for positions, _, _ in surfaces]),
        np.concatenate([normals for _, normals, _ in surfaces]),
        np.concatenate([faces + start for (_, _, faces), start in zip(surfaces, starts, strict=False)]),
    )


def _mesh(surface: Surface, finish: Finish) -> trimesh.Trimesh:
    positions, normals, faces = surface
    visual = TextureVisuals(material=finish.material())
    return trimesh.Trimesh(positions, faces, vertex_normals=normals, visual=visual, process=False, validate=False)


def _linear(value: float) -> float:
    """A channel of sRGB as the linear light that glTF counts in."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _ellipsoid(size: np.ndarray) -> trimesh.Trimesh:
    return trimesh.creation.icosphere(subdivisions=2).apply_scale(size)


MESH = mujoco.mjtGeom.mjGEOM_MESH
SHAPES: dict[mujoco.mjtGeom, Callable[[np.ndarray], trimesh.Trimesh]] = {
    mujoco.mjtGeom.mjGEOM_BOX: lambda size: trimesh.creation.box(extents=2 * size),
    mujoco.mjtGeom.mjGEOM_SPHERE: lambda size: _ellipsoid(np.repeat(size[0], 3)),
    mujoco.mjtGeom.mjGEOM_ELLIPSOID: _ellipsoid,
    mujoco.mjtGeom.mjGEOM_CYLINDER: lambda size: trimesh.creation.cylinder(size[0], 2 * size[1], sections=48),
    mujoco.mjtGeom.mjGEOM_CAPSULE: lambda size: trimesh.creation.capsule(2 * size[1], size[0], count=(8, 16)),
}
