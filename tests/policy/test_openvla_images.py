"""The pictures of official policies, against those that TensorFlow made of the same frames."""

import logging
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from oft_demo.policy import jpeg
from oft_demo.policy.openvla_images import (
    UnusablePicture,
    center_crop,
    checked_picture,
    client_picture,
    jpeg_round_trip,
    lanczos3_resize,
    network_picture,
    resize_for_policy,
)

CASES = Path(__file__).parents[1] / "cases"
CAMERAS = {"cam_high": "full", "cam_left_wrist": "left_wrist", "cam_right_wrist": "right_wrist"}

every_case = pytest.mark.parametrize("case", ["aloha_film", "aloha_nofilm"])
every_camera = pytest.mark.parametrize("camera", CAMERAS)
needs_exact_jpeg = pytest.mark.skipif(not jpeg.exact_jpeg(), reason="simplejpeg cannot be imported")


def frame_of(case, camera):
    return np.array(Pillow.open(CASES / case / "inputs" / f"scene1_{camera}.png").convert("RGB"))


def recorded(case, name):
    with np.load(CASES / case / "expected_fp32.npz", allow_pickle=False) as arrays:
        return arrays[name]


def payload_of(camera):
    return recorded("aloha_film", f"q0_payload_{CAMERAS[camera]}_image")


def crop_of(case, camera):
    return recorded(case, f"q0_cropped_{list(CAMERAS).index(camera)}")


def difference(image, other):
    return np.abs(image.astype(int) - other)


def is_equal_but_for_ties(image, other):
    """The gate for pictures made from the cameras' frames."""
    off = difference(image, other)
    return off.max() <= 1 and (off > 0).mean() < 1e-3


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture
def without_simplejpeg(monkeypatch):
    def forget():
        jpeg._fast_decoder.cache_clear()
        jpeg._say_inexact.cache_clear()

    monkeypatch.setitem(sys.modules, "simplejpeg", None)
    forget()
    yield
    forget()


@needs_exact_jpeg
@every_camera
def test_a_client_sends_what_the_official_client_sent(camera):
    assert is_equal_but_for_ties(client_picture(frame_of("aloha_film", camera)), payload_of(camera))


@every_case
@every_camera
def test_the_network_sees_exactly_what_the_official_policy_saw_of_a_payload(case, camera):
    np.testing.assert_array_equal(network_picture(payload_of(camera)), crop_of(case, camera))
    np.testing.assert_array_equal(center_crop(payload_of(camera)), crop_of(case, camera))


@needs_exact_jpeg
@every_case
@every_camera
def test_the_network_sees_of_a_frame_what_the_official_policy_saw(case, camera):
    assert is_equal_but_for_ties(network_picture(client_picture(frame_of(case, camera))), crop_of(case, camera))


@pytest.mark.usefixtures("without_simplejpeg")
@every_camera
def test_the_gate_tells_an_accurate_cosine_transform_from_the_fast_one(camera):
    picture = client_picture(frame_of("aloha_film", camera))
    assert not is_equal_but_for_ties(picture, payload_of(camera))
    assert difference(picture, payload_of(camera)).mean() < 2, "the fallback is near"


@needs_exact_jpeg
@every_camera
def test_the_gate_tells_pillows_lanczos_from_tensorflows(camera):
    squashed = Pillow.fromarray(frame_of("aloha_film", camera)).resize((256, 256), Pillow.Resampling.BICUBIC)
    compressed = Pillow.fromarray(jpeg_round_trip(np.array(squashed)))
    picture = np.array(compressed.resize((224, 224), Pillow.Resampling.LANCZOS))
    assert not is_equal_but_for_ties(picture, payload_of(camera))


@pytest.mark.usefixtures("without_simplejpeg")
def test_a_missing_decoder_is_named_once_and_the_picture_is_still_near(caplog):
    image = np.array(Pillow.fromarray(noise(6, 8)).resize((64, 48), Pillow.Resampling.BICUBIC))
    with caplog.at_level(logging.WARNING):
        first, _ = jpeg_round_trip(image), jpeg_round_trip(image)
    assert not jpeg.exact_jpeg()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "simplejpeg" in caplog.text
    assert difference(first, image).mean() < 8


@needs_exact_jpeg
def test_an_exact_round_trip_says_nothing_and_loses_something(caplog):
    image = noise(48, 64)
    with caplog.at_level(logging.WARNING):
        assert (jpeg_round_trip(image) != image).any()
    assert not caplog.records


