"""The totals of a series as tables, and all of it as files."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from oft_demo.comparison import Paired, Rate, paired_following, paired_success
from oft_demo.outcome import SeedResult
from oft_demo.policy_sources import short
from oft_demo.run_files import FORMULA
from oft_demo.studio import markup

SIDES = ("A", "B")
COLUMNS = ("instruction", "success", "points", "stage", "followed", "first_object", "named_object", "seconds", "chunks")

Results = Sequence[tuple[SeedResult, SeedResult]]


def html(names: tuple[str, str], total: int, results: Results) -> str:
    """Progress, the rates with their intervals, and what the paired tests say."""
    bar = markup.progress(len(results), total, f"{len(results)} of {total} seeds")
    if not results:
        return bar
    success, following = paired_success(results), paired_following(results)
    tests = _pairs("Success", success) + _pairs("Goes to the named object first", following)
    return f'{bar}{_rates(names, results, success, following)}<div class="pairs-row">{tests}</div>'


def as_json(described: dict[str, Any], results: Results) -> str:
    """Settings, totals and every seed; `described` is what was run."""
    tests = {"success": paired_success(results), "following": paired_following(results)}
    values = {
        **described,
        "done": len(results),
        "totals": {
            name: {**asdict(test), "rates": [asdict(rate) for rate in test.rates]} for name, test in tests.items()
        },
        "intervals": "95 %, Wilson",
        "test": "McNemar, exact, two-sided",
        "seeds": [{"seed": one.seed, "a": asdict(one), "b": asdict(other)} for one, other in results],
    }
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def as_csv(results: Results) -> str:
    """One row a seed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["seed", *(f"{side.lower()}_{column}" for side in SIDES for column in COLUMNS)])
    for pair in results:
        writer.writerow([pair[0].seed, *(_cell(getattr(result, column)) for result in pair for column in COLUMNS)])
    return text.getvalue()


def _rates(names: tuple[str, str], results: Results, success: Paired, following: Paired) -> str:
    head = ("policy", "success", "95 % interval", "goes to the named object", "95 % interval", "mean points")
    rows = []
    for side, name in enumerate(names):
        points = sum(pair[side].points for pair in results) / len(results)
        cells = (*_rate(success.rates[side]), *_rate(following.rates[side]))
        rows.append((f"{SIDES[side]}: {short(name)}", *cells, f"{points:.0f}"))
    return markup.table(head, rows, "Both on the same seeds. Intervals are Wilson's.")


def _rate(rate: Rate) -> tuple[str, str]:
    return f"{rate.count} of {rate.of}", f"{100 * rate.low:.0f} to {100 * rate.high:.0f} %"


def _pairs(what: str, test: Paired) -> str:
    """The four kinds of seeds, and the test that looks at two of them."""
    count = test.discordant
    apart = "1 seed tells" if count == 1 else f"{count or 'No'} seed{'s' if count else ''} tell{'' if count else 's'}"
    p = "< 0.001" if test.p < 0.001 else f"= {test.p:.3f}"
    found = f"{apart} them apart; p {p} (McNemar, exact, two-sided)"
    return (
        f'<figure class="pairs"><figcaption><b>{what}</b><br>{found}</figcaption><table>'
        '<thead><tr><td></td><th scope="col">B yes</th><th scope="col">B no</th></tr></thead><tbody>'
        f'<tr><th scope="row">A yes</th><td>{test.both}</td><td class="discordant">{test.only_first}</td></tr>'
        f'<tr><th scope="row">A no</th><td class="discordant">{test.only_second}</td><td>{test.neither}</td></tr>'
        "</tbody></table></figure>"
    )


def _cell(value: object) -> object:
    """Words of a person are no formula of the program that opens the table."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
