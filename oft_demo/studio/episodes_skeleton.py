"""The unchanging HTML of the Episodes tab; its scripts build the rest."""

from oft_demo.studio import skeleton

READY = "Open an episode to watch and label it, or choose several to label them together."


def tab() -> str:
    """Status line and the place of gallery and player."""
    return f'<div class="ep">{skeleton.status_line("episodes", READY)}<div data-episodes></div></div>'