@pytest.mark.parametrize("value", [0, 1, 127, 254, 255])
@pytest.mark.parametrize("shape", [(480, 640), (224, 224), (31, 50)])
def test_a_uniform_grey_stays_what_it_is(shape, value):
    image = np.full((*shape, 3), value, np.uint8)
    for changed in (
        jpeg_round_trip(image),
        lanczos3_resize(image, 224),
        center_crop(image),
        resize_for_policy(image),
        client_picture(image),
        network_picture(image),
    ):
        np.testing.assert_array_equal(np.unique(changed), value)


def slow_lanczos3(line, size):
    """One line, tap by tap, in double precision."""
    scale = len(line) / size
    stretch = max(scale, 1)
    resampled = []
    for target in range(size):
        center = (target + 0.5) * scale
        taps = range(int(np.ceil(center - 3 * stretch - 0.5)), int(np.floor(center + 3 * stretch - 0.5)) + 1)
        inside = [tap for tap in taps if 0 <= tap < len(line)]
        distances = [(tap + 0.5 - center) / stretch for tap in inside]
        weights = [np.sinc(distance) * np.sinc(distance / 3) for distance in distances]
        resampled.append(np.dot(weights, line[inside]) / sum(weights))
    return np.clip(np.rint(resampled), 0, 255)


@pytest.mark.parametrize("height", [16, 100, 224, 480, 1000])
def test_lanczos_is_the_sum_over_its_taps_when_shrinking_and_when_growing(height):
    line = np.random.default_rng(1).integers(0, 256, height, np.uint8)
    upright = np.repeat(line[:, None, None], 40, axis=1).repeat(3, axis=2)
    off = difference(lanczos3_resize(upright, 224)[:, 7, 1], slow_lanczos3(line.astype(float), 224))
    assert off.max() <= 1
    assert (off > 0).mean() < 0.01
    lying = lanczos3_resize(upright.transpose(1, 0, 2), 224)
    assert difference(lying, lanczos3_resize(upright, 224).transpose(1, 0, 2)).max() <= 1


def test_a_picture_of_the_right_size_is_compressed_by_a_client_but_not_by_the_policy():
    image = noise(224, 224)
    np.testing.assert_array_equal(resize_for_policy(image), jpeg_round_trip(image))
    np.testing.assert_array_equal(network_picture(image, center_crop=False), image)


def test_a_picture_of_another_size_is_resized_before_the_crop():
    image = noise(256, 256)
    np.testing.assert_array_equal(network_picture(image, 64), center_crop(resize_for_policy(image, 64)))
    np.testing.assert_array_equal(network_picture(image, 64, center_crop=False), resize_for_policy(image, 64))


def test_the_crop_keeps_an_oblong_shape_and_magnifies_around_the_middle():
    image = np.zeros((60, 101, 3), np.uint8)
    image[:, 49:52] = 255
    cropped = center_crop(image)
    assert cropped.shape == image.shape
    np.testing.assert_array_equal(cropped, cropped[:, ::-1])
    assert cropped[:, 50].min() == 255
    assert center_crop(image)[0, :, 0].sum() > image[0, :, 0].sum()


def test_a_picture_given_as_a_rotated_view_is_read_as_it_looks():
    image = noise(80, 60)
    for change in (jpeg_round_trip, center_crop, client_picture, network_picture):
        np.testing.assert_array_equal(change(image[::-1, ::-1]), change(image[::-1, ::-1].copy()))


def test_pictures_are_left_as_they_are():
    image = noise(224, 224)
    image.flags.writeable = False
    before = image.copy()
    for change in (jpeg_round_trip, center_crop, resize_for_policy, client_picture, network_picture):
        changed = change(image)
        assert changed.dtype == np.uint8
        assert changed.flags.writeable
    unchanged = network_picture(image, center_crop=False)
    unchanged[:] = 0
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((32, 32, 3), np.float32),
        np.zeros((32, 32, 3), np.int64),
        np.zeros((32, 32), np.uint8),
        np.zeros((32, 32, 4), np.uint8),
        np.zeros((1, 32, 32, 3), np.uint8),
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((15, 32, 3), np.uint8),
        np.zeros((16, 4097, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused_with_what_was_found(picture):
    with pytest.raises(UnusablePicture) as refusal:
        checked_picture(picture)
    assert str(picture.dtype) in str(refusal.value)
    assert str(list(picture.shape)) in str(refusal.value)


@pytest.mark.parametrize(
    "change",
    [
        jpeg_round_trip,
        lambda picture: lanczos3_resize(picture, 224),
        center_crop,
        resize_for_policy,
        client_picture,
        network_picture,
    ],
)
def test_every_function_refuses_what_is_no_picture(change):
    with pytest.raises(UnusablePicture):
        change(np.zeros((15, 32, 3), np.uint8))
    with pytest.raises((UnusablePicture, TypeError)):  # a TypeError where signatures are checked at run time
        change(np.zeros((224, 224, 3), np.float32))
