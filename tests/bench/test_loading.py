"""Loading, measured in a process of its own."""

from oft_demo.bench import loading as bench_loading
from oft_demo.policy import official
from oft_demo.policy.official.synthetic import write_random


def test_what_a_process_of_its_own_held_is_told(tmp_path, small):
    facts = official.PRESETS["aloha"]
    sizes = {"chunk_length": facts.chunk_length, "action_dim": 14, "proprio_dim": 14, "images": 3, "film": True}
    config = bench_loading.replace(small, **sizes)
    write_random(tmp_path / "random", config, facts)
    loaded = bench_loading.in_own_process(tmp_path / "random")
    assert loaded.network_bytes == 2 * official.read(tmp_path / "random").model.parameter_count
    assert loaded.peak_bytes >= loaded.base_bytes > 0
    assert loaded.seconds > 0


def test_the_published_widths_stay_where_layers_are_left_out():
    config = bench_loading.published_widths(2)
    assert (config.language.layers, config.language.width, config.featurizer.width) == (2, 4096, 1024)
