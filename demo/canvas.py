"""Canvas: a picture under construction that remembers which car painted each pixel."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Point = tuple[float, float]
Colour = tuple[int, int, int]  # blue, green, red; 0-255

OVERSAMPLING = 2  # painted this many times larger than shown: smooth edges
FIXED_POINT_BITS = 4  # OpenCV takes fractions of a pixel as fixed-point integers


def bgr(code: str) -> Colour:
    """Turn ``"rrggbb"`` into a colour."""
    red, green, blue = (int(code[i : i + 2], 16) for i in (0, 2, 4))
    return blue, green, red


def palette(codes: str) -> tuple[Colour, ...]:
    """Turn ``"rrggbb rrggbb …"`` into colours."""
    return tuple(bgr(code) for code in codes.split())


def shaded(colour: Colour, factor: float) -> Colour:
    """Darken (factor below 1) or lighten (above 1) a colour."""
    blue, green, red = (min(255, max(0, round(channel * factor))) for channel in colour)
    return blue, green, red


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """Blend two colours; ``share`` (0-1) is that of the second."""
    blue, green, red = (round(a * (1 - share) + b * share) for a, b in zip(colour, other, strict=True))
    return blue, green, red


def rounded(points: Sequence[Point], passes: int = 2) -> list[Point]:
    """Cut the corners of a closed outline (Chaikin's algorithm)."""
    corners = np.asarray(points, dtype=float)
    for _ in range(passes):
        following = np.roll(corners, -1, axis=0)
        near, far = 0.8 * corners + 0.2 * following, 0.2 * corners + 0.8 * following
        corners = np.stack([near, far], axis=1).reshape(-1, 2)
    return [(float(x), float(y)) for x, y in corners]


@dataclass(frozen=True)
class Lamp:
    """A light that shines in the dark; centre and radius in pixels."""

    centre: Point
    radius: float
    colour: Colour


class Canvas:
    """A BGR picture, and a plane of the same size with the owner of each pixel (0: no car).

    The same strokes paint both, so a box read off the plane cannot disagree with the picture.
    Coordinates are pixels of the finished picture, y downwards; fractions are kept.
    """

    def __init__(self, width: int, height: int) -> None:
        self.picture: Image = np.zeros((height * OVERSAMPLING, width * OVERSAMPLING, 3), dtype=np.uint8)
        self.owners: Image = np.zeros((height, width), dtype=np.uint8)
        self.owner = 0
        self.lamps: list[Lamp] = []

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a closed outline."""
        _fill(self.picture, points, colour, OVERSAMPLING, cv2.LINE_AA)
        _fill(self.owners, points, self.owner, 1, cv2.LINE_8)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """Draw an open line, ``width`` pixels wide."""
        _stroke(self.picture, points, colour, width, OVERSAMPLING)
        _stroke(self.owners, points, self.owner, width, 1)

    def tint(self, points: Sequence[Point], colour: Colour, opacity: float) -> None:
        """Lay a translucent colour over an outline; it belongs to nobody (shadows, beams)."""
        corners = np.asarray(points) * OVERSAMPLING
        height, width = self.picture.shape[:2]
        left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, (width, height))
        right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, (width, height))
        if left >= right or top >= bottom:
            return
        patch = self.picture[top:bottom, left:right]
        painted = patch.copy()
        local = [(x - left / OVERSAMPLING, y - top / OVERSAMPLING) for x, y in points]
        _fill(painted, local, colour, OVERSAMPLING, cv2.LINE_AA)
        patch[:] = cv2.addWeighted(painted, opacity, patch, 1 - opacity, 0)

    def gradient(self, top: Colour, bottom: Colour, height: float) -> None:
        """Fill the upper ``height`` pixels from one colour to the other."""
        rows = round(height * OVERSAMPLING)
        column = np.linspace(top, bottom, rows)[:, None, :]
        self.picture[:rows] = np.round(column).astype(np.uint8)

    def shine(self, centre: Point, radius: float, colour: Colour) -> None:
        """Remember a lamp, to be lit when the picture is dark."""
        self.lamps.append(Lamp(centre, radius, colour))

    def finished(self) -> Image:
        """Return the picture at its final size."""
        height, width = self.owners.shape
        shrunk = cv2.resize(self.picture, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(shrunk, dtype=np.uint8)


@dataclass(frozen=True)
class Frame:
    """A thing's own coordinates on the canvas: metres, x forwards, y up from the ground.

    ``x`` and ``y`` are the pixel where the thing's origin stands, ``scale`` is in pixels per metre;
    a mirrored thing looks to the left.
    """

    canvas: Canvas
    x: float
    y: float
    scale: float
    mirrored: bool = False

    def at(self, x: float, y: float) -> Point:
        """Pixel of a point given in metres."""
        return self.x + (-x if self.mirrored else x) * self.scale, self.y - y * self.scale

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a closed outline."""
        self.canvas.polygon([self.at(x, y) for x, y in points], colour)

    def rectangle(self, left: float, bottom: float, right: float, top: float, c: Colour) -> None:
        """Fill an upright rectangle."""
        self.polygon([(left, bottom), (right, bottom), (right, top), (left, top)], c)

    def ellipse(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill an ellipse given by its centre and its two radii."""
        self.polygon(_ellipse(x, y, width, height), colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        self.ellipse(x, y, radius, radius, colour)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """Draw an open line, ``width`` metres wide."""
        self.canvas.line([self.at(x, y) for x, y in points], colour, width * self.scale)

    def tint(self, points: Sequence[Point], colour: Colour, opacity: float) -> None:
        """Lay a translucent colour over an outline."""
        self.canvas.tint([self.at(x, y) for x, y in points], colour, opacity)

    def shadow(self, left: float, right: float) -> None:
        """Darken the ground under a thing that stands from ``left`` to ``right``."""
        middle, half = (left + right) / 2, (right - left) / 2
        for spread, opacity in ((1.08, 0.18), (0.98, 0.25)):
            outline = _ellipse(middle, 0.02, half * spread, 0.09 + 0.02 * half)
            self.tint(outline, (25, 20, 20), opacity)

    def shine(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Remember a lamp; ``radius`` in metres."""
        self.canvas.shine(self.at(x, y), radius * self.scale, colour)


def _ellipse(x: float, y: float, width: float, height: float) -> list[Point]:
    angles = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return [(float(x + width * c), float(y + height * s)) for c, s in zip(np.cos(angles), np.sin(angles), strict=True)]


def _fixed_point(points: Sequence[Point], factor: int) -> NDArray[np.int32]:
    # OpenCV counts from the centre of the first pixel, we from its corner.
    exact = (np.asarray(points, dtype=float) * factor - 0.5) * (1 << FIXED_POINT_BITS)
    return np.round(exact).astype(np.int32).reshape(-1, 1, 2)


def _fill(plane: Image, points: Sequence[Point], value: Colour | int, factor: int, kind: int) -> None:
    colour = value if isinstance(value, tuple) else (value,)
    cv2.fillPoly(plane, [_fixed_point(points, factor)], colour, kind, FIXED_POINT_BITS)


def _stroke(plane: Image, points: Sequence[Point], value: Colour | int, width: float, factor: int) -> None:
    colour = value if isinstance(value, tuple) else (value,)
    kind = cv2.LINE_AA if isinstance(value, tuple) else cv2.LINE_8
    thickness = max(1, round(width * factor))
    corners = _fixed_point(points, factor)
    cv2.polylines(plane, [corners], False, colour, thickness, kind, FIXED_POINT_BITS)
