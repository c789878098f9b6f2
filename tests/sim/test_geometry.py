"""The GLB of a scene: what is in it, where it stands, and that its bytes stay the same."""

import io
import json
import struct

import mujoco
import numpy as np
import pytest
import trimesh

from oft_demo.sim import TASKS, scene
from oft_demo.sim.creases import creased, welded
from oft_demo.sim.geometry import UndrawableGeom, scene_glb
from oft_demo.sim.simplify import simplified


@pytest.fixture(scope="module", params=TASKS)
def model(request):
    return scene.build(request.param)


@pytest.fixture(scope="module")
def glb(model):
    return scene_glb(model)


def document(glb) -> dict:
    length = struct.unpack("<I", glb.data[12:16])[0]
    return json.loads(glb.data[20 : 20 + length])


def loaded(glb) -> trimesh.Scene:
    return trimesh.load_scene(io.BytesIO(glb.data), file_type="glb")


def body_meshes(glb, body: int) -> list[trimesh.Trimesh]:
    """The parts of a body in its own frame."""
    scene = loaded(glb)
    names = [name for name in scene.graph.nodes_geometry if name.startswith(f"body_{body}_")]
    return [scene.geometry[scene.graph[name][1]] for name in names]


def inline(geoms: str) -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_string(f"<mujoco><worldbody><body name='thing'>{geoms}</body></worldbody></mujoco>")


def test_every_body_is_a_node_right_below_the_scene(model, glb):
    tree = document(glb)
    top = {tree["nodes"][index]["name"] for index in tree["scenes"][0]["nodes"]}
    assert top == {f"body_{body}" for body in range(1, model.nbody)}


def test_the_same_model_gives_the_same_bytes(model, glb):
    assert scene_glb(model) == glb


def test_tasks_have_different_digests():
    assert len({scene_glb(scene.build(task)).digest for task in TASKS[1:]}) == 2


def test_the_scene_is_small_enough_for_an_old_laptop(glb):
    assert len(glb.data) < 1_000_000
    assert glb.triangles < 30_000
    assert glb.draws < 40


def test_the_counts_are_those_of_the_file(glb):
    tree = document(glb)
    drawn = [tree["meshes"][node["mesh"]]["primitives"] for node in tree["nodes"] if "mesh" in node]
    indices = [tree["accessors"][primitive["indices"]]["count"] for part in drawn for primitive in part]
    assert glb.draws == len(indices)
    assert glb.triangles == sum(indices) // 3


def test_both_arms_share_the_bytes_of_their_meshes(glb):
    tree = document(glb)
    meshes = {node["name"]: tree["meshes"][node["mesh"]] for node in tree["nodes"] if "mesh" in node}
    for left in range(4, 14):
        if f"body_{left}_part_0" in meshes:
            one, other = (meshes[f"body_{body}_part_0"]["primitives"][0] for body in (left, left + 11))
            assert (one["attributes"], one["indices"]) == (other["attributes"], other["indices"])


def test_what_is_drawn_fills_the_same_space_as_the_models_meshes(model, glb):
    for body in range(1, model.nbody):
        vertices = drawn_vertices(model, body)
        if vertices is None:
            continue
        bounds = np.stack([mesh.bounds for mesh in body_meshes(glb, body)])
        assert bounds[:, 0].min(axis=0) == pytest.approx(vertices.min(axis=0), abs=1e-3)
        assert bounds[:, 1].max(axis=0) == pytest.approx(vertices.max(axis=0), abs=1e-3)


def drawn_vertices(model: mujoco.MjModel, body: int) -> np.ndarray | None:
    """All vertices of a body's meshes in its frame, as MuJoCo places them."""
    places = []
    for geom in range(model.ngeom):
        if model.geom_bodyid[geom] != body or model.geom_type[geom] != mujoco.mjtGeom.mjGEOM_MESH:
            continue
        start = model.mesh_vertadr[model.geom_dataid[geom]]
        vertices = model.mesh_vert[start : start + model.mesh_vertnum[model.geom_dataid[geom]]]
        matrix = np.empty(9)
        mujoco.mju_quat2Mat(matrix, model.geom_quat[geom])
        places.append(vertices @ matrix.reshape(3, 3).T + model.geom_pos[geom])
    return np.concatenate(places) if places else None


