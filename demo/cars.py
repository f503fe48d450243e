"""Car: one car seen from its side."""

from dataclasses import dataclass

import numpy as np

from demo.bodies import BODIES, Body
from demo.canvas import Colour, Frame, Point, bgr, mixed, palette, rounded, shaded

TYRE, RIM, HUB = bgr("202226"), bgr("b9bec4"), bgr("6d7278")
GLASS, GLASS_SHINE = bgr("3d5566"), bgr("a9c9da")
HEADLIGHT, TAIL_LIGHT = bgr("fff3c4"), bgr("d5232b")
PAINTS = palette(
    "c8102e e4572e f2a900 ffd23f 7fb069 2e7d4f 1b998b 4cc9f0 2b6cb0 1d3557 "
    "6a4c93 b5179e f4f4f2 c9ced3 7d868e 3a3f45 16181b 8d5a3a d9c7a3 5b0f1a"
)


@dataclass(frozen=True)
class Car:
    """One car; length and height in metres, its origin at its rear end, on the ground."""

    body: Body
    length: float
    height: float
    paint: Colour
    roof: Colour
    extra: str  # "", "taxi", "rack" or "stripe"

    def draw(self, frame: Frame) -> None:
        """Paint the car; ``frame`` stands at the rear end of it."""
        frame.shadow(0, self.length)
        self._draw_extra(frame)
        self._draw_body(frame)
        self._draw_windows(frame)
        self._draw_details(frame)
        self._draw_lights(frame)
        for axle in self.body.axles:
            _draw_wheel(frame, axle * self.length, self._wheel_radius)

    @property
    def _wheel_radius(self) -> float:
        return 0.225 * min(self.height, 1.75) * (0.94 if self.height < 1.4 else 1)

    def _metres(self, points: tuple[Point, ...]) -> list[Point]:
        return [(x * self.length, y * self.height) for x, y in points]

    def _draw_body(self, frame: Frame) -> None:
        outline = rounded(self._metres(self.body.outline))
        frame.polygon(outline, self.paint)
        roof = [(x, y) for x, y in outline if y > 0.93 * self.height]
        frame.polygon(roof, self.roof)
        left, right, low = 0.012 * self.length, 0.988 * self.length, 0.16 * self.height
        sill = 0.32 * self.height
        frame.polygon(
            [(left, sill), (right, sill), (right - 0.03, low), (left + 0.03, low)],
            shaded(self.paint, 0.72),
        )
        if self.extra == "stripe":
            frame.rectangle(left, sill, right, sill + 0.1, mixed(self.paint, (245, 245, 245), 0.8))

    def _draw_windows(self, frame: Frame) -> None:
        for window in self.body.windows:
            glass = self._metres(window)
            frame.polygon(rounded(glass, 1), GLASS)
            (x0, low), (x1, high) = min(glass), max(glass, key=lambda point: point[1])
            middle = (x0 + max(x for x, _ in glass)) / 2
            reach = 0.16 * (high - low)
            frame.tint(
                [(middle - reach, low), (middle + reach, low), (x1, high), (x1 - 2 * reach, high)],
                GLASS_SHINE,
                0.35,
            )

    def _draw_details(self, frame: Frame) -> None:
        seam, sill = shaded(self.paint, 0.6), 0.6 * self.height
        for door in self.body.doors:
            x = door * self.length
            frame.line([(x, 0.24 * self.height), (x, sill)], seam, 0.025)
            frame.rectangle(x - 0.24, sill - 0.14, x - 0.08, sill - 0.1, seam)
        shoulder = 0.5 * self.height
        glint = mixed(self.paint, (255, 255, 255), 0.35)
        frame.line([(0.04 * self.length, shoulder), (0.93 * self.length, shoulder)], glint, 0.035)
        for rear, front in ((-0.02, 0.1), (self.length - 0.1, self.length + 0.02)):
            frame.rectangle(rear, 0.17 * self.height, front, 0.28 * self.height, bgr("3b4046"))

    def _draw_lights(self, frame: Frame) -> None:
        high = 0.46 * self.height
        frame.ellipse(self.length - 0.1, high - 0.04, 0.13, 0.085, HEADLIGHT)
        frame.rectangle(0.0, high, 0.11, high + 0.16, TAIL_LIGHT)
        frame.shine(self.length + 0.05, high - 0.03, 0.75, bgr("ffe9a8"))
        frame.shine(0, high + 0.08, 0.4, bgr("ff2a2a"))

    def _draw_extra(self, frame: Frame) -> None:
        top, middle = self.height, 0.46 * self.length
        if self.extra == "taxi":
            frame.rectangle(middle - 0.28, top - 0.03, middle + 0.28, top + 0.2, bgr("ffd23f"))
            frame.rectangle(middle - 0.18, top + 0.05, middle + 0.18, top + 0.12, bgr("2b2b2b"))
        elif self.extra == "rack":
            left, right = 0.2 * self.length, 0.52 * self.length
            frame.line([(left, top + 0.08), (right, top + 0.08)], bgr("4a4f55"), 0.05)
            frame.rectangle(left + 0.2, top + 0.08, right - 0.25, top + 0.3, bgr("9c6b3f"))


def make_car(rng: np.random.Generator) -> Car:
    """Draw a car at random: shape, size, paint, roof and trimmings."""
    body = BODIES[rng.integers(len(BODIES))]
    colour = PAINTS[rng.integers(len(PAINTS))]
    paint = shaded(colour, rng.uniform(0.88, 1.08))
    roof = mixed(paint, (250, 250, 250), 0.8) if rng.random() < 0.12 else shaded(paint, 0.9)
    length, height = rng.uniform(*body.length), rng.uniform(*body.height)
    extra = rng.choice(["", "taxi", "rack", "stripe"], p=[0.72, 0.08, 0.08, 0.12])
    return Car(body, length, height, paint, roof, str(extra))


def _draw_wheel(frame: Frame, x: float, radius: float) -> None:
    frame.disc(x, radius + 0.02, radius * 1.18, shaded(TYRE, 0.7))
    frame.disc(x, radius, radius, TYRE)
    frame.disc(x, radius, radius * 0.62, RIM)
    for angle in np.linspace(0, np.pi, 5, endpoint=False):
        dx, dy = 0.55 * radius * np.cos(angle), 0.55 * radius * np.sin(angle)
        frame.line([(x - dx, radius - dy), (x + dx, radius + dy)], HUB, 0.05)
    frame.disc(x, radius, radius * 0.2, HUB)
