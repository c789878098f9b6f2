"""Stands in for the program that draws: no MuJoCo, pictures that follow from the states."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from oft_demo.data.hdf5.packing import pack, write_block

SLOWNESS = "FAKE_DRAWING_SECONDS"  # environment: seconds a block
DIES = "FAKE_DRAWING_DIES"  # environment: a file; as long as it exists, the process that finds it removes it and dies
REFUSES = "FAKE_DRAWING_ERRNO"  # environment: an error number of the disk


def picture_of(state: np.ndarray, camera: str, size: tuple[int, int]) -> np.ndarray:
    """What the fake program draws: a picture that no other state and no other camera has."""
    first = int(abs(state).sum() * 7 + sum(camera.encode())) % 251
    return ((np.arange(size[0] * size[1] * 3) + first) % 256).astype(np.uint8).reshape(*size, 3)


def answer(question):
    if question["do"] == "fingerprint":
        return {"fingerprint": f"fake {question['size']}"}
    time.sleep(float(os.environ.get(SLOWNESS, "0")))
    dies = os.environ.get(DIES)
    if dies and Path(dies).exists():
        if dies.endswith(".once"):
            Path(dies).unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    if REFUSES in os.environ:
        return {"errno": int(os.environ[REFUSES]), "error": "refused"}
    states = np.load(question["states"])[question["start"] : question["stop"]]
    size = tuple(question["size"])
    frames = [{camera: pack(picture_of(state, camera, size)) for camera in question["cameras"]} for state in states]
    try:
        write_block(Path(question["block"]), question["key"], frames)
    except OSError as error:
        return {"errno": error.errno, "error": str(error)}
    return {"drawn": len(frames)}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
