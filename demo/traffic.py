"""Traffic: what is on the road, and where, so that nothing hides what must be seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.canvas import Canvas, Frame
from demo.cars import Car, make_car
from demo.props import LONG_TRAFFIC, SHORT_TRAFFIC, Prop
from demo.street import Street

MOST_COVERED = 0.55  # share of one thing's box that another may cover
LEAST_STAGGER = 12  # pixels between two grounds; nearer than that, things would collide
ATTEMPTS = 40  # places tried for one thing before it stays away

Sized = tuple[Car | Prop, float, float]  # with length and height in metres


@dataclass(frozen=True)
class Placed:
    """Something on the road: its rear end at (x, ground) in pixels, its size in metres."""

    thing: Car | Prop
    length: float
    height: float
    x: float
    ground: float
    scale: float  # pixels per metre
    mirrored: bool

    @property
    def left(self) -> float:
        """Left end in pixels."""
        return self.x - self.length * self.scale if self.mirrored else self.x

    @property
    def right(self) -> float:
        """Right end in pixels."""
        return self.left + self.length * self.scale

    @property
    def top(self) -> float:
        """Upper end in pixels."""
        return self.ground - self.height * self.scale

    @property
    def is_car(self) -> bool:
        """Whether it counts."""
        return isinstance(self.thing, Car)

    def draw(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """Paint it where it stands."""
        frame = Frame(canvas, self.x, self.ground, self.scale, self.mirrored)
        if isinstance(self.thing, Car):
            self.thing.draw(frame)
        else:
            self.thing(frame, rng)


def fill_lanes(street: Street, cars: int, rng: np.random.Generator) -> list[Placed]:
    """Place up to ``cars`` cars among other traffic at random; the farthest first."""
    facing_left = rng.random(street.lanes) < 0.5
    placed: list[Placed] = []
    things = [_make_other(rng) for _ in range(rng.integers(0, 4))]
    for sized in things + [_make_car(rng) for _ in range(cars)]:
        for _ in range(ATTEMPTS):
            candidate = _drop(street, sized, facing_left, rng)
            if all(_go_together(candidate, other) for other in placed):
                placed.append(candidate)
                break
    return sorted(placed, key=lambda item: item.ground)


def _make_car(rng: np.random.Generator) -> Sized:
    car = make_car(rng)
    return car, car.length, car.height


def _make_other(rng: np.random.Generator) -> Sized:
    kinds = LONG_TRAFFIC if rng.random() < 0.3 else SHORT_TRAFFIC
    thing, (length, height) = list(kinds.items())[rng.integers(len(kinds))]
    return thing, length, height


def _drop(street: Street, sized: Sized, facing_left: NDArray[np.bool_], rng: np.random.Generator) -> Placed:
    thing, length, height = sized
    lane = int(rng.integers(street.lanes))
    ground = street.lane_ground(lane) + rng.uniform(-4, 4)
    parked_otherwise = rng.random() < 0.12
    mirrored = bool(facing_left[lane]) != parked_otherwise
    scale = street.scale(ground)
    overhang = 0.35 * length * scale
    left = rng.uniform(-overhang, street.width - length * scale + overhang)
    x = left + length * scale if mirrored else left
    return Placed(thing, length, height, x, ground, scale, mirrored)


def _go_together(one: Placed, other: Placed) -> bool:
    behind, front = sorted((one, other), key=lambda item: item.ground)
    wide = min(behind.right, front.right) - max(behind.left, front.left)
    if wide <= 0:
        return True
    high = behind.ground - max(behind.top, front.top)
    whole = (behind.right - behind.left) * (behind.ground - behind.top)
    clear = front.ground - behind.ground >= LEAST_STAGGER
    return clear and wide * max(high, 0) < MOST_COVERED * whole
