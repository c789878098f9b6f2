"""Lines of the table say whether a bar was met."""

import pytest

from oft_demo.bench import command
from oft_demo.bench.command import BenchOptions, main
from oft_demo.bench.lines import Answers, Bar, Heading, Note, Ratio, Row


@pytest.mark.parametrize(
    ("line", "missed"),
    [
        (Row("step", 1.0, "ms"), False),
        (Row("step", 1.0, "ms", 399.9, 400), True),
        (Row("step", 1.0, "ms", 400.0, 400), False),
        (Answers("ours", 10.0, 100.0, 1.9, 2), True),
        (Answers("ours", 10.0, 100.0, 2.0, 2), False),
        (Ratio("gain", 25.0, 26), True),
        (Ratio("gain", 25.0), False),
    ],
)
def test_a_ratio_under_its_bar_is_missed_and_says_so(line, missed):
    assert line.missed == missed
    assert ("MISSED" in str(line)) == missed
    assert ("met" in str(line)) == (getattr(line, "bar", None) is not None and not missed)


def test_columns_stand_under_their_names():
    heading, line = str(Heading("Title", ("ms", "actions/s"))), str(Answers("name", 12.345, 678.9))
    assert heading.splitlines()[-1].index("ms") + len("ms") == line.index("12.3") + len("12.3")
    assert heading.splitlines()[-1].index("actions/s") + len("actions/s") == line.index("678.9") + len("678.9")


@pytest.mark.parametrize(("ratio", "status"), [(3.0, 0), (1.0, 1)])
def test_the_status_is_one_where_a_bar_was_missed(monkeypatch, capsys, ratio, status):
    lines = [Heading("Title"), Note("a remark"), Row("step", 1.0, "ms", ratio, 2), Row("other", 1.0, "ms")]
    monkeypatch.setattr(command, "measure", lambda options: iter(lines))
    assert main(BenchOptions()) == status
    assert "a remark" in capsys.readouterr().out


def test_a_figure_can_have_a_bar_below_or_above():
    assert Bar("factor", 0.98, "x", at_least=0.99).missed
    assert not Bar("factor", 0.99, "x", at_least=0.99).missed
    assert Bar("task", 51.0, "ms", at_most=50.0).missed
    assert "MISSED" in str(Bar("task", 51.0, "ms", at_most=50.0))
    assert not Bar("share", 1.0, "cores").missed
    assert "bar" not in str(Bar("share", 1.0, "cores"))
