"""Frames of the scene of squares, and a network small enough to learn them in seconds."""

import pytest
from squares import SIZE, SquareScene, make_episode

from oft_demo.data.hdf5.writing import write_episode
from oft_demo.policy import LlamaConfig, OftConfig, VitConfig
from oft_demo.train.cache import FrameCache
from oft_demo.train.frames import FrameSettings, build_cache
from oft_demo.train.recipe import TrainSettings


@pytest.fixture
def frame_settings():
    return FrameSettings(image_size=SIZE, frames_per_episode=6, chunk_length=5)


@pytest.fixture
def episodes(tmp_path):
    """A directory of eight episodes."""
    directory = tmp_path / "episodes"
    directory.mkdir()
    for seed in range(8):
        write_episode(directory / f"episode_{seed}.hdf5", make_episode(seed))
    return directory


@pytest.fixture
def frames(episodes, tmp_path, frame_settings):
    """The directory of their frames."""
    list(build_cache(episodes, tmp_path / "frames", frame_settings, workers=1, open_scene=SquareScene))
    return tmp_path / "frames"


@pytest.fixture
def cache(frames):
    return FrameCache(frames)


@pytest.fixture
def config():
    tower = VitConfig(
        width=16,
        heads=2,
        mlp_width=24,
        blocks_used=1,
        patch=4,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        positions="sincos2d",
    )
    language = LlamaConfig(width=16, heads=2, layers=2, mlp_width=32, vocabulary=0, embedding_std=0.5)
    return OftConfig(SIZE, tower, tower, language, chunk_length=5, slots="per_step", learned_slots=True)


@pytest.fixture
def settings():
    return TrainSettings(
        grounding_steps=3,
        imitation_steps=3,
        batch_size=4,
        warmup_steps=2,
        replan_after=3,
        validation_frames=6,
        validate_every=2,
        validation_share=0.2,
    )
