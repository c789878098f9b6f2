"""The unchanging HTML of the page: frames with named slots that the live channel fills, so that nothing jumps."""

from html import escape

from oft_demo.types import CAMERAS

CAMERA_LABELS = {"cam_high": "high", "cam_left_wrist": "left wrist", "cam_right_wrist": "right wrist"}

HEADER = """
<header class="masthead">
  <h1>OFT Demo</h1>
  <p>Type an instruction. A vision-language-action policy moves two ALOHA arms in simulation, one chunk at a time.</p>
  <button type="button" data-action="theme">Light / dark</button>
</header>
"""

CARD_HINT = '<p class="empty">Once a policy is loaded, its card stands here.</p>'

TERMS = {
    "chunk": "The policy looks once and predicts the next K rows of joint targets together: an action chunk.",
    "horizon K": "Rows in one chunk. Here 25 rows of 40 ms: one second ahead.",
    "replan": "How many rows are carried out before the policy looks again and predicts the next chunk.",
    "FiLM": "Feature-wise linear modulation: the instruction scales and shifts the features of every vision block. "
    "It is the plus in OFT+, and what makes the policy listen.",
    "proprio": "Proprioception: the 14 measured joint positions, given to the policy beside the pictures.",
    "score": "The task's rubric in four stages of 25 points; 100 is success.",
    "following": "Whether a gripper went first to the object that the instruction names.",
}


def bench(name: str, what: str, pictures: str = "What the policy saw for this chunk") -> str:
    """The picture of one simulation with its readouts and what its policy sees."""
    return (
        f'<section class="bench" aria-label="{escape(what)}">{_view(name, what)}'
        f'<div class="readouts">{_score(name)}{_facts(name)}{_eyes(name, pictures)}</div></section>'
        f'<div class="card-place" data-slot="{name}-card" data-unfolded>{CARD_HINT}</div>'
    )


def narrow_bench(name: str, what: str) -> str:
    """The same for one of two simulations side by side."""
    return (
        f'<section class="bench stacked" aria-label="{escape(what)}">{_view(name, what, tag=what)}'
        f'<div class="readouts">{_score(name)}{_facts(name)}'
        f'<div class="card-place" data-slot="{name}-card">{CARD_HINT}</div></div></section>'
    )


def status_line(page: str, text: str = "Ready.") -> str:
    """Where a tab says what happens; read aloud by screen readers."""
    return f'<div class="status" role="status" aria-live="polite" data-slot="{page}-status">{escape(text)}</div>'


def plot(slot: str, title: str, hint: str) -> str:
    """A plot with its reserved height."""
    return (
        f'<section class="plot-frame"><h2>{escape(title)}</h2><p>{escape(hint)}</p>'
        f'<div class="plot" data-slot="{slot}" role="img" aria-label="{escape(title)}"></div></section>'
    )


def terms() -> str:
    """The words of the field, one line each."""
    rows = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in TERMS.items())
    return f'<details class="terms"><summary>What the words mean</summary><dl>{rows}</dl></details>'


def slot(name: str, html: str = "") -> str:
    """An empty place that the live channel fills."""
    return f'<div data-slot="{name}">{html}</div>'


def _view(name: str, what: str, tag: str = "") -> str:
    label = f'<div class="tag">{escape(tag)}</div>' if tag else ""
    return (
        f'<figure class="view"><canvas data-slot="{name}-view" width="640" height="480" role="img" '
        f'aria-label="{escape(what)}: live picture"></canvas>'
        f'<div class="verdict" data-slot="{name}-badge"></div><div class="clock" data-slot="{name}-clock">0.0 s</div>'
        f"{label}</figure>"
    )


def _score(name: str) -> str:
    return f'<div class="score" data-slot="{name}-score"></div>'


def _facts(name: str) -> str:
    rows = (
        ("following", "follows the words", TERMS["following"]),
        ("chunk", "chunk", TERMS["chunk"]),
        ("factor", "real time", "Simulated seconds a second. The page waits so that it does not exceed 1."),
        ("latency", "latency [ms]", "Time to predict one chunk, by stage; drawing the three pictures stands apart."),
    )
    return (
        '<dl class="facts">'
        + "".join(
            f'<dt><span class="term" tabindex="0" data-tip="{escape(tip)}">{label}</span></dt>'
            f'<dd data-slot="{name}-{key}">&ndash;</dd>'
            for key, label, tip in rows
        )
        + "</dl>"
    )


def _eyes(name: str, title: str) -> str:
    pictures = "".join(
        f'<figure><canvas data-slot="{name}-{camera}" width="320" height="240" role="img" '
        f'aria-label="What the policy sees: {CAMERA_LABELS[camera]} camera"></canvas>'
        f"<figcaption>{CAMERA_LABELS[camera]}</figcaption></figure>"
        for camera in CAMERAS
    )
    return f'<div class="eyes-title">{escape(title)}</div><div class="eyes">{pictures}</div>'
