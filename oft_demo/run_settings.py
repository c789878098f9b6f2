"""What has to be known of a run for it to happen again, as a link and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias
from urllib.parse import urlencode

from . import link_checks as link
from .errors import checked_instruction, checked_seed
from .link_checks import OWN_ROWS, InvalidLink
from .rollout import Manner
from .sim import wordings

ENSEMBLE = "ensemble"

Said: TypeAlias = tuple[int, str]  # control step at which another instruction took effect, and its text
Turned: TypeAlias = tuple[int, int | None, bool]  # control step, rows to carry out from then on, ensembling


@dataclass(frozen=True)
class RunSettings:
    """A run before it happens: the same settings, weights and program give the same run."""

    task: str
    seed: int
    policy: str  # name, directory or address
    fingerprint: str  # of the policy's weights; "" where it has none or does not tell
    instruction: str
    said: tuple[Said, ...] = ()
    replan_after: int | None = None  # rows of a chunk; None: as many as the policy asks for
    ensemble: bool = False
    turned: tuple[Turned, ...] = ()

    @classmethod
    def of(
        cls, task: str, seed: int, policy: str, fingerprint: str, heard: Sequence[tuple[int, Manner]]
    ) -> "RunSettings":
        """From what the policy was asked with, and since which control step; the first entry is the beginning."""
        first = heard[0][1]
        said, turned = list[Said](), list[Turned]()
        for (_, before), (step, manner) in pairwise(heard):
            if manner.instruction != before.instruction:
                said.append((step, manner.instruction))
            if (manner.replan_after, manner.ensemble) != (before.replan_after, before.ensemble):
                turned.append((step, manner.replan_after, manner.ensemble))
        return cls(
            task, seed, policy, fingerprint, first.instruction, tuple(said), first.replan_after, first.ensemble,
            tuple(turned),
        )  # fmt: skip

    @property
    def heard(self) -> tuple[tuple[int, Manner], ...]:
        """What the policy is to be asked with, and from which control step on; the first entry is the beginning."""
        words = {0: self.instruction, **dict(self.said)}
        rows = {0: (self.replan_after, self.ensemble), **{step: after for step, *after in self.turned}}
        manners, instruction, (replan_after, ensemble) = list[tuple[int, Manner]](), words[0], rows[0]
        for step in sorted(words.keys() | rows.keys()):
            instruction = words.get(step, instruction)
            replan_after, ensemble = rows.get(step, (replan_after, ensemble))
            manners.append((step, Manner(instruction, replan_after, ensemble)))
        return tuple(manners)

    def as_query(self) -> str:
        """The part of a link behind the question mark."""
        pairs = [("task", self.task), ("seed", str(self.seed)), ("say", self.instruction), ("policy", self.policy)]
        if self.fingerprint:
            pairs.append(("weights", self.fingerprint))
        if self.replan_after is not None:
            pairs.append(("rows", str(self.replan_after)))
        if self.ensemble:
            pairs.append(("ensemble", "yes"))
        pairs += [("then", f"{step}:{text}") for step, text in self.said]
        pairs += [("turn", f"{step}:{_manner_text(rows, averaged)}") for step, rows, averaged in self.turned]
        return urlencode(pairs, safe=":/")

    @classmethod
    def from_query(cls, query: str | Mapping[str, str | Sequence[str]]) -> "RunSettings":
        """Parse a link's query, or its keys and values; keys of others are passed over.

        Raises InvalidLink, UnknownName, InvalidSeed and InvalidInstruction.
        """
        values = link.parsed(query)
        task = link.checked_task(link.one(values, "task"))
        example = wordings.examples(task)[0]
        return cls(
            task=task,
            seed=checked_seed(link.one(values, "seed")),
            policy=link.checked_policy(link.one(values, "policy")),
            fingerprint=link.checked_fingerprint(link.one(values, "weights", "")),
            instruction=checked_instruction(link.one(values, "say"), example),
            said=link.in_order("then", (_said(text, example) for text in link.few(values, "then"))),
            replan_after=link.checked_rows(link.one(values, "rows", OWN_ROWS)),
            ensemble=link.checked_flag("ensemble", link.one(values, "ensemble", "no")),
            turned=link.in_order("turn", (_turned(text) for text in link.few(values, "turn"))),
        )

    def as_json(self) -> dict[str, object]:
        """For a file of settings."""
        return {
            "task": self.task,
            "seed": self.seed,
            "policy": self.policy,
            "weights": self.fingerprint,
            "instruction": self.instruction,
            "rows": self.replan_after,
            "ensemble": self.ensemble,
            "then": [{"step": step, "instruction": text} for step, text in self.said],
            "turn": [{"step": step, "rows": rows, "ensemble": averaged} for step, rows, averaged in self.turned],
        }

    @classmethod
    def from_json(cls, found: object) -> "RunSettings":
        """The inverse of `as_json`; raises what `from_query` raises."""
        if not isinstance(found, Mapping):
            raise InvalidLink("the settings", found, "an object with task, seed, policy and instruction")
        values = {"say": _listed(found.get("instruction")), "rows": _listed(found.get("rows", OWN_ROWS))}
        values["ensemble"] = _listed("yes" if found.get("ensemble") is True else "no")
        for key in ("task", "seed", "policy", "weights"):
            values[key] = _listed(found.get(key))
        values["then"] = [f"{one.get('step')}:{one.get('instruction')}" for one in _objects(found, "then")]
        values["turn"] = [
            f"{one.get('step')}:{_manner_text(one.get('rows'), one.get('ensemble') is True)}"
            for one in _objects(found, "turn")
        ]
        return cls.from_query({key: value for key, value in values.items() if value})


def weights_differ(settings: RunSettings, here: str) -> str | None:
    """A sentence where the weights of the policy here, by their fingerprint, are not those of the link."""
    if not settings.fingerprint or settings.fingerprint == here:
        return None
    if not here:
        return (
            f"The link was made with weights {settings.fingerprint:.12} of {settings.policy}, and the policy here does "
            "not tell which weights it has: the run may differ."
        )
    return (
        f"{settings.policy} has other weights here ({here:.12}) than when the link was made "
        f"({settings.fingerprint:.12}): expect another run."
    )


def _said(text: str, example: str) -> Said:
    step, _, instruction = text.partition(":")
    return link.checked_step(step), checked_instruction(instruction, example)


def _turned(text: str) -> Turned:
    step, _, manner = text.partition(":")
    rows, _, averaged = manner.partition(" ")
    if averaged not in ("", ENSEMBLE):
        raise InvalidLink("a change of the rows", text, f"step:rows or 'step:rows {ENSEMBLE}'")
    return link.checked_step(step), link.checked_rows(rows), averaged == ENSEMBLE


def _manner_text(rows: object, averaged: bool) -> str:
    return f"{OWN_ROWS if rows is None else rows}{' ' + ENSEMBLE if averaged else ''}"


def _listed(value: object) -> list[str]:
    """What a JSON value is in a query."""
    if value is None:
        return []
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidLink("a value of the settings", value, "text or a whole number")
    return [str(value)]


def _objects(found: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    changes = found.get(key, [])
    if not isinstance(changes, list) or not all(isinstance(change, Mapping) for change in changes):
        raise InvalidLink(f"{key!r} of the settings", changes, "a list of objects")
    return changes
