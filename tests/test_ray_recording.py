"""Tests of recording on the machines of a Ray cluster; here two nodes of one processor each on one machine."""

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oft_demo import ray_workers
from oft_demo.data.durable import NameTaken
from oft_demo.data.hdf5.reading import read_episode
from oft_demo.errors import InvalidEpisode, InvalidSeed
from oft_demo.ray_workers import NoCluster, RayMissing, on_cluster
from oft_demo.record import RecordJob, record_expert, record_file
from oft_demo.workers import WorkerFailed

TASK = "put_x_into_pot"
MEMORY = 80 * 2**20  # [bytes] of objects; Ray takes no less
NODE = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "object_store_memory": MEMORY}
SOON = {  # a node that is gone is noticed within 4 s, not after half a minute; one that is only slow has 80 s
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 20_000,
    "health_check_failure_threshold": 4,
}
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",  # else a busy machine never gets to them
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # keeps 127.0.0.1, which Ray would replace by an address for others
}


@pytest.fixture(scope="module", autouse=True)
def settings() -> Iterator[None]:
    """What Ray reads when it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head and another node, which can do one task each; nobody outside this machine can reach them."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    with tempfile.TemporaryDirectory(prefix="ray") as folder:  # sockets need short paths
        head = {**NODE, "temp_dir": folder, "include_dashboard": False, "_system_config": SOON}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            cluster.add_node(**NODE)
            yield cluster
        finally:
            cluster.shutdown()


def slots_in(folder: Path, count: int) -> list[tuple[Path, int]]:
    return [(folder / f"episode_{number}.hdf5", number) for number in range(count)]


def test_two_nodes_record_what_one_process_records(cluster: Any, tmp_path: Path):
    there, here = tmp_path / "there", tmp_path / "here"
    *_, progress = record_expert(TASK, 3, there, first_seed=40, pictures=False, cluster=cluster.address)
    assert (progress.done, progress.total) == (3, 3)
    for _ in record_expert(TASK, 3, here, first_seed=40, pictures=False):
        pass
    names = sorted(path.name for path in here.glob("*.hdf5"))
    assert sorted(path.name for path in there.iterdir() if path.suffix != ".sqlite3") == names
    for name in names:
        ours, theirs = read_episode(here / name), read_episode(there / name)
        assert ours.seed == theirs.seed
        assert np.array_equal(ours.states, theirs.states)


def test_a_task_whose_node_is_lost_is_done_again_elsewhere(cluster: Any, tmp_path: Path):
    example = tmp_path / "example.hdf5"
    for _ in record_file(RecordJob(TASK, pictures=False), example, 40):
        pass
    begun, content = tmp_path / "begun", example.read_bytes()
    begun.mkdir()

    def record(job: str, path: Path, seed: int) -> Iterator[bool]:
        """Every first attempt waits, to be lost with its node or to go on when the other node is gone."""
        first = begun / str(seed)
        if not first.exists():
            first.touch()
            while not (begun / "lost").exists():
                time.sleep(0.05)
        yield False
        path.write_bytes(content)
        yield True

    def lose_a_node() -> None:
        while len(list(begun.iterdir())) < 2:
            time.sleep(0.05)
        cluster.remove_node(node, allow_graceful=False)
        (begun / "lost").touch()

    node = cluster.list_all_nodes()[-1]
    losing = threading.Thread(target=lose_a_node)
    losing.start()
    try:
        outcomes = list(on_cluster(record, "", slots_in(tmp_path / "out", 4), cluster.address))
    finally:
        losing.join()
        cluster.add_node(**NODE)
    assert sorted(outcomes) == [False] * 4 + [True] * 4
    assert {path.read_bytes() == content for path in (tmp_path / "out").iterdir()} == {True}
    assert len(list((tmp_path / "out").iterdir())) == 4


def writes(content: bytes) -> Callable[[Any, Path, int], Iterator[bool]]:
    def record(job: Any, path: Path, seed: int) -> Iterator[bool]:
        path.write_bytes(content)
        yield True

    return record


def fails(kind: type[Exception], word: str) -> Callable[[Any, Path, int], Iterator[bool]]:
    def record(job: Any, path: Path, seed: int) -> Iterator[bool]:
        yield False
        raise kind(word)

    return record


def test_an_error_on_another_machine_is_said_here(cluster: Any, tmp_path: Path):
    for kind, message in ((InvalidSeed, "^The seed is 'x';"), (ZeroDivisionError, "ZeroDivisionError: x")):
        with pytest.raises(WorkerFailed, match=message):
            list(on_cluster(fails(kind, "x"), None, slots_in(tmp_path, 1), cluster.address))
    assert list(tmp_path.iterdir()) == []


def test_after_an_error_the_machines_are_free_for_others(cluster: Any, tmp_path: Path):
    def record(job: str, path: Path, seed: int) -> Iterator[bool]:
        yield False
        if seed == 0:
            raise InvalidSeed("x")
        time.sleep(600)

    with pytest.raises(WorkerFailed):
        list(on_cluster(record, "", slots_in(tmp_path, 4), cluster.address))
    with pytest.raises(InvalidEpisode):  # its task runs, and is answered
        list(on_cluster(writes(b"no episode"), None, slots_in(tmp_path, 4), cluster.address))


def test_what_comes_back_is_checked_before_it_gets_a_name(cluster: Any, tmp_path: Path):
    with pytest.raises(InvalidEpisode, match="not HDF5"):
        list(on_cluster(writes(b"no episode"), None, slots_in(tmp_path, 1), cluster.address))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_appeared_meanwhile_is_not_overwritten(cluster: Any, tmp_path: Path):
    ((path, seed),) = slots_in(tmp_path, 1)
    for _ in record_file(RecordJob(TASK, pictures=False), path, seed):
        pass
    before = path.read_bytes()
    with pytest.raises(NameTaken):
        list(on_cluster(writes(before), None, [(path, seed)], cluster.address))
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_a_machine_with_another_version_is_refused(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ray_workers, "simulation_version", lambda: "another")
    with pytest.raises(WorkerFailed, match="another version of OFT Demo"):
        list(on_cluster(writes(b""), None, slots_in(tmp_path, 1), cluster.address))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:port", "nonsense", "local"])
def test_a_wrong_address_is_an_error_for_people(tmp_path: Path, address: str):
    pytest.importorskip("ray")
    with pytest.raises(NoCluster, match="no Ray cluster at"):
        list(on_cluster(writes(b""), None, slots_in(tmp_path, 1), address))


def test_without_ray_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RayMissing, match=r"requirements-extras\.txt"):
        list(on_cluster(writes(b""), None, slots_in(tmp_path, 1), "auto"))
