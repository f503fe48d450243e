"""What a model finds in an image."""

from dataclasses import dataclass

#: Corners (x1, y1, x2, y2) in pixels of the upright image, x to the right and y down.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Detection:
    """One object that a model found."""

    box: Box
    #: Confidence, 0–1.
    score: float
    #: Class name after the catalogue's mapping, so `car` whatever the weights call it.
    label: str
