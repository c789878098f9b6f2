"""Lines of the table that is printed."""

from dataclasses import dataclass
from typing import Protocol

NAME, COLUMN = 52, 10  # [characters]


class Line(Protocol):
    """Anything that is printed, and whether it says that a bar was missed."""

    @property
    def missed(self) -> bool: ...

    def __str__(self) -> str: ...


@dataclass(frozen=True)
class Heading:
    """What the lines below are about, and what stands in their columns."""

    title: str
    columns: tuple[str, ...] = ("measured", "")
    missed: bool = False

    def __str__(self) -> str:
        return f"\n{self.title:{NAME}}" + "".join(f"{column:>{COLUMN}} " for column in self.columns).rstrip()


@dataclass(frozen=True)
class Note:
    """A remark."""

    text: str
    missed: bool = False

    def __str__(self) -> str:
        return f"  {self.text}"


@dataclass(frozen=True)
class Row:
    """One measured figure, and the bar it should clear where there is one."""

    name: str
    value: float
    unit: str
    ratio: float | None = None  # how many times better than what it is compared with
    bar: float | None = None  # the smallest ratio that will do

    @property
    def missed(self) -> bool:
        """Whether the ratio is under its bar."""
        return _missed(self.ratio, self.bar)

    def __str__(self) -> str:
        return f"{self.name:{NAME}}{self.value:{COLUMN}.2f} {self.unit:14}{_verdict(self.ratio, self.bar)}".rstrip()


@dataclass(frozen=True)
class Answers:
    """How fast a network answers: a query at a time, and in actions."""

    name: str
    latency_ms: float
    actions_per_second: float
    ratio: float | None = None
    bar: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the ratio is under its bar."""
        return _missed(self.ratio, self.bar)

    def __str__(self) -> str:
        figures = f"{self.latency_ms:{COLUMN}.1f} {self.actions_per_second:{COLUMN}.1f} "
        return f"{self.name:{NAME}}{figures}{_verdict(self.ratio, self.bar)}".rstrip()


@dataclass(frozen=True)
class Ratio:
    """How many times better one line above is than another."""

    name: str
    ratio: float
    bar: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the ratio is under its bar."""
        return _missed(self.ratio, self.bar)

    def __str__(self) -> str:
        return f"{'  ' + self.name:{NAME + 2 * COLUMN + 2}}{_verdict(self.ratio, self.bar)}".rstrip()


@dataclass(frozen=True)
class Bar:
    """One measured figure with an absolute bar, for what is not a comparison."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the figure is on the wrong side of its bar."""
        low = self.at_least is not None and self.value < self.at_least
        return low or (self.at_most is not None and self.value > self.at_most)

    def __str__(self) -> str:
        return f"{self.name:{NAME}}{self.value:{COLUMN}.2f} {self.unit:14}{self._verdict()}".rstrip()

    def _verdict(self) -> str:
        if self.at_least is None and self.at_most is None:
            return ""
        bar = f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"
        return f"bar {bar}: {'MISSED' if self.missed else 'met'}"


def _missed(ratio: float | None, bar: float | None) -> bool:
    return ratio is not None and bar is not None and ratio < bar


def _verdict(ratio: float | None, bar: float | None) -> str:
    if ratio is None:
        return ""
    text = f"{ratio:8.1f} x"
    return text if bar is None else f"{text}   bar {bar:g} x: {'MISSED' if _missed(ratio, bar) else 'met'}"
