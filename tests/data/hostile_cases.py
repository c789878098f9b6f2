"""Two hundred and fifty files that must not be taken in, each made by a function of its own."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import h5py
import numpy as np

from .hostile_making import (
    ARRAYS,
    CAMERAS,
    IMAGES,
    LENGTH,
    SIZE,
    Spoil,
    bomb,
    changed,
    jpeg,
    overwritten,
    raw,
    replaced,
    smashed,
    truncated,
    write_good,
    write_jpegs,
)

COUNT = 250
CAMERA = f"{IMAGES}/cam_high"
FF = b"\xff" * 8
JOINTS = np.ones((LENGTH, 14), np.float32)
PICTURES = np.ones((LENGTH, *SIZE, 3), np.uint8)


def cases() -> list[Spoil]:
    """All of them; files that were cut short make up the number."""
    makers = [*_bytes(), *_other_files(), *_types(), *_shapes(), *_sizes(), *_links(), *_elsewhere(), *_numbers()]
    makers += [*_missing(), *_filters(), *_names(), *_attributes(), *_ours(), *_jpegs()]
    missing = COUNT - len(makers)
    assert missing > 0
    return makers + [truncated((place + 0.5) / missing) for place in range(missing)]


def _bytes() -> Iterator[Spoil]:
    """Damage in what HDF5 keeps for itself."""
    for place in (0, 4, 8, 13, 14):  # signature, version, sizes of addresses
        yield overwritten(place, b"\x77")
    for place in (24, 40, 64):  # addresses: of the base, of the end, of the root group
        yield overwritten(place, FF)
        yield overwritten(place, struct.pack("<Q", 2**40 + place))
    for mark, count in ((b"TREE", 6), (b"SNOD", 3), (b"HEAP", 3)):
        for number in range(count):
            yield smashed(mark, number, b"\0\0\0\0")
    for mark, offset in ((b"SNOD", 8), (b"SNOD", 16), (b"TREE", 32), (b"HEAP", 24)):
        yield smashed(mark, 0, FF, offset)
        yield smashed(mark, 0, bytes(8), offset)
    for number in range(6):  # with checksums
        yield smashed(b"OHDR", number, b"\x55\xaa", offset=9, libver="latest")
    for place in (8, 9, 12, 20, 28, 36, 44):
        yield overwritten(place, b"\x5a\xa5", libver="latest")


def _other_files() -> Iterator[Spoil]:
    random = np.random.default_rng(1)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("action", "0")
    picture = cv2.imencode(".png", PICTURES[0])[1].tobytes()
    yield from map(raw, (b"", b"\0", b"an episode", bytes(2**20), packed.getvalue(), picture, zlib.compress(b"1")))
    yield raw(b"\x89HDF\r\n\x1a\n")
    yield raw(b"\x89HDF\r\n\x1a\n" + random.bytes(5000))
    yield raw(bytes(2**16) + b"\x89HDF\r\n\x1a\n")
    yield raw(random.bytes(10_000))
    yield raw(b"SQLite format 3\0" + bytes(4096))
    yield changed(lambda file: file.clear())


def _types() -> Iterator[Spoil]:
    count = (LENGTH, 14)
    for dtype in ("i4", "u1", "?", "c8", "S8", "V4", "g"):
        yield replaced("/observations/qpos", shape=count, dtype=dtype)
    for dtype in (
        h5py.string_dtype(),
        h5py.vlen_dtype(np.float32),
        h5py.ref_dtype,
        h5py.regionref_dtype,
        np.dtype([("a", "f4"), ("b", "f4", 1000)]),
        np.dtype(("f4", (2,))),
        h5py.enum_dtype({"a": 1, "b": 2}),
    ):
        yield replaced("/action", shape=count, dtype=dtype)
    for dtype in ("f4", "u2", "i1", "S3", h5py.string_dtype(), h5py.ref_dtype):
        yield replaced(CAMERA, shape=(LENGTH, *SIZE, 3), dtype=dtype)
    yield changed(lambda file: _referred(file))


def _referred(file: h5py.File) -> None:
    del file["/action"]
    file["/action"] = np.array([[file.ref] * 14] * LENGTH, h5py.ref_dtype)


def _shapes() -> Iterator[Spoil]:
    for shape in ((), (14,), (LENGTH, 13), (LENGTH, 15), (LENGTH, 14, 1), (0, 14), (LENGTH, 0), (1,) * 30):
        yield replaced("/action", shape=shape, dtype="f4")
    for length in (0, 1, LENGTH - 1, LENGTH + 1, 1000):
        yield replaced("/observations/qvel", shape=(length, 14), dtype="f4")
        yield replaced(CAMERA, shape=(length, *SIZE, 3), dtype="u1", chunks=True, maxshape=(None, *SIZE, 3))
    for shape in ((LENGTH, *SIZE), (LENGTH, *SIZE, 1), (LENGTH, *SIZE, 4), (LENGTH, 0, 32, 3), (LENGTH, 5000, 1, 3)):
        yield replaced(CAMERA, shape=shape, dtype="u1")
    yield replaced("/observations/qpos", data=h5py.Empty("f4"))
    yield replaced(CAMERA, data=h5py.Empty("u1"))


def _sizes() -> Iterator[Spoil]:
    """Declared, but not stored; or packed a thousand to one."""
    for shape in ((2**40, 14), (2**62, 14), (100_001, 14), (90_000, 14)):
        yield replaced("/action", shape=shape, dtype="f4", chunks=(1, 14))
    for shape in ((LENGTH, 4096, 4096, 3), (2**40, 480, 640, 3), (LENGTH, 2**30, 2**30, 3)):
        yield replaced(CAMERA, shape=shape, dtype="u1", chunks=(1, 16, 16, 3))
    yield replaced(
        CAMERA, shape=(LENGTH, 4000, 4000, 3), dtype="u1", compression="gzip", chunks=(LENGTH, 4000, 4000, 3)
    )
    yield bomb(CAMERA, (LENGTH, *SIZE, 3), (1, *SIZE, 3), "u1", 300 * 2**20)
    yield bomb(CAMERA, (LENGTH, *SIZE, 3), (LENGTH, 5, 7, 2), "u1", 100 * 2**20)
    yield bomb("/action", (LENGTH, 14), (LENGTH, 14), "f4", 200 * 2**20)
    yield bomb("/observations/effort", (LENGTH, 14), (2, 14), "f4", 100 * 2**20)
    yield _dark
    yield changed(lambda file: _same_camera_often(file))


def _dark(path: Path) -> None:
    """Gigabytes of black pictures in a file of a few megabytes."""
    length, side = 100, 2048
    with h5py.File(path, "w") as file:
        for where in ARRAYS.values():
            file[where] = np.ones((length, 14), np.float32)
        black = file.create_dataset(CAMERA, (length, side, side, 3), "u1", chunks=(1, side, side, 3), compression=9)
        packed = zlib.compress(bytes(side * side * 3), 9)
        for index in range(length):
            black.id.write_direct_chunk((index, 0, 0, 0), packed)


def _same_camera_often(file: h5py.File) -> None:
    del file[CAMERA]
    file.create_dataset(CAMERA, data=np.random.default_rng(2).integers(0, 255, (LENGTH, 200, 200, 3), "u1"))
    for number in range(13):
        file[f"{IMAGES}/cam_{number}"] = file[CAMERA]


def _links() -> Iterator[Spoil]:
    for where in ("/action", "/observations", "/observations/qpos", IMAGES, CAMERA, "/oft_demo"):
        yield _linked(where, h5py.SoftLink("/observations/qvel"))
        yield _linked(where, h5py.SoftLink(where))
        yield _linked(where, h5py.ExternalLink("/etc/passwd", "/"))
    yield _linked(IMAGES, h5py.SoftLink("/"))
    yield changed(lambda file: _cyclic(file))


def _linked(where: str, link: object) -> Spoil:
    def change(file: h5py.File) -> None:
        if where in file:
            del file[where]
        file[where] = link

    return changed(change)


def _cyclic(file: h5py.File) -> None:
    del file[IMAGES]
    file[IMAGES] = file["/observations"]


def _elsewhere() -> Iterator[Spoil]:
    """Data in other files of the machine."""
    for where, shape, dtype in (
        ("/action", (LENGTH, 14), "f4"),
        (CAMERA, (LENGTH, *SIZE, 3), "u1"),
    ):
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        yield replaced(where, shape=shape, dtype=dtype, external=[("/etc/passwd", 0, size)])
        yield changed(lambda file, each=(where, shape, dtype): _virtual(file, *each))
        yield changed(lambda file, each=(where, shape, dtype): _virtual(file, *each, growing=True))


def _virtual(file: h5py.File, where: str, shape: tuple[int, ...], dtype: str, growing: bool = False) -> None:
    del file[where]
    most = (None, *shape[1:]) if growing else shape
    layout = h5py.VirtualLayout(shape, dtype, maxshape=most)
    source = h5py.VirtualSource("other.hdf5", where, shape, dtype, maxshape=most)
    if growing:
        layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
    else:
        layout[:] = source
    file.create_virtual_dataset(where, layout)


def _numbers() -> Iterator[Spoil]:
    for number, where in enumerate(ARRAYS.values()):
        for value in (np.nan, np.inf, -np.inf)[: 3 - number % 2]:
            wrong = JOINTS.copy()
            wrong[number, 3 * number] = value
            yield replaced(where, data=wrong)
    wrong = JOINTS.astype(np.float64)
    wrong[3, 3] = 1e300  # infinite as float32
    yield replaced("/action", data=wrong)


def _missing() -> Iterator[Spoil]:
    for where in ("/action", "/observations", "/observations/qpos", "/observations/qvel"):
        yield changed(lambda file, where=where: file.pop(where))
        yield changed(lambda file, where=where: (file.pop(where), file.create_group(where)))
    yield replaced(IMAGES, data=PICTURES)
    yield replaced("/observations", data=JOINTS)
    yield changed(lambda file: file.create_group(f"{IMAGES}/more"))
    yield _type_at("/action")
    yield _type_at(CAMERA)


def _type_at(where: str) -> Spoil:
    return _linked(where, np.dtype("f4"))


def _filters() -> Iterator[Spoil]:
    yield replaced("/action", data=JOINTS, chunks=(1, 14), compression="lzf")
    yield replaced(CAMERA, data=PICTURES, chunks=(1, *SIZE, 3), scaleoffset=4)
    yield changed(lambda file: _filtered(file, (1, 1)))  # packed twice
    yield changed(lambda file: _filtered(file, (32_004,)))  # LZ4
    yield changed(lambda file: _filtered(file, (1, 60_000)))
    yield changed(lambda file: _damaged_chunk(file, b"no packed picture"))
    yield changed(lambda file: _damaged_chunk(file, zlib.compress(bytes(100))))
    yield changed(lambda file: _damaged_chunk(file, b"\0"))


def _filtered(file: h5py.File, filters: tuple[int, ...]) -> None:
    del file[CAMERA]
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((1, *SIZE, 3))
    for code in filters:
        plist.set_filter(code, h5py.h5z.FLAG_OPTIONAL, (4,))
    space = h5py.h5s.create_simple(PICTURES.shape)
    array = h5py.h5d.create(file[IMAGES].id, b"cam_high", h5py.h5t.STD_U8LE, space, plist)
    for index in range(LENGTH):
        array.write_direct_chunk((index, 0, 0, 0), zlib.compress(zlib.compress(PICTURES[index].tobytes())))


def _damaged_chunk(file: h5py.File, content: bytes) -> None:
    file[CAMERA].id.write_direct_chunk((LENGTH // 2, 0, 0, 0), content)


def _names() -> Iterator[Spoil]:
    for name in ("a\nb", "..", "x" * 5000, "\x1b[31mred", "cam\u202egnp.high"):
        yield changed(lambda file, name=name: file[IMAGES].move("cam_high", name))
    yield changed(lambda file: file.move(CAMERA, f"{IMAGES}/{'deep/' * 500}cam_high"))
    yield changed(lambda file: [file.create_group(f"{IMAGES}/{number}") for number in range(3000)])
    yield changed(lambda file: _renamed(file[IMAGES], b"\xff\xfe"))


def _renamed(images: h5py.Group, name: bytes) -> None:
    images.id.links.create_hard(name, images.id, b"cam_high")
    del images["cam_high"]


def _attributes() -> Iterator[Spoil]:
    for value in (np.ones(10), "yes", np.nan, np.zeros(2**12), h5py.Empty("i4"), np.void(b"1")):
        yield changed(lambda file, value=value: file.attrs.create("compress", value))
    yield changed(lambda file: file.attrs.create("compress", np.bytes_(b"x" * 60_000)))
    yield changed(lambda file: file.attrs.create("compress", file.ref, dtype=h5py.ref_dtype))


def _ours() -> Iterator[Spoil]:
    """Files that pretend to be of this program."""
    good = {
        "version": 2,
        "task": "sorting",
        "instruction": "sort",
        "seed": 1,
        "success": True,
        "score": 1.0,
        "source": "human",
        "named_object": "",
        "control_hz": 50,
        "render_fingerprint": "",
        "complete": True,
    }
    for name, value in (
        ("version", 99),
        ("seed", np.inf),
        ("source", "a stranger"),
        ("control_hz", -50),
        ("task", "x" * 60_000),
        ("instruction", ["put"] * 5),
        ("complete", False),
        ("score", "100"),
    ):
        yield changed(lambda file, labels={**good, name: value}: _pretended(file, labels))
    for story in (b"[" * 100_000, b'{"segments": 5}', b'{"segments": [], "events": [], "provenance": {"a": 1}}'):
        yield changed(lambda file, story=story: _pretended(file, good, story=np.bytes_(story)))
    yield changed(lambda file: _pretended(file, {**good, "task": "x" * (150 * 2**20)}))
    yield changed(lambda file: _pretended(file, good, sources=np.full(LENGTH, 200, np.uint8)))
    yield changed(lambda file: _pretended(file, good, states=np.full((LENGTH, 3), np.nan)))
    yield changed(lambda file: _pretended(file, good, valid=np.zeros(LENGTH + 1, bool)))
    yield _many_states


def _pretended(file: h5py.File, labels: dict[str, object], **arrays: object) -> None:
    ours = file.create_group("oft_demo")
    ours.attrs.update(labels)
    whole = {"states": np.ones((LENGTH, 3)), "applied": JOINTS, "valid": np.ones(LENGTH, bool), **arrays}
    for name, data in whole.items():
        ours[name] = data


def _many_states(path: Path) -> None:
    """A simulator state as large as nobody has one, packed well."""
    write_good(path)
    with h5py.File(path, "a") as file:
        labels = {"version": 1, "seed": 1, "success": True, "score": 1.0, "control_hz": 50, "complete": True}
        texts = {"task": "", "instruction": "", "source": "human", "named_object": "", "render_fingerprint": ""}
        length = 100_000
        for where in ARRAYS.values():
            del file[where]
            file[where] = np.ones((length, 14), np.float32)
        del file[IMAGES]
        _pretended(file, labels | texts, applied=np.ones((length, 14), np.float32), valid=np.ones(length, bool))
        del file["oft_demo/states"]
        states = file.create_dataset("oft_demo/states", (length, 10_000), "f8", chunks=(100, 10_000), compression=9)
        packed = zlib.compress(bytes(8_000_000), 9)
        for start in range(0, length, 100):
            states.id.write_direct_chunk((start, 0), packed)


def _jpegs() -> Iterator[Spoil]:
    good = jpeg(PICTURES[0])
    frame = good.index(b"\xff\xc0")

    def declared(height: int, width: int) -> bytes:
        return good[: frame + 5] + struct.pack(">HH", height, width) + good[frame + 9 :]

    scan = good[good.index(b"\xff\xda") : -2]
    for content in (
        b"",
        b"no picture",
        good[:-40] if len(good) > 700 else good[: frame + 4],
        declared(65535, 65535),
        declared(0, 32),
        declared(4097, 1),
        declared(4000, 4000),
        jpeg(PICTURES[0], cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        good[:-2] + scan * 5000 + good[-2:],
        good[:2] + b"\xff\xe0\0\0" + good[2:],
        good[:2] + b"\xff\xe0\xff\xff" + good[2:],
        cv2.imencode(".png", PICTURES[0])[1].tobytes(),
    ):
        yield lambda path, content=content: write_jpegs(path, {0: content})
    other = jpeg(np.ones((48, 64, 3), np.uint8))
    yield lambda path: write_jpegs(path, {LENGTH - 1: other})
    for wrong in (-1.0, np.nan, 1e9, 0.5):
        lengths = np.full((len(CAMERAS), LENGTH), 600, np.float32)
        lengths[1, 3] = wrong
        yield lambda path, lengths=lengths: write_jpegs(path, lengths=lengths)
    yield lambda path: write_jpegs(path, lengths=np.ones((1, 1), np.float32))
    yield lambda path: write_jpegs(path, lengths=np.array([b"1"]))
    yield _endless_jpegs


def _endless_jpegs(path: Path) -> None:
    """Rows that are declared, not stored."""
    write_jpegs(path)
    with h5py.File(path, "a") as file:
        del file[CAMERA]
        file.create_dataset(CAMERA, (LENGTH, 2**40), "u1", chunks=(1, 2**20))
