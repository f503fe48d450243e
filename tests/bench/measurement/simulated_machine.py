"""A machine whose speed drifts, and what a clock would show on it."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

#: Largest departure from the mean speed.
DRIFT = 0.2

_STEPS = 400


def _walk(x: Array, random: np.random.Generator) -> Array:
    steps = np.cumsum(random.normal(0, DRIFT / np.sqrt(len(x)), len(x)))
    return np.asarray(steps - steps.mean())


#: How much longer everything takes than on average, over the run from 0 to 1.
DRIFTS: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "none": lambda x, random: np.zeros_like(x),
    "linear ±20 %": lambda x, random: DRIFT * (2 * x - 1) * random.choice([-1, 1]),
    "sine, 3.3 periods": lambda x, random: DRIFT * np.sin(2 * np.pi * (3.3 * x + random.random())),
    "step of 40 %": lambda x, random: np.where(x < random.uniform(0.1, 0.9), -DRIFT, DRIFT),
    "random walk": _walk,
}


class Machine:
    """Time passes on it only while something runs."""

    def __init__(self, drift: str, random: np.random.Generator) -> None:
        self._slowness = 1 + DRIFTS[drift](np.linspace(0, 1, _STEPS), random)
        self._length_s = 1.0
        self._now_s = 0.0

    def begin(self, length_s: float) -> None:
        """The whole of the drift passes within the `length_s` that the next phase takes about."""
        self._length_s, self._now_s = length_s, 0.0

    def run(self, work_ms: float) -> float:
        """How long it takes, in ms, what takes `work_ms` at mean speed."""
        position = min(int(_STEPS * self._now_s / self._length_s), _STEPS - 1)
        time_ms = work_ms * float(self._slowness[position])
        self._now_s += time_ms / 1e3
        return time_ms
