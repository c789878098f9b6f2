"""Normals that are smooth over rounded surfaces and break at edges, for meshes that come without any."""

import numpy as np
from jaxtyping import Float32, Float64, Int

CREASE = np.cos(np.radians(35.0))  # faces that meet at a sharper angle do not share a normal


def welded(
    vertices: Float64[np.ndarray, "n 3"], faces: Int[np.ndarray, "m 3"]
) -> tuple[Float64[np.ndarray, "k 3"], Int[np.ndarray, "l 3"]]:
    """The same surface with every place named once, less the faces that have no area."""
    _, first, place = np.unique(np.round(vertices, 7), axis=0, return_index=True, return_inverse=True)
    faces = place.reshape(-1)[faces]
    edges = vertices[first][faces]
    area = np.linalg.norm(np.cross(edges[:, 1] - edges[:, 0], edges[:, 2] - edges[:, 0]), axis=1)
    return vertices[first], faces[area > 1e-12]


def creased(
    vertices: Float64[np.ndarray, "n 3"], faces: Int[np.ndarray, "m 3"]
) -> tuple[Float32[np.ndarray, "c 3"], Float32[np.ndarray, "c 3"], Int[np.ndarray, "m 3"]]:
    """Positions, unit normals and faces, with a vertex of its own for every side of an edge; takes what is welded."""
    corners = vertices[faces]
    normals = _normalised(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    angles = _angles(corners).ravel()
    face_of = np.repeat(np.arange(len(faces)), 3)
    one, other = _neighbours(faces.ravel())
    smooth = np.sum(normals[face_of[one]] * normals[face_of[other]], axis=1) > CREASE
    one, other = one[smooth], other[smooth]
    shares = normals[face_of[other]] * angles[other, None]
    sums = np.stack([np.bincount(one, shares[:, axis], len(face_of)) for axis in range(3)], axis=1)
    return _merged(vertices[faces.ravel()].astype(np.float32), _normalised(sums).astype(np.float32))


def _normalised(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-20)


def _angles(corners: np.ndarray) -> np.ndarray:
    """The angle of each face at each of its corners: a face counts as much as it fills of the way around a vertex."""
    ahead = _normalised(np.roll(corners, -1, axis=1) - corners)
    behind = _normalised(np.roll(corners, 1, axis=1) - corners)
    return np.arccos(np.clip(np.sum(ahead * behind, axis=2), -1, 1))


def _neighbours(vertex_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All ordered pairs of corners that lie at the same vertex, each corner with itself among them."""
    order = np.argsort(vertex_of, kind="stable")
    counts = np.bincount(vertex_of)
    starts = np.cumsum(counts) - counts
    around = counts[vertex_of[order]]  # how many corners lie where this one does
    one = np.repeat(order, around)
    within = np.arange(len(one)) - np.repeat(np.cumsum(around) - around, around)
    other = order[np.repeat(starts[vertex_of[order]], around) + within]
    return one, other


def _merged(positions: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners with the same place and normal become one vertex."""
    keys = np.concatenate([np.round(positions * 1e6), np.round(normals * 200)], axis=1).astype(np.int64)
    _, first, corner = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    # In the order of their first use, so that neighbouring faces use neighbouring vertices.
    rank = np.argsort(np.argsort(first))
    return positions[np.sort(first)], normals[np.sort(first)], rank[corner.reshape(-1)].reshape(-1, 3)
