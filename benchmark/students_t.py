"""Student's t distribution, for whole degrees of freedom."""

import math
from functools import cache


def two_sided_p(t: float, degrees: int) -> float:
    """How often chance alone brings a t this far from 0, or further; above 0, up to 1.

    The finite series for whole degrees of freedom, Abramowitz and Stegun 26.7.3 and 26.7.4.
    """
    angle = math.atan(abs(t) / math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term, total = (cosine, 0.0) if odd else (1.0, 0.0)
    for number in range(1 + odd, degrees, 2):
        total += term
        term *= cosine**2 * number / (number + 1)
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return min(1.0, max(1.0 - inside, math.ulp(1.0)))


@cache
def two_sided_limit(confidence: float, degrees: int) -> float:
    """The t that chance alone exceeds, to either side, in 1 − `confidence` of all cases."""
    low, high = 0.0, 1.0
    while two_sided_p(high, degrees) > 1 - confidence:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided_p(middle, degrees) > 1 - confidence else (low, middle)
    return high
