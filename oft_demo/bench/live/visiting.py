"""The server with one, two and four visitors at once, each watching a rollout of their own."""

import asyncio
from collections.abc import Iterator

import numpy as np

from oft_demo import sim
from oft_demo.bench.lines import Bar, Heading, Line, Note
from oft_demo.bench.live.serving import Served, served
from oft_demo.bench.live.visitor import Visit, open_line, run, stop

CROWDS = (1, 2, 4)
SECONDS = 8.0  # of watching; shorter than the shortest rollout that succeeds at once
FIRST_SEED = 20_100
FACTOR_OF_ONE, FACTOR_OF_FOUR = 0.99, 0.5
FIRST_MOVEMENT = 0.5  # [s]
UPDATES = 24.0  # a second: the 25 that are sent, less what is lost at the edges of the time of watching
METRES = 1e-5


def visiting(policy: str) -> Iterator[Line]:
    """Figures for each crowd; the clients read everything and draw nothing."""
    yield Heading(f"Live page, server with {policy} (websocket clients)", ("measured", ""))
    with served(max(CROWDS), policy) as app:
        for count in CROWDS:
            yield from _crowd(app, policy, count)


def _crowd(app: Served, policy: str, count: int) -> Iterator[Line]:
    visits, wall, share = asyncio.run(_watched(app, policy, count))
    slowest = min(visit.factor for visit in visits)
    updates = min(visit.updates_per_second for visit in visits)
    who = "one visitor" if count == 1 else f"{count} visitors, the slowest"
    bar = {1: FACTOR_OF_ONE, 4: FACTOR_OF_FOUR}.get(count)
    yield Bar(f"real-time factor, {who}", slowest, "x", at_least=bar)
    yield Bar(f"pose updates arriving, {who}", updates, "a second", at_least=UPDATES if count == 1 else None)
    first = max(visit.first_movement for visit in visits)
    yield Bar(f"Run to first movement, {who}", first, "s", at_most=FIRST_MOVEMENT if count == 1 else None)
    yield Bar(f"longest gap between updates, {who}", max(visit.longest_gap for visit in visits), "s")
    yield Bar("server's share of a core", share, "cores")
    yield Bar("received by a visitor", max(visit.received for visit in visits) / wall / 1e3, "kB/s")
    strangers = sum(not _own_scene(visit) for visit in visits)
    yield Bar("visitors who saw another's scene", strangers, "", at_most=0)
    if count == max(CROWDS):
        factors = ", ".join(f"{visit.factor:.2f}" for visit in visits)
        yield Note(f"each of the {count}: {factors} x real time")


async def _watched(app: Served, policy: str, count: int) -> tuple[list[Visit], float, float]:
    """What each saw, for how long [s], and how many cores the server took meanwhile."""
    lines = [await open_line(app, ticket) for ticket in app.tickets[:count]]
    await asyncio.gather(*(run(line, policy, FIRST_SEED, 1.0) for line in lines))  # what is made only once
    await asyncio.gather(*(stop(line) for line in lines))
    clock = asyncio.get_running_loop().time
    started, processor = clock(), app.processor_seconds
    visits = await asyncio.gather(*(run(line, policy, FIRST_SEED + i, SECONDS) for i, line in enumerate(lines)))
    wall = clock() - started
    share = (app.processor_seconds - processor) / wall
    await asyncio.gather(*(stop(line) for line in lines))
    for line in lines:
        await line.close()
    return list(visits), wall, share


def _own_scene(visit: Visit) -> bool:
    """Whether the run began where its seed puts everything, and nothing of another run came in between."""
    env = sim.make_env("put_x_into_pot")
    env.reset(visit.seed)
    same = np.allclose(visit.start, env.poses(), atol=METRES)
    epoch = next(each.epoch for each in visit.moments if each.time == 0)
    since = [each for each in visit.moments if each.time > 0]
    return bool(same) and all(each.epoch == epoch for each in since)
