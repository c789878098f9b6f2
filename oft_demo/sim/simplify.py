"""Fewer triangles for the same shape: edges are collapsed where the surface hardly moves.

The measure is the quadric error of Garland and Heckbert (SIGGRAPH 1997). Edges far enough from each other to touch no
common face are collapsed together, so that a round is a handful of array operations.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

ROUNDS = 100
WORTH = 150  # a round that collapses fewer edges than one for so many faces is the last
TURNED = 0.3  # cosine between a face's normals before and after, below which a collapse would fold the surface


@dataclass(frozen=True)
class _Collapse:
    """Edges to collapse: vertex `gone` becomes `kept`, which moves to `places`."""

    kept: np.ndarray
    gone: np.ndarray
    places: np.ndarray

    def only(self, chosen: np.ndarray) -> "_Collapse":
        return _Collapse(self.kept[chosen], self.gone[chosen], self.places[chosen])


def simplified(
    vertices: Float64[np.ndarray, "n 3"], faces: Int[np.ndarray, "m 3"], tolerance: float
) -> tuple[Float64[np.ndarray, "k 3"], Int[np.ndarray, "l 3"]]:
    """The shape within about `tolerance` [m] of the given one, which should name every place once."""
    vertices, quadrics = vertices.copy(), _quadrics(vertices, faces)
    refused = np.empty(0, np.int64)
    for _ in range(ROUNDS):
        collapse = _cheapest(vertices, faces, quadrics, tolerance, refused)
        if WORTH * len(collapse.kept) < len(faces):
            break
        fine = ~_folds(vertices, faces, collapse)
        refused = np.concatenate([refused, _key(collapse.kept[~fine], collapse.gone[~fine], len(vertices))])
        collapse = collapse.only(fine)
        vertices, faces = _collapsed(vertices, faces, collapse)
        quadrics[collapse.kept] += quadrics[collapse.gone]
    used, faces = np.unique(faces, return_inverse=True)
    return vertices[used], faces.reshape(-1, 3)


def _quadrics(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """For each vertex the squared distance to the planes of its faces, weighted by their area, as a 4x4 form."""
    corners = vertices[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(across, axis=1)
    normal = across / np.maximum(area, 1e-20)[:, None]
    plane = np.concatenate([normal, -np.sum(normal * corners[:, 0], axis=1, keepdims=True)], axis=1)
    forms = plane[:, :, None] * plane[:, None, :] * area[:, None, None]
    quadrics = np.zeros((len(vertices), 5, 4))  # the last row carries the area that the form was weighted by
    for corner in range(3):
        np.add.at(quadrics[:, :4], faces[:, corner], forms)
        np.add.at(quadrics[:, 4, 0], faces[:, corner], area)
    return quadrics


def _cheapest(
    vertices: np.ndarray, faces: np.ndarray, quadrics: np.ndarray, tolerance: float, refused: np.ndarray
) -> _Collapse:
    """The edges that cost less than all others around them."""
    one, other = _edges(faces, len(vertices))
    allowed = ~np.isin(_key(one, other, len(vertices)), refused)
    one, other = one[allowed], other[allowed]
    places = np.stack([vertices[one], vertices[other], (vertices[one] + vertices[other]) / 2])
    form = quadrics[one] + quadrics[other]
    homogeneous = np.concatenate([places, np.ones((3, len(one), 1))], axis=2)
    pulled = np.matmul(homogeneous.transpose(1, 0, 2), form[:, :4])
    errors = np.sum(pulled * homogeneous.transpose(1, 0, 2), axis=2).T / np.maximum(form[:, 4, 0], 1e-20)
    best = np.argmin(errors, axis=0)
    cost = errors[best, np.arange(len(one))]
    rank = _ranks(cost / tolerance**2)
    least = _least_around(rank, one, other, faces, len(vertices))
    chosen = (rank == least[one]) & (rank == least[other]) & (cost < tolerance**2)
    return _Collapse(one, other, places[best, np.arange(len(one))]).only(chosen)


def _ranks(cost: np.ndarray) -> np.ndarray:
    """An order of its own for every edge: by grades of cost, and by chance within a grade.

    In a strict order of cost, neighbours wait for each other in long chains, and a round finds few edges.
    """
    grade = np.ceil(np.log2(np.clip(cost, 2.0**-8, 2.0))) + 8
    chance = np.random.default_rng(len(cost)).permutation(len(cost))
    ranks = np.empty(len(cost), np.int64)
    ranks[np.lexsort((chance, grade))] = np.arange(len(cost))
    return ranks


def _least_around(rank: np.ndarray, one: np.ndarray, other: np.ndarray, faces: np.ndarray, count: int) -> np.ndarray:
    """For each vertex the least rank of any edge that ends at a vertex of its faces."""
    at_vertex = np.full(count, len(rank))
    np.minimum.at(at_vertex, one, rank)
    np.minimum.at(at_vertex, other, rank)
    at_face = at_vertex[faces].min(axis=1)
    around = at_vertex.copy()
    for corner in range(3):
        np.minimum.at(around, faces[:, corner], at_face)
    return around


def _folds(vertices: np.ndarray, faces: np.ndarray, collapse: _Collapse) -> np.ndarray:
    """Which of the collapses would turn a face over or make it a line."""
    edge_at = np.full(len(vertices), -1)
    edge_at[collapse.kept] = edge_at[collapse.gone] = np.arange(len(collapse.kept))
    moved = vertices.copy()
    moved[collapse.kept] = moved[collapse.gone] = collapse.places
    touched = edge_at[faces]
    # A face that holds both ends disappears and cannot fold.
    stays = np.sum(touched >= 0, axis=1) == 1
    before, after = _normals(vertices[faces[stays]]), _normals(moved[faces[stays]])
    folded = touched[stays].max(axis=1)[np.sum(before * after, axis=1) < TURNED]
    result = np.zeros(len(collapse.kept), bool)
    result[folded] = True
    return result


def _collapsed(vertices: np.ndarray, faces: np.ndarray, collapse: _Collapse) -> tuple[np.ndarray, np.ndarray]:
    moved = vertices.copy()
    moved[collapse.kept] = collapse.places
    becomes = np.arange(len(vertices))
    becomes[collapse.gone] = collapse.kept
    faces = becomes[faces]
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return moved, faces[whole]


def _edges(faces: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    ends = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    keys = np.unique(ends[:, 0] * count + ends[:, 1])
    return keys // count, keys % count


def _key(one: np.ndarray, other: np.ndarray, count: int) -> np.ndarray:
    return np.minimum(one, other).astype(np.int64) * count + np.maximum(one, other)


def _normals(corners: np.ndarray) -> np.ndarray:
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(across, axis=1, keepdims=True)
    return np.where(length > 1e-12, across / np.maximum(length, 1e-20), 0)
