"""The largest error of each array against its gate."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from oft_demo.parity.case import Case
from oft_demo.parity.compute import Computed
from oft_demo.parity.pictures import Start
from oft_demo.policy.config import Head

GIVEN = ("state_raw", "diffusion_noise")  # questions, not answers
# Absolute errors that other orders of summation stay under by a factor of two and more [recorded official behaviour
# against itself: 5e-6 on normalised actions with another thread count, 1e-5 on patches].
EXACT = 0.0
FROM_TEXT = {"language_mean": 1e-5, "film_gamma": 2e-5, "film_beta": 2e-5}
FROM_CROPS = {
    "pixel_values_sample": 1e-5,
    "vision_features": 1e-4,
    "projected_patches": 5e-5,
    "action_hidden_states": 2e-5,
    "lm_inputs_embeds_after_patches": 5e-5,
}
# From raw frames some pixels are one grey level off, where a rounding tie falls the other way.
FROM_PNG = {
    "pixel_values_sample": 0.1,
    "vision_features": 0.5,
    "projected_patches": 0.1,
    "action_hidden_states": 2e-2,
    "lm_inputs_embeds_after_patches": 5e-5,
}
# Words are equal or not; what they stand for was recorded in double precision.
ACTIONS: dict[Start, dict[Head, float]] = {
    "crops": {"l1": 5e-5, "diffusion": 1e-4, "discrete": 1e-6, "autoregressive": 1e-6},
    "png": {"l1": 5e-3, "diffusion": 2e-2, "discrete": 5e-3, "autoregressive": 5e-3},
}
ADDED_UP = ("action_hidden_states", "lm_inputs_embeds_after_patches")
DENOISING = 5.0  # times the gates of hidden states and inputs: errors of many passes add up
PIXEL_SUM = {"crops": 0.5, "png": 500.0}  # over the 50,176 pixels of a channel
PICTURE_LEVELS = {"payload": 1.0, "cropped": 2.0}  # [grey levels]; a crop's interpolation may turn one into two
PICTURE_SHARE = 1e-3  # of the values of a picture may differ at all


@dataclass(frozen=True)
class Finding:
    """One array, recorded and computed."""

    name: str
    error: float  # largest absolute difference; infinite where shapes differ
    gate: float
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the error is within the gate."""
        return self.error <= self.gate

    def __str__(self) -> str:
        verdict = "ok" if self.passed else "OVER"
        return f"{self.name:42}{self.error:12.2e}{self.gate:12.1e}  {verdict:5}{self.note}".rstrip()


def compare(case: Case, computed: Computed, start: Start) -> Iterator[Finding]:
    """Every recorded answer, in the order in which it was recorded."""
    for name, expected in case.expected.items():
        kind = _kind(case, name)
        if kind in GIVEN or (start == "crops" and kind.startswith(("payload_", "cropped_"))):
            continue
        if name not in computed.arrays:
            gate = 0.0 if kind in ("normalized_actions", "actions", "predicted_token_ids") else np.inf
            yield Finding(name, np.inf, gate, "not computed here")
            continue
        candidates = computed.steps.get(name, [computed.arrays[name]])
        errors = [_error(candidate, expected) for candidate in candidates]
        best = int(np.argmin(errors))
        note = f"at step {best + 1} of {len(errors)}" if len(errors) > 1 else ""
        if kind.startswith(("payload_", "cropped_")):
            yield _picture(name, kind, candidates[best], expected)
        else:
            yield Finding(name, errors[best], _gate(case, kind, expected, start), note)


def out_arrays(case: Case, computed: Computed) -> dict[str, np.ndarray]:
    """Computed arrays in the recorded shapes, of the denoising step that was recorded."""
    arrays = dict(computed.arrays)
    for name, candidates in computed.steps.items():
        if name in case.expected:
            arrays[name] = min(candidates, key=lambda candidate: _error(candidate, case.expected[name]))
    for name, value in arrays.items():
        expected = case.expected.get(name)
        if expected is not None and expected.size == value.size:
            arrays[name] = value.reshape(expected.shape)
    return arrays


def _kind(case: Case, name: str) -> str:
    """A name without the prefix of its query."""
    prefix = next((query.prefix for query in case.queries if name.startswith(query.prefix)), "")
    return name.removeprefix(prefix)


def _error(found: np.ndarray, expected: np.ndarray) -> float:
    if np.squeeze(found).shape != np.squeeze(expected).shape:
        return np.inf
    difference = np.squeeze(found).astype(np.float64) - np.squeeze(expected).astype(np.float64)
    return float(np.abs(difference).max()) if np.isfinite(difference).all() else np.inf


def _picture(name: str, kind: str, found: np.ndarray, expected: np.ndarray) -> Finding:
    """Pictures have two gates: how far a value may be off, and how many may."""
    error, gate = _error(found, expected), PICTURE_LEVELS[kind.split("_")[0]]
    share = float((found != expected).mean()) if found.shape == expected.shape else 1.0
    return Finding(name, np.inf if share > PICTURE_SHARE else error, gate, f"{100 * share:.3f} % of values differ")


def _gate(case: Case, kind: str, expected: np.ndarray, start: Start) -> float:
    actions = ACTIONS[start][case.facts.head]
    if kind == "normalized_actions":
        return actions
    if kind == "actions":
        spread = float(np.abs(expected).max()) + 1.0  # un-normalising stretches errors by half of the joints' range
        return actions * spread
    if kind == "pixel_values_sum":
        return PIXEL_SUM[start]
    if kind == "predicted_token_ids" and start == "png":
        return np.inf  # a tie may fall the other way; the actions say whether that matters
    gates = {**FROM_TEXT, **(FROM_CROPS if start == "crops" else FROM_PNG)}
    if case.facts.head == "diffusion":
        gates.update({name: DENOISING * gates[name] for name in ADDED_UP})
    return next((gate for name, gate in gates.items() if kind.startswith(name)), _by_dtype(expected))


def _by_dtype(expected: np.ndarray) -> float:
    """Ids are equal; other small computations agree to rounding."""
    return EXACT if np.issubdtype(expected.dtype, np.integer) else 1e-5
