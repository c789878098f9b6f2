"""Policies from the shelf for a visitor, who is told how far their loading is."""

from collections.abc import Iterator
from contextlib import contextmanager

from oft_demo.policy_sources import short
from oft_demo.studio import markup
from oft_demo.studio.lending import LoadingStopped
from oft_demo.studio.players import Expert, Loaded
from oft_demo.studio.screen import Screen, say
from oft_demo.studio.shelf import Shelf
from oft_demo.studio.visitors import Activity, Visitor


@contextmanager
def lent(visitor: Visitor, shelf: Shelf, name: str, page: str, activity: Activity) -> Iterator[Expert | Loaded]:
    """The policy `name`; the status line of `page` says how far its loading is. Raises LoadingStopped."""

    def tell(text: str, tone: markup.Tone = "busy") -> None:
        visitor.while_wanted(activity, lambda: say(visitor.board, page, text, tone))

    try:
        with shelf.lend(name, lambda: activity.stopped, tell) as policy:
            yield policy
    except LoadingStopped as stopped:
        tell(str(stopped), "plain")
        raise


@contextmanager
def both_lent(
    visitor: Visitor, shelf: Shelf, names: tuple[str, str], activity: Activity
) -> Iterator[tuple[Expert | Loaded, Expert | Loaded]]:
    """Two policies for the Compare tab, loaded one after the other."""
    with (
        lent(visitor, shelf, names[0], "compare", activity) as first,
        lent(visitor, shelf, names[1], "compare", activity) as second,
    ):
        yield first, second


def pick(visitor: Visitor, shelf: Shelf, name: str, page: str, screen: str, ready: str | None) -> None:
    """Load the policy `name` and show its card, unless a rollout goes on; `ready` is for the status line."""
    shelf.find(name)
    with visitor.preparation(screen) as preparation:
        if preparation.stopped:
            return
        with lent(visitor, shelf, name, page, preparation) as policy:

            def show() -> None:
                Screen(visitor.board, screen).introduce(policy.card)
                if ready is not None:
                    say(visitor.board, page, f"{short(policy.name)} is ready. {ready}")

            visitor.while_wanted(preparation, show)
