"""Arrays in JSON and in msgpack: what the official server wrote, and what nobody should be able to send."""

import base64
import json
import pickle
from pathlib import Path

import msgpack
import numpy as np
import pytest

from oft_demo.serve import json_numpy, msgpack_numpy
from oft_demo.serve.arrays import MAX_PARTS, InvalidArray, InvalidMessage

CASE = Path(__file__).resolve().parents[1] / "cases" / "aloha_film"
PLAIN = (CASE / "act_response.json").read_text()
ENCODED = (CASE / "act_response_encoded.json").read_text()
DTYPES = ("|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8")


def in_json(data, dtype, shape):
    return json_numpy.loads(json.dumps({"__numpy__": base64.b64encode(data).decode(), "dtype": dtype, "shape": shape}))


def in_msgpack(data, dtype, shape):
    described = {b"__ndarray__": True, b"data": data, b"dtype": dtype, b"shape": shape}
    return msgpack_numpy.unpacked(msgpack.packb(described))


BOTH = pytest.mark.parametrize("read", [in_json, in_msgpack])


def test_recorded_answers_are_read_and_written_byte_for_byte():
    plain, encoded = json_numpy.loads(PLAIN), json_numpy.loads(json_numpy.loads(ENCODED))
    expected = np.load(CASE / "expected_fp32.npz")["q2_actions"]
    for rows in (plain, encoded):
        assert len(rows) == 25
        assert all(row.shape == (14,) and row.dtype.str == "<f8" for row in rows)
        assert np.allclose(np.stack(rows), expected, atol=1e-3)
    assert json_numpy.dumps(plain, compact=True) == PLAIN.strip()
    assert json_numpy.dumps(json_numpy.dumps(encoded), compact=True) == ENCODED.strip()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "travel",
    [
        lambda value: json_numpy.loads(json_numpy.dumps(value)),
        lambda v: msgpack_numpy.unpacked(msgpack_numpy.packed(v)),
    ],
)
def test_arrays_come_back_as_they_were(travel, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    sent = {"nested": [array, {"scalar": array[1, 2, 3], "text": "a"}], "turned": array.T}
    back = travel(sent)
    assert np.array_equal(back["nested"][0], array)
    assert back["nested"][0].dtype == array.dtype
    assert back["nested"][0].flags.writeable
    assert back["nested"][1]["scalar"] == array[1, 2, 3]
    assert np.array_equal(back["turned"], array.T)


@BOTH
def test_another_byte_order_is_turned_into_this_one(read):
    assert read(np.array([1.5, -2.0], ">f8").tobytes(), ">f8", [2]).tolist() == [1.5, -2.0]


@BOTH
@pytest.mark.parametrize("dtype", ["|O", "O", "|V8", "<c16", "<f16", "<U4", "<M8[s]", "i4,i4", "(4,)<f8", "float", 8])
def test_only_plain_numbers_are_read(read, dtype):
    with pytest.raises(InvalidArray, match="dtype"):
        read(pickle.dumps(print), dtype, [1])


@BOTH
@pytest.mark.parametrize("shape", [[3], [1], [-1], [2, 0], [True, 2], [2.0], "2", None, [2**62, 2**62], [1] * 40])
def test_a_shape_that_the_bytes_do_not_fill_is_refused(read, shape):
    with pytest.raises(InvalidArray):
        read(bytes(16), "<f8", shape)


@pytest.mark.parametrize("text", ["AAAA!AAAAAA=", "AAAAAAAAAAAA", "ééééééééééé=", 7, None])
def test_what_is_not_base64_is_refused(text):
    with pytest.raises(InvalidArray, match="data"):
        json_numpy.loads(json.dumps({"__numpy__": text, "dtype": "<f8", "shape": [1]}))


@pytest.mark.parametrize("text", ["", "{", "[" * 9000, b"\xff\xfe\xfa", "[" + "0," * MAX_PARTS + "0]"])
def test_what_is_not_json_or_too_much_of_it_is_refused(text):
    with pytest.raises(InvalidMessage):
        json_numpy.loads(text)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xc1",
        b"\x91" * 5000 + b"\x00",
        msgpack.packb(pickle.dumps(1)) + b"x",
        msgpack.packb(msgpack.ExtType(4, b"x")),
        msgpack.packb([0] * 2000),
        msgpack.packb([[[]] * 900] * 900),
    ],
)
def test_what_is_not_msgpack_or_too_much_of_it_is_refused(message):
    with pytest.raises(InvalidMessage):
        msgpack_numpy.unpacked(message)


@pytest.mark.parametrize("value", ["1", None, 300, [1]])
def test_a_scalar_has_to_fit_its_type(value):
    described = {b"__npgeneric__": True, b"data": value, b"dtype": "|u1"}
    with pytest.raises(InvalidArray):
        msgpack_numpy.unpacked(msgpack.packb(described))


@pytest.mark.parametrize("array", [np.array([None]), np.zeros(2, complex), np.zeros(2, "i4,i4"), np.array(["a"])])
@pytest.mark.parametrize("write", [json_numpy.dumps, msgpack_numpy.packed])
def test_only_plain_numbers_are_written(write, array):
    with pytest.raises(InvalidArray):
        write({"array": array})
