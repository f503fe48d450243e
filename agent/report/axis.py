"""From values to places on a plot."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Axis:
    """A linear scale from [low, high] to [start, end] in pixels; `label` names the quantity and its unit."""

    low: float
    high: float
    start: float
    end: float
    label: str = ""
    form: Callable[[float], str] = "{:g}".format
    #: Where ticks stand; None chooses some.
    ticks_at: Sequence[float] | None = None
    most_ticks: int = field(default=6, kw_only=True)

    def place(self, value: float) -> float:
        """In pixels, to a tenth; a value beyond the axis lies at its end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places and texts."""
        values = round_numbers(self.low, self.high, self.most_ticks) if self.ticks_at is None else self.ticks_at
        return [(self.place(value), self.form(value)) for value in values]


def round_numbers(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2, 2.5 or 5 times a power of ten within [low, high], at most `most` + 1 of them."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in _STEPS if factor * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 12) + 0.0 for index in range(first, last + 1)]
