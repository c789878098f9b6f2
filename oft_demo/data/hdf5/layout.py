"""Names, limits and the summary of an ALOHA HDF5 episode, shared by its writer and its readers.

What ACT and openvla-oft read:

    attribute sim = numpy.bool_(True)
    /observations/qpos            (t, 14) float32   [rad], grippers 0 closed .. 1 open
    /observations/qvel            (t, 14) float32
    /observations/effort          (t, 14) float32   openvla-oft stops without it
    /observations/images/<camera> (t, h, w, 3) uint8 RGB, one gzip chunk a frame
    /action                       (t, 14) float32   absolute targets; row t belongs to the observation at t

What is ours, all in one root group that those readers ignore:

    /oft_demo/states              (t, n) float64    Env.state() before each step
    /oft_demo/applied             (t, 14) float32   what was sent, execution noise included
    /oft_demo/valid               (t,) bool         False while a disturbance drives the arms
    /oft_demo/sources             (t,) uint8        who acted, as places in types.SOURCES; where several did
    /oft_demo/wall_times          (t,) float64      [s] real time since the first step, where it was taken
    /oft_demo/story               JSON text         {segments: [[first step, step after the last, words], ...],
                                                    events: [[step, kind, words], ...], provenance: {name: text}}
    attributes of /oft_demo: version, task, instruction, seed, success, score, source, named_object, control_hz,
    render_fingerprint, and `complete`, which is written last

Version 1 had neither sources nor wall_times nor a story.
"""

from dataclasses import dataclass

from oft_demo.types import Source

GROUP = "oft_demo"
FORMAT_VERSION = 2
JOINT_ARRAYS = {
    "qpos": "/observations/qpos",
    "qvel": "/observations/qvel",
    "effort": "/observations/effort",
    "action": "/action",
}
IMAGES = "/observations/images"

GZIP_LEVEL = 3  # as fast as level 1 on these pictures and a tenth smaller; level 4 takes twice the time
MAX_LENGTH = 100_000  # [control steps], 33 minutes
MAX_STATE_SIZE = 10_000  # numbers in one simulator state; the largest scene here has a few hundred
MAX_CAMERAS = 16
MAX_IMAGE_SIDE = 4096  # [pixels]
MAX_IMAGE_BYTES = 16 * 2**30  # [bytes] of all pictures of one episode once unpacked
MAX_STATE_BYTES = 256 * 2**20  # [bytes] of all states of one episode: 33 minutes of the largest scene here
MAX_JPEG_BYTES = 8 * 2**20  # [bytes] of one packed picture of another program's file
MAX_JPEG_PIXELS = 2**22
MAX_CHUNK_BYTES = 64 * 2**20  # [bytes] that one read must unpack at the least
MAX_CHUNKS = 2**20  # of one array
SMALL = 2**20  # [bytes] of an array that need not all be stored
MANY = 64 * 2**20  # [bytes] of pictures beyond which nobody believes that they are all of one colour
MAX_PICTURE_RATIO = 500  # to which so many pictures may be packed
MAX_TEXTS = 128 * 2**20  # [bytes] of a file that are none of its arrays: a text could be as long
MAX_NAME = 80  # [characters] of a camera
MAX_DEFLATE_RATIO = 1100  # zlib cannot pack more than 1032 to 1
MAX_TEXT = 10_000  # [characters] of one attribute
MAX_JSON = 4 * 2**20  # [bytes] of a story
MAX_NOTES = 10_000  # segments or events of one story
MAX_HZ = 1000  # control steps a second


@dataclass(frozen=True)
class EpisodeSummary:
    """What a list of episodes shows of one of them."""

    name: str  # file name without .hdf5
    task: str
    instruction: str
    seed: int
    success: bool
    score: float  # rubric points at the end, 0..100
    length: int  # control steps
    seconds: float
    source: Source
    has_pictures: bool
    size_bytes: int
    named_object: str | None = None
    cameras: tuple[str, ...] = ()
