"""Recording on the machines of a Ray cluster; here two nodes on one machine."""

import os
import sys

import numpy as np
import pytest

from oft_demo import record
from oft_demo.data.reading import read_episode
from oft_demo.ray_workers import NoCluster, RayMissing, on_cluster

TASK = "put_x_into_pot"


@pytest.fixture(scope="module")
def cluster():
    """Two nodes that can do one task each."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  Ray's own spelling; a busy machine would never get to them
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


def test_two_nodes_record_what_one_process_records(cluster, tmp_path):
    *_, progress = record.record_expert(
        TASK, 3, tmp_path / "cluster", first_seed=40, pictures=False, cluster=cluster.address
    )
    assert (progress.done, progress.total) == (3, 3)
    for _ in record.record_expert(TASK, 3, tmp_path / "alone", first_seed=40, pictures=False):
        pass
    for number in range(3):
        there, here = (read_episode(tmp_path / where / f"episode_{number}.hdf5") for where in ("cluster", "alone"))
        assert there.seed == here.seed
        assert np.array_equal(there.states, here.states)


def test_a_task_whose_node_is_lost_is_done_again_elsewhere(cluster, tmp_path):
    doomed = cluster.add_node(num_cpus=2)
    attempts = record.record_expert(TASK, 5, tmp_path, first_seed=60, pictures=False, cluster=cluster.address)
    while next(attempts).done < 1:
        pass
    cluster.remove_node(doomed, allow_graceful=False)
    *_, progress = attempts
    assert progress.done == 5
    assert len(list(tmp_path.glob("episode_*.hdf5"))) == 5


def test_a_wrong_address_is_an_error_for_people(tmp_path):
    with pytest.raises(NoCluster, match="no Ray cluster"):
        next(on_cluster(record.record_file, None, [(tmp_path / "episode_0.hdf5", 0)], "127.0.0.1:1"))


def test_without_ray_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RayMissing, match=r"requirements-extras\.txt"):
        next(on_cluster(record.record_file, None, [(tmp_path / "episode_0.hdf5", 0)], "auto"))
