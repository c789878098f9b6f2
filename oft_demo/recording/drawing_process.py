"""The program of a process that draws: a line of JSON in, a line of JSON out, until nobody asks any more."""

import json
import os
import sys
import traceback
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from jaxtyping import Float64

from oft_demo import sim
from oft_demo.data.hdf5.packing import pack, write_block
from oft_demo.errors import OftDemoError
from oft_demo.pictures import draw_states, fingerprint_at

NICENESS = 10  # a person who drives meanwhile must not notice


def main() -> None:
    """Answer until the questions end, which they do with the app at the latest."""
    os.nice(NICENESS)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    serve(sys.stdin, answers)


def serve(questions: TextIO, answers: TextIO) -> None:
    """Answer each line."""
    for line in questions:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked; errors travel as {"error": sentence} or {"errno": number}."""
    try:
        size = (int(question["size"][0]), int(question["size"][1]))
        if question["do"] == "fingerprint":
            return {"fingerprint": fingerprint_at(_env(question["task"]), size)}
        states = _states(question["states"])[question["start"] : question["stop"]]
        frames = list(_packed(question["task"], states, tuple(question["cameras"]), size))
        write_block(Path(question["block"]), question["key"], frames)
        return {"drawn": len(frames)}
    except OSError as error:
        return {"errno": error.errno or 0, "error": str(error)}
    except OftDemoError as error:
        return {"error": str(error)}
    except Exception:
        return {"error": traceback.format_exc()}


def _packed(
    task: str, states: Float64[np.ndarray, "t n"], cameras: tuple[str, ...], size: tuple[int, int]
) -> Iterator[dict[str, bytes]]:
    for pictures in draw_states(_env(task), states, cameras, size):
        yield {camera: pack(picture) for camera, picture in pictures.items()}


@lru_cache(maxsize=1)
def _states(path: str) -> Float64[np.ndarray, "t n"]:
    return np.load(path, mmap_mode="r", allow_pickle=False)


@lru_cache(maxsize=1)
def _env(task: str) -> sim.AlohaEnv:
    return sim.make_env(task)


if __name__ == "__main__":
    main()
