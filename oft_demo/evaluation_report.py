"""The results of an evaluation as a table to read and as values to store."""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from .intervals import wilson
from .outcome import SeedResult


def summary(results: Sequence[SeedResult]) -> dict[str, Any]:
    """Totals with 95 % Wilson intervals; there has to be at least one result."""
    return {
        "n": len(results),
        "success": _rate(results, lambda result: result.success),
        "language_following": _rate(results, lambda result: result.followed),
        "mean_score": statistics.fmean(result.points for result in results),
        "mean_seconds": statistics.fmean(result.seconds for result in results),
        "policy_latency_ms": statistics.median(result.latency_ms for result in results),
    }


def report(title: str, results: Sequence[SeedResult]) -> str:
    """The table: totals, each named object, and every failure with the seed that replays it."""
    ordered = sorted(results, key=lambda result: result.seed)
    totals = summary(ordered)
    lines = [title, "", f"{'':24}{'count':>9}{'%':>8}   95 % interval"]
    lines += [_rate_line("success", totals["success"]), _rate_line("language following", totals["language_following"])]
    lines += [f"{'mean score':24}{'':9}{totals['mean_score']:8.1f}   of 100"]
    lines += [f"{'mean time':24}{'':9}{totals['mean_seconds']:8.1f}   s simulated"]
    lines += [f"{'policy latency':24}{'':9}{totals['policy_latency_ms']:8.1f}   ms a chunk, median", ""]
    for label in sorted({result.named_object or "nothing" for result in ordered}):
        named = [result for result in ordered if (result.named_object or "nothing") == label]
        lines.append(_rate_line(f"success, {label}", _rate(named, lambda result: result.success)))
        lines.append(_rate_line("  followed", _rate(named, lambda result: result.followed)))
    return "\n".join([*lines, "", *_failure_lines([result for result in ordered if not result.success])])


def _failure_lines(failures: Sequence[SeedResult]) -> list[str]:
    if not failures:
        return ["no failures"]
    rows = [
        f"{result.seed:>8}{result.points:>7.0f}  {result.stage:24}{result.first_object or '-':16}{result.instruction}"
        for result in failures
    ]
    return [f"{'failures':>8}{'score':>7}  {'stage':24}{'went first to':16}instruction", *rows]


def _rate(results: Sequence[SeedResult], is_hit: Callable[[SeedResult], bool]) -> dict[str, float]:
    count = sum(is_hit(result) for result in results)
    low, high = wilson(count, len(results))
    return {"count": count, "n": len(results), "rate": count / len(results), "low": low, "high": high}


def _rate_line(label: str, rate: dict[str, float]) -> str:
    count = f"{rate['count']}/{rate['n']}"
    return f"{label:24}{count:>9}{100 * rate['rate']:8.1f}   {100 * rate['low']:.1f} .. {100 * rate['high']:.1f}"
