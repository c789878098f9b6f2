"""What a training run reports: one CSV row a validation, and a plot of it."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from oft_demo.types import ARM_JOINTS, ARMS

JOINT_GROUPS = {
    f"{arm}_{part}": [side * len(ARM_JOINTS) + index for index in indices]
    for side, arm in enumerate(ARMS)
    for part, indices in (("arm", range(6)), ("gripper", (6,)))
}


@dataclass(frozen=True)
class Metrics:
    """One row of metrics.csv; validation is done with the averaged weights on held-out episodes."""

    step: int
    samples: int
    stage: str
    elapsed_s: float
    learning_rate: float
    samples_per_second: float
    eta_s: float
    loss: float  # means over the steps since the last row
    imitation: float
    patch: float
    position: float
    patch_accuracy: float
    position_error_cm: float
    validation_l1: float  # normalised units, valid rows
    validation_executed_l1: float  # the rows that are executed before the policy is asked again
    validation_patch_accuracy: float
    validation_position_error_cm: float
    validation_groups: Mapping[str, float] = field(default_factory=dict[str, float])

    def row(self) -> dict[str, object]:
        """The row with one column a joint group."""
        values = {name: value for name, value in vars(self).items() if name != "validation_groups"}
        groups = {f"validation_l1_{name}": self.validation_groups.get(name, float("nan")) for name in JOINT_GROUPS}
        return {
            name: round(value, 6) if isinstance(value, float) else value for name, value in {**values, **groups}.items()
        }


def append(path: Path, metrics: Metrics) -> None:
    """Add one row."""
    row = metrics.row()
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def read(path: Path) -> list[dict[str, str]]:
    """Read all rows as text."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def drop_after(path: Path, step: int) -> None:
    """Forget rows past the step that a run resumes from, as they will be written again."""
    rows = read(path)
    kept = [row for row in rows if int(row["step"]) <= step]
    if len(kept) == len(rows):
        return
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(kept)


def plot(csv_path: Path, html_path: Path) -> None:
    """Draw the curves of metrics.csv into one HTML page."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    rows = read(csv_path)
    panels = {
        "L1, normalised": ("imitation", "validation_l1", "validation_executed_l1"),
        "Patch of the named object": ("patch_accuracy", "validation_patch_accuracy"),
        "Position error [cm]": ("position_error_cm", "validation_position_error_cm"),
        "Learning rate": ("learning_rate",),
    }
    figure = make_subplots(rows=len(panels), cols=1, shared_xaxes=True, subplot_titles=list(panels))
    samples = [int(row["samples"]) for row in rows]
    for index, columns in enumerate(panels.values(), start=1):
        for column in columns:
            values = [float(row[column]) for row in rows]
            figure.add_trace(go.Scatter(x=samples, y=values, name=column.replace("_", " ")), row=index, col=1)
    figure.update_xaxes(title_text="samples", row=len(panels), col=1)
    figure.update_layout(height=260 * len(panels), margin={"t": 40})
    figure.write_html(html_path, include_plotlyjs=True)
