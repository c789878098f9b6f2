"""Whether the server's memory stays as it is, run after run."""

import asyncio
from collections.abc import Iterator

from oft_demo.bench.lines import Bar, Heading, Line
from oft_demo.bench.live.serving import Served, served
from oft_demo.bench.live.visitor import open_line, run, stop

SETTLED = 20  # runs after which caches are filled
SECONDS = 0.6  # of each run
GROWTH = 5.0  # [%]


def memory(policy: str, runs: int) -> Iterator[Line]:
    """What the server holds after some runs, and after many."""
    yield Heading(f"Live page, memory over {runs} runs")
    with served(1, policy) as app:
        settled, last = asyncio.run(_held(app, policy, runs))
    yield Bar(f"held after {SETTLED} runs", settled, "MB")
    yield Bar(f"held after {runs} runs", last, "MB")
    yield Bar("growth", 100 * (last - settled) / settled, "%", at_most=GROWTH)


async def _held(app: Served, policy: str, runs: int) -> tuple[float, float]:
    line = await open_line(app, app.tickets[0])
    settled = 0.0
    for index in range(runs):
        await run(line, policy, 20_000 + index, SECONDS)
        await stop(line)
        if index + 1 == min(SETTLED, runs):
            settled = app.megabytes
    last = app.megabytes
    await line.close()
    return settled, last
