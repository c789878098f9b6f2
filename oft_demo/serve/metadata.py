"""What a server says of the policy that it serves."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from oft_demo.errors import OftDemoError

LONGEST_NAME = 200  # [characters]
MOST_CAMERAS = 16
MOST_FACTS = 16
LARGEST = 10_000  # of any size
PROTOCOLS = ("act", "openpi")
SIZES = ("chunk_length", "action_dim", "proprio_dim", "replan_after", "image_size")


class InvalidMetadata(OftDemoError):
    """A server that describes its policy in a way that makes no sense."""

    def __init__(self, key: str, found: object):
        super().__init__(f"The server's metadata has {key} = {found!r:.80}, which makes no sense.")


class Described(Protocol):
    """A policy that can say what it is."""

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def cameras(self) -> tuple[str, ...]: ...
    @property
    def chunk_length(self) -> int: ...
    @property
    def action_dim(self) -> int: ...
    @property
    def proprio_dim(self) -> int: ...
    @property
    def replan_after(self) -> int: ...
    @property
    def image_size(self) -> int: ...
    @property
    def film(self) -> bool: ...
    @property
    def pictures(self) -> str: ...
    @property
    def about(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class Metadata:
    """The facts about a served policy that its client needs."""

    name: str
    fingerprint: str  # of the weights
    cameras: tuple[str, ...]  # in the order in which the policy wants its pictures
    chunk_length: int
    action_dim: int
    proprio_dim: int
    replan_after: int  # rows to carry out before asking again
    image_size: int  # [pixels] per side, of what the network sees
    film: bool
    pictures: str  # "openvla": send what the official client would send; otherwise camera pictures as they are
    protocols: tuple[str, ...] = PROTOCOLS
    about: Mapping[str, str] = field(default_factory=dict[str, str])  # for people: sizes, statistics, device

    @classmethod
    def of(cls, policy: Described) -> "Metadata":
        """Ask the policy itself."""
        return cls(
            name=policy.name,
            fingerprint=policy.fingerprint,
            cameras=tuple(policy.cameras),
            film=policy.film,
            pictures=policy.pictures,
            about=dict(policy.about),
            **{size: getattr(policy, size) for size in SIZES},
        )

    def values(self) -> dict[str, object]:
        """Plain values, for JSON and msgpack."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def parse(cls, found: dict[str, Any]) -> "Metadata":
        """Read what `values` made, from a server that is not trusted; raises InvalidMetadata."""
        for key in ("name", "fingerprint", "pictures"):
            _check(key, found, _is_name(found.get(key)))
        for key in ("cameras", "protocols"):
            names = found.get(key)
            _check(key, found, isinstance(names, list) and 0 < len(names) <= MOST_CAMERAS and all(map(_is_name, names)))
        for key in SIZES:
            least = 0 if key == "proprio_dim" else 1
            _check(key, found, type(found.get(key)) is int and least <= found[key] <= LARGEST)
        _check("film", found, type(found.get("film")) is bool)
        about = found.get("about", {})
        right = isinstance(about, dict) and len(about) <= MOST_FACTS
        _check("about", found, right and all(map(_is_name, (*about, *about.values()))))
        lists = {key: tuple(found[key]) for key in ("cameras", "protocols")}
        return cls(
            **lists, about=about, **{key: found[key] for key in ("name", "fingerprint", "pictures", "film", *SIZES)}
        )


def is_ours(found: object) -> bool:
    """Whether a description is in the form of this project's server; openpi's carries what its author liked."""
    return isinstance(found, dict) and {"protocols", "cameras", "fingerprint"} <= found.keys()


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_NAME and value.isprintable()


def _check(key: str, found: dict[str, Any], right: bool) -> None:
    if not right:
        raise InvalidMetadata(key, found.get(key))
