"""Which policies there are to choose from, and which of them a name stands for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from .errors import OftDemoError, UnknownName
from .serve import InvalidAddress, address
from .settings import Settings

EXPERT = "expert"
FILM_OFF = ":film-off"  # behind the name of a policy: the same weights with gamma = beta = 0
FAVOURITES = ("aloha-mini", "aloha-mini-nofilm", f"aloha-mini{FILM_OFF}")  # in this order at the top of the list
MAX_ADDRESS = 200  # [characters]
MAX_SHOWN = 44  # of a name or an address in a sentence
LONGEST_START, LONGEST_END = 24, 15  # of a longer name
MAX_LEVELS = 2  # of folders below the root of the checkpoints
MAX_LISTED = 200  # directories looked at below the root
HOST_AND_PORT = re.compile(r"[\w.\-\[\]:]+:\d+(/.*)?")
VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")  # hosts at which only this machine reaches the app


class AddressNotAllowed(OftDemoError):
    """A server that visitors of this app may not send it to."""

    def __init__(self, remotes: tuple[str, ...]):
        listed = ", ".join(remotes) or "none yet"
        super().__init__(
            "Other machines can open this page, so it asks only the policy servers that it was started with: "
            f"{listed}. Start it with --remotes ADDRESS to allow one, or with --host 127.0.0.1 to allow all."
        )


class WithoutFilm(OftDemoError):
    """FiLM was to be switched off where there is none."""

    def __init__(self, name: str):
        super().__init__(
            f"{short(name)} has no FiLM that could be switched off: {FILM_OFF} sets gamma = beta = 0 in weights "
            f"on this machine that were trained with FiLM. Choose such a policy, or {short(name)} as it is."
        )


@dataclass(frozen=True)
class Scripted:
    """The expert, which reads the simulator."""

    name: str = EXPERT


@dataclass(frozen=True)
class Saved:
    """A policy in a directory of this machine."""

    name: str
    path: Path
    official: bool = False  # laid out as OpenVLA-OFT's own code writes it


@dataclass(frozen=True)
class FilmOff:
    """The weights of a policy that was trained with FiLM, with gamma = beta = 0 in every block.

    A kind of its own, so that whoever knows nothing of it does not take it for the policy that was trained.
    """

    saved: Saved

    @property
    def name(self) -> str:
        """By which it is picked."""
        return self.saved.name + FILM_OFF

    @property
    def official(self) -> bool:
        """Whether the weights are laid out as OpenVLA-OFT's own code writes them."""
        return self.saved.official


@dataclass(frozen=True)
class Remote:
    """A policy behind a server's address."""

    name: str

    @property
    def url(self) -> str:
        """Where the server listens."""
        return self.name


Weights: TypeAlias = Saved | FilmOff  # on this machine
PolicySource: TypeAlias = Scripted | Weights | Remote


