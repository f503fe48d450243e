"""How much is got for the carbon spent."""

import math


def green_score(accuracy: float, carbon_kg_per_image: float | None, seconds_per_image: float) -> float | None:
    """100 · clamp((log10(e) − 4) / 7), 0–100, where e = accuracy / (kg CO2eq per image × seconds per image).

    `accuracy` is 0–1. On this log scale 14 points are a factor of ten. None where carbon was not measured.
    """
    if carbon_kg_per_image is None or carbon_kg_per_image <= 0 or seconds_per_image <= 0:
        return None
    if accuracy <= 0:
        return 0.0
    efficiency = accuracy / (carbon_kg_per_image * seconds_per_image)
    return 100.0 * min(1.0, max(0.0, (math.log10(efficiency) - 4.0) / 7.0))
