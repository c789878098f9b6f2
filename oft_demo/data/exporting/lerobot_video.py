"""MP4 files of many episodes each, one camera: written picture by picture, a new file where one is full."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.stream import VideoStream

from oft_demo.types import Image

KEY_FRAME_EVERY = 2  # as LeRobot has it: training asks for single frames in random order
QUALITY = 23  # x264's constant rate factor
CODEC, PIXELS = "h264", "yuv420p"  # what every browser plays


@dataclass(frozen=True)
class Span:
    """Where the frames of an episode are."""

    file_index: int
    from_timestamp: float  # [s] in that file
    to_timestamp: float


class CameraVideo:
    """The files of one camera; episodes are never cut in two."""

    def __init__(self, directory: Path, pattern: str, size: tuple[int, int], fps: int, file_bytes: int):
        self._directory, self._pattern = directory, pattern
        self._size, self._fps, self._file_bytes = size, fps, file_bytes
        self._file_index, self._frames, self._start, self._bytes = -1, 0, 0, 0
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None

    def begin(self) -> None:
        """A new episode begins; in a new file where the one before is full."""
        if self._container is None or self._bytes >= self._file_bytes:
            self.close()
            self._open()
        self._start = self._frames

    def add(self, picture: Image) -> None:
        """The next moment of the episode."""
        assert self._container is not None
        assert self._stream is not None
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = self._frames
        if self._frames == self._start:
            frame.pict_type = PictureType.I
        self._frames += 1
        packets = self._stream.encode(frame)
        self._bytes += sum(packet.size for packet in packets)
        self._container.mux(packets)

    def end(self) -> Span:
        """Where the episode is that just ended."""
        return Span(self._file_index, self._start / self._fps, self._frames / self._fps)

    def close(self) -> None:
        """Finish the file."""
        container, stream, self._container, self._stream = self._container, self._stream, None, None
        if container is None or stream is None:
            return
        try:
            container.mux(stream.encode(None))
        finally:
            container.close()

    def _open(self) -> None:
        self._file_index, self._frames, self._bytes = self._file_index + 1, 0, 0
        path = self._directory / self._pattern.format(file_index=self._file_index)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "faststart"})
        # Without B frames the first picture has time 0 and no reader has to reorder.
        options = {"preset": "veryfast", "crf": str(QUALITY), "g": str(KEY_FRAME_EVERY), "bf": "0"}
        self._stream = self._container.add_stream("libx264", rate=Fraction(self._fps), options=options)
        self._stream.height, self._stream.width = self._size
        self._stream.pix_fmt = PIXELS
        self._stream.time_base = Fraction(1, self._fps)
        self._stream.codec_context.thread_count = 1


def decode(path: Path, start: float, stop: float) -> list[tuple[float, np.ndarray]]:
    """The pictures of a video from `start` to before `stop` [s], each with its time."""
    found = list[tuple[float, np.ndarray]]()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        container.seek(int(start / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            time = float((frame.pts or 0) * stream.time_base)
            if time >= stop - 1e-6:
                break
            if time >= start - 1e-6:
                found.append((time, frame.to_ndarray(format="rgb24")))
    return found
