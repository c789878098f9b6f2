"""What happened in one run: what the inspector draws, and what every chunk was predicted from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from oft_demo.inspection import find
from oft_demo.sim import AlohaEnv
from oft_demo.studio.board import Board
from oft_demo.studio.screen import jpegs
from oft_demo.types import CONTROL_HZ, JOINT_NAMES, POLICY_HZ, ActionChunk, Step

STRIDE = CONTROL_HZ // POLICY_HZ  # plots at 50 Hz would only be heavier
BLOCK = 5  # rows that are sent together: five times a second
DIGITS = 4  # a tenth of a milliradian
SAMPLES_BEFORE = 3  # executed targets that a chunk's jerk is counted from


@dataclass(frozen=True)
class LoggedChunk:
    """A chunk, when it was predicted and from what."""

    step: int  # the control step at which it was predicted
    time: float  # [s]
    chunk: ActionChunk
    pictures: Mapping[str, bytes]  # JPEG by camera


class RunLog:
    """Takes in the steps of a run and passes them on to the inspector's slot."""

    def __init__(self, board: Board, slot: str, env: AlohaEnv, header: Mapping[str, Any]):
        """`header` is what the page is told of the run beside joints and their limits."""
        self._board = board
        self._slot = slot
        self._limits = env.joint_limits
        self._rows: list[Step] = []
        self._executed: list[np.ndarray] = []
        self._instruction = ""
        self.chunks: list[LoggedChunk] = []
        limits = np.round(self._limits, DIGITS).tolist()
        board.begin(slot, {"joints": JOINT_NAMES, "limits": limits, **header})

    def add(self, step: Step) -> None:
        """Take in one control step."""
        if step.chunk is not None:
            self._chunk(step, step.chunk)
        if step.index % STRIDE == 0:
            self._rows.append(step)
            self._executed = [*self._executed[1 - SAMPLES_BEFORE :], step.target]
        if len(self._rows) >= BLOCK:
            self.flush()

    def flush(self) -> None:
        """Send the rows that are waiting for their block to fill."""
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        self._board.append(
            self._slot,
            {
                "kind": "rows",
                "t": [round(step.time, 3) for step in rows],
                "measured": [np.round(step.joints.astype(float), DIGITS).tolist() for step in rows],
                "executed": [np.round(step.target.astype(float), DIGITS).tolist() for step in rows],
                "chunk": [step.chunk_index for step in rows],
                "row": [step.row for step in rows],
            },
        )

    def end(self, time: float, verdict: str, success: bool) -> None:
        """Nothing more will come."""
        self.flush()
        self._board.append(self._slot, {"kind": "end", "t": round(time, 3), "verdict": verdict, "success": success})

    @property
    def spent_ms(self) -> float:
        """Time that the policy took for all chunks but the last, which is yet to be carried out; pictures included."""
        latencies = [each.chunk.latency_ms for each in self.chunks[:-1]]
        return sum(latency["total"] + latency["render"] for latency in latencies)

    def _chunk(self, step: Step, chunk: ActionChunk) -> None:
        self.flush()
        seen = step.observation.images if step.observation is not None else {}
        self.chunks.append(LoggedChunk(step.index, step.time, chunk, jpegs(seen)))
        if self._instruction and chunk.instruction != self._instruction:
            said = {"kind": "said", "t": round(step.time, 3), "instruction": chunk.instruction}
            self._board.append(self._slot, said)
        self._instruction = chunk.instruction
        before = np.stack(self._executed) if self._executed else step.joints[None]
        self._board.append(
            self._slot,
            {
                "kind": "chunk",
                "index": step.chunk_index,
                "t": round(step.time, 3),
                "dt": chunk.dt,
                "targets": np.round(chunk.targets.astype(float), DIGITS).tolist(),
                "instruction": chunk.instruction,
                "latency": {stage: round(ms, 2) for stage, ms in chunk.latency_ms.items()},
                "findings": find(chunk.targets, chunk.dt, before, self._limits).as_json(),
            },
        )
