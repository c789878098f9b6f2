"""The Episodes tab: look at what was recorded, label and edit it, take it in and out."""

from oft_demo.studio import episodes_skeleton
from oft_demo.studio.controls import html
from oft_demo.studio.studio import Studio


def build(studio: Studio) -> None:
    """Lay out the tab."""
    html(episodes_skeleton.tab())
