"""Facts that weights leave open: presets, policy.json, and what is concluded without it."""

import json
from dataclasses import replace

import pytest

from oft_demo.errors import InvalidCheckpoint
from oft_demo.policy.official import PRESETS, UnknownPlatform, facts_of, is_official


def say(case, **values):
    (case.directory / "policy.json").write_text(json.dumps(values))


def test_presets_are_the_published_constants():
    found = {name: (f.chunk_length, f.action_dim, f.proprio_dim, f.normalization) for name, f in PRESETS.items()}
    assert found == {
        "aloha": (25, 14, 14, "bounds"),
        "libero": (8, 7, 8, "bounds_q99"),
        "bridge": (5, 7, 7, "bounds_q99"),
    }
    assert [name for name, facts in PRESETS.items() if facts.film] == ["aloha"]
    assert all(len(facts.cameras) == facts.images and facts.platform == name for name, facts in PRESETS.items())


def test_fourteen_values_are_aloha(film_case, plain_case):
    assert facts_of(film_case.directory) == PRESETS["aloha"]
    film_case.read_as_found()
    with pytest.raises(InvalidCheckpoint, match=r'no vision_backbone--.*write "film": false into policy\.json'):
        plain_case.read_as_found()
    say(plain_case, film=False)
    assert facts_of(plain_case.directory) == replace(PRESETS["aloha"], film=False)
    plain_case.read_as_found()


def test_other_robots_must_be_named(write):
    case = write(preset="libero")
    (case.directory / "policy.json").unlink()
    with pytest.raises(
        UnknownPlatform, match=r'head of 7 values and no policy\.json.*\{"preset": "libero".*"bridge" \(K 5'
    ):
        facts_of(case.directory)
    case.path("action_head").unlink()
    with pytest.raises(UnknownPlatform, match="no action head and no policy"):
        facts_of(case.directory)


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_written_down_is_read_again(write, preset):
    case = write(preset=preset)
    assert facts_of(case.directory) == PRESETS[preset]
    assert case.read_as_found().settings.cameras == PRESETS[preset].cameras
    case = write("other", preset=preset, film=True, proprio=False, images=1, cameras=("front",), lora_alpha=8)
    assert facts_of(case.directory) == case.facts
    checkpoint = case.read_as_found()
    assert (checkpoint.config.images, checkpoint.config.film, checkpoint.config.proprio) == (1, True, False)


def test_every_fact_may_be_said(film_case):
    said = {
        "preset": "libero",
        "chunk_length": 4,
        "action_dim": 6,
        "proprio_dim": 5,
        "images": 1,
        "normalization": "bounds",
        "head": "diffusion",
        "film": True,
        "proprio": False,
        "cameras": ["front"],
        "control_hz": 12.5,
        "center_crop": False,
        "denoising_steps": 10,
        "lora_alpha": 4,
        "unnorm_key": "mine",
        "platform": "desk",
    }
    say(film_case, **said)
    facts = facts_of(film_case.directory)
    assert {name: getattr(facts, name) for name in said if name != "preset"} == {
        **{name: value for name, value in said.items() if name != "preset"},
        "cameras": ("front",),
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"preset": "franka"}, "policy.json with the preset 'franka'; expected one of aloha, libero, bridge"),
        ({"preset": ["aloha"]}, "policy.json that does not fit"),
        ({"surprise": 1}, "surprise is none of preset, chunk_length"),
        ({"film": "no"}, "film is 'no', not of type bool"),
        ({"film": 1}, "film is 1, not of type bool"),
        ({"chunk_length": True}, "chunk_length is True, not of type int"),
        ({"chunk_length": 10**9}, "chunk_length is 1000000000, not 1 to 1000"),
        ({"images": 2}, "cameras are cam_high, cam_left_wrist, cam_right_wrist, but images is 2"),
        ({"cameras": ["a", "a", "a"]}, "but images is 3"),
        ({"cameras": [1, 2, 3]}, "cameras are names"),
        ({"head": "l2"}, "head is 'l2', not one of l1, diffusion"),
        ({"head": "autoregressive"}, "says one row: write 1"),
        ({"normalization": "z"}, "not bounds or bounds_q99"),
        ({"lora_alpha": 0}, "lora_alpha is 0"),
        ({"denoising_steps": 51}, "denoising_steps is 51, not 1 to 50"),
        ({"control_hz": float("nan")}, "control_hz is nan"),
        ({"unnorm_key": 3}, "unnorm_key is 3, not of type str or null"),
    ],
)
def test_facts_that_cannot_be_are_refused(film_case, values, message):
    say(film_case, **values)
    with pytest.raises(InvalidCheckpoint, match=message):
        facts_of(film_case.directory)


def test_official_directories_are_told_from_others(film_case, tmp_path):
    assert is_official(film_case.directory)
    assert not is_official(tmp_path / "nowhere")
    film_case.edit("config.json", lambda values: values.update(model_type="llama"))
    assert not is_official(film_case.directory)
    (film_case.directory / "config.json").write_text("{")
    assert not is_official(film_case.directory)


def test_sizes_that_config_json_leaves_out_are_the_usual_ones(plain_case):
    checkpoint = plain_case.read()
    assert (checkpoint.config.language.norm_epsilon, checkpoint.config.language.rope_theta) == (1e-6, 10000)
    assert checkpoint.config.featurizer.mean == (0.484375, 0.455078125, 0.40625)
    assert checkpoint.config.featurizer.std == (0.228515625, 0.2236328125, 0.224609375)
    changed = plain_case.read(norm_epsilon=1e-4, rope_theta=500.0).config.language
    assert (changed.norm_epsilon, changed.rope_theta) == (1e-4, 500)
    plain_case.edit("config.json", lambda v: v["text_config"].update(rms_norm_eps=1e-5, rope_theta=20000.0))
    said = plain_case.read(norm_epsilon=1e-4, rope_theta=500.0).config.language
    assert (said.norm_epsilon, said.rope_theta) == (1e-5, 20000)


def test_means_are_read_where_nothing_overrides_them(plain_case):
    plain_case.edit("preprocessor_config.json", lambda values: values.pop("tvf_normalize_params"))
    config = plain_case.read().config
    assert config.featurizer.mean == (0.485, 0.456, 0.406)
    assert config.fused_featurizer.std == (0.5, 0.5, 0.5)


def test_policy_json_says_which_of_several_steps_is_meant(film_case):
    for name in ("action_head", "proprio_projector", "vision_backbone"):
        file = film_case.directory / f"{name}--100000_checkpoint.pt"
        (film_case.directory / f"{name}--latest_checkpoint.pt").write_bytes(file.read_bytes())
    (film_case.directory / "policy.json").write_text('{"preset": "aloha"}')
    with pytest.raises(InvalidCheckpoint, match=r'"step" in policy\.json, one of 100000, latest'):
        film_case.read_as_found()
    for step in ("latest", 100000):
        (film_case.directory / "policy.json").write_text(json.dumps({"preset": "aloha", "step": step}))
        assert film_case.read_as_found().model.parameter_count > 0
