"""What sets two rollouts apart, told to the page as it happens."""

from collections.abc import Sequence

from oft_demo.comparison import PARTED, PLANS_PARTED, Comparison, Parting, PlanDistance
from oft_demo.studio import markup
from oft_demo.studio.board import Board, Markup
from oft_demo.studio.pairs import LETTERS, Pair
from oft_demo.studio.verdicts import Verdict
from oft_demo.types import ARMS, Step

TRACE = "compare-trace"  # slot of the log
FROM = {
    "same": "predicted from exactly the same state",
    "near": "predicted from nearly the same state",
    "parted": "predicted after the two had parted",
}
DIGITS = 4  # a tenth of a milliradian


class ComparingLog:
    """Takes in the steps of both sides."""

    def __init__(self, board: Board, pair: Pair, names: Sequence[str]):
        """`names` are those of the two policies, as they are shown."""
        self._board = board
        self._comparison = Comparison()
        self._told_parting = False
        self._told_plans = 0
        header = {
            "policies": list(names),
            "task": pair.task,
            "seed": pair.seed,
            "instructions": [request.instruction for request in pair.requests],
            "parted_rad": PARTED,
            "plans_parted_rad": PLANS_PARTED,
        }
        board.begin(TRACE, header)
        for letter, name, request in zip(LETTERS, names, pair.requests, strict=True):
            self._post(f"{letter}-who", markup.fact(name, f"told \u201c{request.instruction}\u201d"))
        for slot in ("parted", "plans", "first"):
            self._post(slot, "&ndash;")

    def add(self, side: int, step: Step) -> None:
        """Take in the next control step of a side, 0 or 1."""
        found = self._comparison
        found.add(side, step)
        if found.parting is not None and not self._told_parting:
            self._told_parting = True
            self._board.append(TRACE, _parting_item(found.parting))
            self._post("parted", _parting_text(found.parting))
        for plan in found.plans[self._told_plans :]:
            self._board.append(TRACE, _plan_item(plan))
        if len(found.plans) > self._told_plans:
            self._told_plans = len(found.plans)
            self._tell_plans(found)

    def ended(self, side: int, last: Step | None, verdict: Verdict) -> None:
        """A side came to its end."""
        item: dict[str, object] = {"kind": "end", "side": LETTERS[side], "verdict": verdict.badge}
        if last is not None:
            score = last.score
            item |= {"t": round(last.time, 3), "success": score.success, "points": score.points, "stage": score.stage}
            item |= {"first_object": score.first_object, "named_object": score.named_object}
            item["followed"] = score.followed
        self._board.append(TRACE, item)

    def end(self) -> None:
        """Both came to their end: what has not happened will not."""
        if self._comparison.parting is None:
            self._post("parted", markup.fact("never", f"no measured joint differed by more than {PARTED} rad"))
        if self._comparison.plans_parting is None:
            self._post("plans", markup.fact("never", f"no plans of one arm differed by more than {PLANS_PARTED} rad"))

    def _tell_plans(self, found: Comparison) -> None:
        self._post("first", _plan_text(found.plans[0]))
        parting = found.plans_parting
        if parting is None:
            self._post("plans", markup.fact("not yet", f"no plans of one arm differ by more than {PLANS_PARTED} rad"))
        else:
            self._post("plans", markup.fact(f"{parting.time:.2f} s", f"{_apart(parting)}; {FROM[parting.states]}"))
        if found.parting is None:
            self._post("parted", markup.fact("not yet", f"no measured joint differs by more than {PARTED} rad"))

    def _post(self, slot: str, html: str) -> None:
        self._board.post(f"compare-{slot}", Markup(html))


def _parting_item(parting: Parting) -> dict[str, object]:
    return {
        "kind": "parted",
        "t": round(parting.time, 3),
        "step": parting.step,
        "joint": parting.joint,
        "difference": round(parting.difference, DIGITS),
    }


def _plan_item(plan: PlanDistance) -> dict[str, object]:
    return {
        "kind": "plans",
        "t": round(plan.time, 3),
        "step": plan.step,
        "arms": {arm: round(plan.arms[arm], DIGITS) for arm in ARMS},
        "grippers": {arm: round(plan.grippers[arm], DIGITS) for arm in ARMS},
        "states": plan.states,
        "gap": round(plan.gap, DIGITS),
    }


def _parting_text(parting: Parting) -> str:
    unit = "of its stroke" if parting.joint.endswith("gripper") else "rad"
    joint = parting.joint.replace("_", " ")
    return markup.fact(f"{parting.time:.2f} s", f"{joint} differs by {parting.difference:.2f} {unit}")


def _plan_text(plan: PlanDistance) -> str:
    return markup.fact(_apart(plan), FROM[plan.states])


def _apart(plan: PlanDistance) -> str:
    return ", ".join(f"{arm} {plan.arms[arm]:.3f} rad" for arm in ARMS)