def test_objects_keep_their_colours():
    tree = document(scene_glb(scene.build("put_x_into_pot")))
    colours = [material["pbrMetallicRoughness"]["baseColorFactor"] for material in tree["materials"]]
    for wanted in (scene.RED, scene.GREEN, scene.YELLOW, scene.STEEL):
        linear = [((value + 0.055) / 1.055) ** 2.4 if value > 0.04045 else value / 12.92 for value in wanted[:3]]
        assert any(colour[:3] == pytest.approx(linear, abs=0.003) for colour in colours)


def test_what_is_clear_is_left_out():
    with_clear = inline("<geom type='box' size='.1 .1 .1'/><geom type='box' size='.5 .5 .5' rgba='0 0 0 0'/>")
    assert scene_glb(with_clear).triangles == 12


def test_geoms_of_one_colour_are_drawn_in_one_call():
    boxes = "".join(f"<geom type='box' size='.1 .1 .1' pos='{x} 0 0'/>" for x in range(5))
    glb = scene_glb(inline(boxes + "<geom type='sphere' size='.1' rgba='1 0 0 1'/>"))
    assert glb.draws == 2


@pytest.mark.parametrize(
    ("geom", "half"),
    [
        ("type='box' size='.1 .2 .3'", (0.1, 0.2, 0.3)),
        ("type='sphere' size='.2'", (0.2, 0.2, 0.2)),
        ("type='ellipsoid' size='.1 .2 .3'", (0.1, 0.2, 0.3)),
        ("type='cylinder' size='.1 .3'", (0.1, 0.1, 0.3)),
        ("type='capsule' size='.1 .3'", (0.1, 0.1, 0.4)),
    ],
)
def test_shapes_have_mujocos_size_and_place(geom, half):
    turned = "pos='1 2 3' quat='0.5 0.5 0.5 0.5'"  # x becomes y, y becomes z, z becomes x
    (mesh,) = body_meshes(scene_glb(inline(f"<geom {geom} {turned}/>")), 1)
    place, reach = np.array([1, 2, 3]), np.array([half[2], half[0], half[1]])
    assert mesh.bounds == pytest.approx(np.stack([place - reach, place + reach]), abs=5e-3)


def test_a_shape_without_triangles_is_named():
    with pytest.raises(UndrawableGeom, match="'floor', a plane"):
        scene_glb(inline("<geom name='floor' type='plane' size='1 1 .1'/>"))


def test_normals_break_at_the_edges_of_a_box_and_not_on_a_ball():
    box, ball = trimesh.creation.box(), trimesh.creation.icosphere(subdivisions=3)
    positions, normals, _ = creased(np.asarray(box.vertices), np.asarray(box.faces))
    assert len(positions) == 24
    assert np.allclose(np.abs(normals).max(axis=1), 1)
    positions, normals, _ = creased(*welded(np.asarray(ball.vertices), np.asarray(ball.faces)))
    assert len(positions) == len(ball.vertices)
    assert np.allclose(normals, positions, atol=0.01)


def test_welding_names_every_place_once_and_drops_lines():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]], np.float64)
    found, faces = welded(vertices, np.array([[0, 1, 2], [3, 5, 4], [0, 1, 3]]))
    assert len(found) == 4
    assert len(faces) == 2


def test_simplifying_removes_what_is_flat_and_keeps_the_shape():
    box = trimesh.creation.box().subdivide().subdivide().subdivide()
    vertices, faces = simplified(np.asarray(box.vertices), np.asarray(box.faces), 1e-4)
    assert len(faces) <= 40  # of 768
    mesh = trimesh.Trimesh(vertices, faces)
    assert mesh.volume == pytest.approx(1, abs=1e-3)
    assert mesh.is_watertight


def test_simplifying_stays_within_its_tolerance():
    ball = trimesh.creation.icosphere(subdivisions=4)
    for tolerance in (0.002, 0.01):
        vertices, faces = simplified(np.asarray(ball.vertices), np.asarray(ball.faces), tolerance)
        assert len(faces) < len(ball.faces)
        centres = vertices[faces].mean(axis=1)
        assert np.abs(np.linalg.norm(vertices, axis=1) - 1).max() < 3 * tolerance
        assert np.abs(np.linalg.norm(centres, axis=1) - 1).max() < 5 * tolerance
