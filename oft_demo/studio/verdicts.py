"""What a person should think of a rollout: doubts before it, and how it ended."""

from dataclasses import dataclass

from oft_demo.run_settings import weights_differ
from oft_demo.serve import RemoteError, ServerLost, StaleAnswer
from oft_demo.studio.markup import Tone
from oft_demo.studio.players import Player
from oft_demo.studio.request import Request
from oft_demo.types import Step


@dataclass(frozen=True)
class Verdict:
    """How a rollout ended, in words."""

    badge: str
    sentence: str
    tone: Tone
    complete: bool = True  # it came to an end of its own


def judged(last: Step | None, stopped: bool, lost: RemoteError | None = None) -> Verdict:
    """The outcome of a rollout from its last step; `lost` is what went wrong with the policy's server."""
    if lost is not None:
        gone = isinstance(lost, ServerLost | StaleAnswer)
        return Verdict("server lost" if gone else "server error", str(lost), "bad", complete=False)
    if last is None:
        return Verdict("stopped", "Stopped before the first step.", "plain", complete=False)
    score, took = last.score, f"{last.time:.1f} s, {last.chunk_index + 1} chunks"
    if score.success:
        return Verdict("success", f"Done: {score.named_object or 'the object'} {score.stage} ({took}).", "good")
    if stopped:
        return Verdict("stopped", f"Stopped after {took}.", "plain", complete=False)
    return Verdict("not done", f"Not done: {score.points:.0f} of 100 points, {score.stage} ({took}).", "bad")


def doubts_about(player: Player, request: Request) -> tuple[str, ...]:
    """What a person should know about this instruction before judging the policy by it."""
    doubts = []
    if player.unknown_words:
        listed = ", ".join(f'"{word}"' for word in player.unknown_words)
        doubts.append(f"Words that {player.name} never saw in training and reads as unknown: {listed}.")
    if player.other_pictures:
        doubts.append(f"{player.name} was trained on pictures of other scenes or other render settings than these.")
    differing = weights_differ(request.link, player.fingerprint) if request.link else None
    if differing:
        doubts.append(differing)
    if request.named_object is None:
        doubts.append("The instruction names no single object of this scene, so success cannot be scored.")
    return tuple(doubts)