@dataclass(frozen=True)
class Sources:
    """Where policies may come from."""

    policies: Path = Settings.policies  # the bundled ones
    checkpoints: Path = Settings.checkpoints  # others, official ones among them
    remotes: tuple[str, ...] = Settings.remotes
    any_address: bool = True  # else only those of `remotes`

    @classmethod
    def of_app(cls, settings: Settings) -> Sources:
        """What visitors of the web app may choose; raises InvalidAddress."""
        remotes = tuple(dict.fromkeys(checked_address(url) for url in settings.remotes))
        return cls(settings.policies, settings.checkpoints, remotes, settings.host in LOOPBACK)

    def names(self) -> tuple[str, ...]:
        """What can be chosen: bundled policies, those below the root of the checkpoints, servers, the expert.

        A policy that was trained with FiLM is followed by the same weights without it.
        """
        bundled = [Saved(name, path) for name, path in sorted(self._bundled().items())]
        local = [source.name for saved in (*bundled, *self._checkpoints()) for source in _with_film_off(saved)]
        first = [name for name in FAVOURITES if name in local]
        return (*dict.fromkeys([*first, *local, *self.remotes]), EXPERT)

    def find(self, name: str) -> PolicySource:
        """What a name or an address stands for; it is never taken for a path.

        Raises UnknownName, WithoutFilm, InvalidAddress and AddressNotAllowed.
        """
        if name.endswith(FILM_OFF):
            return _film_off(self._find(name.removesuffix(FILM_OFF)))
        return self._find(name)

    def find_or_open(self, name: str) -> PolicySource:
        """The same for who may read every file of this machine: a path of a directory is good too."""
        plain = name.removesuffix(FILM_OFF)
        path = Path(plain)
        if "://" in name or name in self.names() or not path.is_dir():
            return self.find(name)
        opened = Saved(path.resolve().name, path.resolve(), _is_official(path))
        return opened if plain == name else _film_off(opened)

    def _find(self, name: str) -> Scripted | Saved | Remote:
        if name == EXPERT:
            return Scripted()
        bundled = self._bundled()
        if name in bundled:
            return Saved(name, bundled[name])
        if "://" in name:
            return Remote(self._allowed(checked_address(name)))
        found = next((saved for saved in self._checkpoints() if saved.name == name), None)
        if found is not None:
            return found
        if HOST_AND_PORT.fullmatch(name):
            raise InvalidAddress(name[:MAX_SHOWN], "it has to begin with http://, https://, ws:// or wss://")
        raise UnknownName("policy", name, self.names())

    def _bundled(self) -> dict[str, Path]:
        from .policy import available  # torch takes seconds to import; the page should not wait for it

        return available(self.policies)

    def _checkpoints(self) -> Iterator[Saved]:
        for path in islice(_directories(self.checkpoints), MAX_LISTED):
            name = path.relative_to(self.checkpoints).as_posix()
            if _is_official(path):
                yield Saved(name, path, official=True)
            elif (path / "policy.json").is_file():
                yield Saved(name, path)

    def _allowed(self, url: str) -> str:
        if not self.any_address and url not in self.remotes:
            raise AddressNotAllowed(self.remotes)
        return url


def short(name: str) -> str:
    """A name as it fits into a sentence: official ones list all settings of a training run."""
    return name if len(name) <= MAX_SHOWN else f"{name[:LONGEST_START]} ... {name[-LONGEST_END:]}"


def _with_film_off(saved: Saved) -> tuple[Weights, ...]:
    return (saved, FilmOff(saved)) if _trained_with_film(saved) else (saved,)


def _film_off(source: Scripted | Saved | Remote) -> FilmOff:
    if not isinstance(source, Saved) or not _trained_with_film(source):
        raise WithoutFilm(source.name)
    return FilmOff(source)


def _trained_with_film(saved: Saved) -> bool:
    """Whether there are gammas and betas, told from small files: the list of policies is asked for often."""
    if saved.official:
        from .policy.official.files import components  # torch, as above

        return bool(components(saved.path, "vision_backbone"))  # only FiLM makes the official code write one
    try:
        return json.loads((saved.path / "policy.json").read_text())["film"] is True
    except (OSError, ValueError, KeyError, TypeError):
        return False  # loading it will say what is wrong


def checked_address(text: str) -> str:
    """The address of a policy server, written in one way; raises InvalidAddress."""
    if len(text) > MAX_ADDRESS:
        raise InvalidAddress(text[:MAX_SHOWN] + "...", f"it has more than {MAX_ADDRESS} characters")
    if not VISIBLE_ASCII.fullmatch(text):
        raise InvalidAddress(text[:MAX_SHOWN], "it has spaces, or letters that no address has")
    if "@" in text or "?" in text:  # what follows may be a secret, so it is not repeated
        shown = text.partition("://")[0][:MAX_SHOWN] + "://..."
        raise InvalidAddress(shown, "a token goes into the environment variable OFT_DEMO_TOKEN, not into an address")
    return address.parse(text).url


def _directories(root: Path, levels: int = MAX_LEVELS) -> Iterator[Path]:
    """Folders below `root` that could be chosen by name: none is hidden, leads out of it, or lies within another."""
    inside = root.resolve()
    try:
        entries = sorted(path for path in root.iterdir() if path.is_dir())
    except OSError:
        return
    for path in entries:
        hidden = path.name.startswith(".") or not path.name.isprintable()
        if hidden or not path.resolve().is_relative_to(inside):
            continue
        if (path / "config.json").is_file():
            yield path
        elif levels > 1:
            yield from _directories(path, levels - 1)


def _is_official(path: Path) -> bool:
    from .policy import official  # torch, as above

    return official.is_official(path)
