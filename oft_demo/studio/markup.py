"""Small pieces of HTML for the page's slots; everything a person typed is escaped here."""

from collections.abc import Sequence
from html import escape
from typing import Literal

from oft_demo.policy_card import Card
from oft_demo.types import ActionChunk, Score

SUMS = ("total", "model")  # of stages that are told one by one
Tone = Literal["plain", "busy", "good", "warn", "bad"]


def status(text: str, tone: Tone = "plain") -> str:
    """The line under the buttons that says what happens."""
    return f'<span class="status-light {tone}" aria-hidden="true"></span><span class="{tone}">{escape(text)}</span>'


def badge(text: str, tone: Tone) -> str:
    """A short verdict over a picture."""
    return f'<span class="badge {tone}">{escape(text)}</span>'


def score_card(score: Score) -> str:
    """Points on a bar with the rubric's four quarters, and the stage in words."""
    points = max(0.0, min(100.0, score.points))
    return (
        f'<div class="points"><b>{points:.0f}</b><span> / 100</span><em>{escape(score.stage)}</em></div>'
        f'<div class="ladder" role="img" aria-label="{points:.0f} of 100 points">'
        f'<i style="width:{points:.0f}%"></i></div>'
    )


def following(score: Score) -> str:
    """Whether the gripper went to the object that the instruction names."""
    if score.named_object is None:
        return '<span class="warn">no single object is named</span>'
    if score.first_object is None:
        return f"named: {escape(score.named_object)}; none approached yet"
    if score.followed:
        return f'<span class="good">yes</span>, went to the {escape(score.first_object)}'
    return f'<span class="bad">no</span>, went to the {escape(score.first_object)}'


def latency(chunk: ActionChunk) -> str:
    """Milliseconds by stage as a stacked bar with its figures; "total" is the policy's own sum."""
    stages = {name: ms for name, ms in chunk.latency_ms.items() if name not in SUMS}
    if stages.keys() <= {"render"} and "total" in chunk.latency_ms:  # a policy that tells only its sum
        stages = {"policy": chunk.latency_ms["total"], **stages}
    whole = max(sum(stages.values()), 1e-9)
    total = chunk.latency_ms.get("total", whole)
    parts = "".join(
        f'<i class="stage-{index % 6}" style="width:{100 * ms / whole:.1f}%"></i>'
        for index, ms in enumerate(stages.values())
    )
    figures = "".join(
        f'<span><i class="stage-{index % 6}"></i>{escape(name.replace("_", " "))} {ms:.1f}</span>'
        for index, (name, ms) in enumerate(stages.items())
    )
    return f'<div class="stages">{parts}</div><div class="figures"><b>policy {total:.1f} ms</b>{figures}</div>'


def fact(value: str, note: str = "") -> str:
    """A figure with a quieter remark behind it."""
    quiet = f" <small>{escape(note)}</small>" if note else ""
    return f"<b>{escape(value)}</b>{quiet}"


def progress(done: int, total: int, label: str) -> str:
    """A bar with its figures."""
    share = 100 * done / total if total else 0
    return (
        f'<div class="progress" role="progressbar" aria-valuemin="0" aria-valuemax="{total}" aria-valuenow="{done}">'
        f'<i style="width:{share:.1f}%"></i></div><div class="progress-label">{escape(label)}</div>'
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """A plain table; cells are text."""
    titles = "".join(f"<th scope='col'>{escape(title)}</th>" for title in head)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    quiet = f"<caption>{escape(caption)}</caption>" if caption else ""
    body = f"{quiet}<thead><tr>{titles}</tr></thead><tbody>{lines}</tbody>"
    return f'<div class="table-frame"><table class="results">{body}</table></div>'


def card(card: Card) -> str:
    """What a policy is: its title, and its facts to unfold."""
    pairs = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in card.rows.items())
    name = f"<p>{escape(card.full_name)}</p>" if card.full_name else ""
    return f'<details class="card"><summary>{escape(card.title)}</summary>{name}<dl>{pairs}</dl></details>'
