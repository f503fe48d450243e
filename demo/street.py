"""Street: the backdrop of a scene, from the sky down to the near pavement."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from demo.canvas import Canvas, Colour, Frame, Point, bgr, mixed, palette, shaded
from demo.props import ON_FAR_PAVEMENT, bush, tree

WALLS = palette("e8c39e d98c6a c96f4a b7c4b1 e9d8a6 a3b8c8 d4b8c7 f1e3d3 9fb4a5")
ROOFS = palette("8c3b2e 5a4a42 4a5a68 a6523a 3d4b55")
SHOPS = palette("c8102e 2a9d8f f2a900 3a5a9b 7b2cbf 2e7d4f")
PANE, PANE_LIT, DOOR = bgr("6f8fa6"), bgr("ffd98a"), bgr("6b4226")


@dataclass(frozen=True)
class Light:
    """A time of day: colours of the sky, and what it does to the colours below it."""

    name: str
    sky_top: Colour
    sky_bottom: Colour
    tint: tuple[float, float, float]  # factor on blue, green, red
    lamps: float  # 0 (out) to 1 (bright)


LIGHTS = (
    Light("at noon", bgr("4a9fe0"), bgr("cfe9f7"), (1.0, 1.0, 1.0), 0),
    Light("in the morning", bgr("8ec1e8"), bgr("fde6cc"), (0.93, 0.98, 1.03), 0),
    Light("under clouds", bgr("9aa7b2"), bgr("dfe4e8"), (0.95, 0.93, 0.91), 0),
    Light("at sunset", bgr("5d6bb0"), bgr("ffb066"), (0.78, 0.86, 1.02), 0.45),
    Light("at night", bgr("26345f"), bgr("5a6ea8"), (0.66, 0.54, 0.5), 1.0),
)


@dataclass(frozen=True)
class Street:
    """Where things stand; heights in pixels from the top, scales in pixels per metre."""

    width: int
    far_kerb: float
    near_kerb: float
    lanes: int
    far_scale: float
    near_scale: float
    district: str  # "town", "suburb" or "park"
    light: Light

    @property
    def far_pavement(self) -> float:
        """Where the houses meet the far pavement."""
        return self.far_kerb - 1.15 * self.far_scale

    def scale(self, y: float) -> float:
        """Pixels per metre of what stands on the ground at this height."""
        share = (y - self.far_kerb) / (self.near_kerb - self.far_kerb)
        return self.far_scale + share * (self.near_scale - self.far_scale)

    def lane_ground(self, lane: int) -> float:
        """Height at which a lane's wheels touch the ground; lane 0 is the farthest."""
        return self.far_kerb + (lane + 0.8) / self.lanes * (self.near_kerb - self.far_kerb)


def make_street(rng: np.random.Generator, width: int, height: int, lanes: int) -> Street:
    """Draw a street at random."""
    near_kerb = height - rng.uniform(30, 58)
    far_scale = rng.uniform(17.5, 23)
    return Street(
        width=width,
        far_kerb=near_kerb - lanes * rng.uniform(40, 50),
        near_kerb=near_kerb,
        lanes=lanes,
        far_scale=far_scale,
        near_scale=far_scale * rng.uniform(1.4, 2.1),
        district=str(rng.choice(["town", "suburb", "park"], p=[0.5, 0.3, 0.2])),
        light=LIGHTS[rng.choice(len(LIGHTS), p=[0.34, 0.18, 0.18, 0.15, 0.15])],
    )


def draw_street(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    """Paint everything that stands behind the traffic."""
    _draw_sky(canvas, street, rng)
    _draw_skyline(canvas, street, rng)
    _draw_district(canvas, street, rng)
    _draw_ground(canvas, street, rng)
    _draw_marks(canvas, street, rng)
    _draw_far_pavement(canvas, street, rng)


def _draw_sky(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    light = street.light
    canvas.gradient(light.sky_top, light.sky_bottom, street.far_pavement)
    sky = Frame(canvas, rng.uniform(40, street.width - 40), rng.uniform(36, 90), 1)
    if light.name == "at night":
        for _ in range(40):
            x, y = rng.uniform(0, street.width), rng.uniform(0, street.far_pavement * 0.7)
            Frame(canvas, x, y, 1).disc(0, 0, rng.uniform(0.5, 1.1), bgr("e8ecff"))
    if light.name != "under clouds":
        sun = bgr("f5f3ff") if light.name == "at night" else bgr("fff1b8")
        for radius, share in ((34, 0.75), (27, 0.5), (20, 0.0)):
            sky.tint(_circle(radius), mixed(sun, light.sky_bottom, share), 0.6 if share else 1.0)
    for _ in range(rng.integers(2, 6)):
        _draw_cloud(canvas, street, rng)


def _draw_cloud(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    x, y = rng.uniform(0, street.width), rng.uniform(15, 110)
    size = rng.uniform(0.6, 1.4)
    colour = mixed(bgr("ffffff"), street.light.sky_bottom, 0.25)
    for dx, dy, radius in ((-28, 3, 13), (-12, 9, 17), (8, 7, 19), (27, 2, 13), (0, -2, 16)):
        frame = Frame(canvas, x, y, size)
        frame.tint([(dx + a, dy + b * 0.7) for a, b in _circle(radius)], colour, 0.85)


def _circle(radius: float) -> list[Point]:
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    return [(float(radius * np.cos(a)), float(radius * np.sin(a))) for a in angles]


def _draw_skyline(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    haze, base = street.light.sky_bottom, street.far_pavement
    if street.district == "town":
        x = -20.0
        while x < street.width:
            wide, high = rng.uniform(30, 70), rng.uniform(90, 190)
            colour = mixed(bgr("7d93a8"), haze, rng.uniform(0.45, 0.65))
            canvas.polygon([(x, base), (x, base - high), (x + wide, base - high), (x + wide, base)], colour)
            x += wide
        return
    for near in (0.62, 0.42):
        xs = np.linspace(-10, street.width + 10, 9)
        ridge = [(float(x), base - rng.uniform(60, 110) * (1.4 - near)) for x in xs]
        colour = mixed(bgr("5b8a5a"), haze, near)
        canvas.polygon([(-10, base), *ridge, (street.width + 10, base)], colour)


def _draw_district(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    x = -rng.uniform(0, 60)
    while x < street.width:
        frame = Frame(canvas, x, street.far_pavement, street.far_scale)
        wide = rng.uniform(3.6, 6.2)
        if street.district == "park":
            frame.rectangle(0, 0, wide, 0.5, bgr("6aa84f"))
            tree(Frame(canvas, x + wide * 9, street.far_pavement, street.far_scale), rng)
        elif street.district == "suburb":
            _draw_house(frame, wide, street.light, rng)
            garden = rng.uniform(1.2, 2.6)
            for offset in np.arange(0.6, garden, 1.0):
                bush(Frame(canvas, x + (wide + offset) * frame.scale, frame.y, frame.scale), rng)
            wide += garden
        else:
            _draw_apartments(frame, wide, street.light, rng)
        x += wide * street.far_scale


def _draw_house(frame: Frame, wide: float, light: Light, rng: np.random.Generator) -> None:
    wall, roof = WALLS[rng.integers(len(WALLS))], ROOFS[rng.integers(len(ROOFS))]
    high = rng.uniform(2.9, 5.4)
    frame.rectangle(wide * 0.72, high, wide * 0.82, high + 2.0, shaded(roof, 0.8))
    frame.rectangle(0, 0, wide, high, wall)
    frame.polygon([(-0.3, high), (wide / 2, high + 1.9), (wide + 0.3, high)], roof)
    frame.rectangle(wide * 0.44, 0, wide * 0.44 + 0.95, 2.05, DOOR)
    for floor in np.arange(1.0, high - 1.2, 2.5):
        for x in (wide * 0.1, wide * 0.75):
            _draw_window(frame, x, float(floor), light, rng)


def _draw_apartments(frame: Frame, wide: float, light: Light, rng: np.random.Generator) -> None:
    wall, floors = WALLS[rng.integers(len(WALLS))], int(rng.integers(2, 4))
    high = 3.1 + 2.6 * floors
    frame.rectangle(0, 0, wide, high, wall)
    if rng.random() < 0.35:
        roof = ROOFS[rng.integers(len(ROOFS))]
        frame.polygon([(0, high), (0.6, high + 1.5), (wide - 0.6, high + 1.5), (wide, high)], roof)
    frame.rectangle(-0.08, high, wide + 0.08, high + 0.3, shaded(wall, 0.75))
    for floor in range(floors):
        for x in np.arange(0.5, wide - 1.0, 1.5):
            _draw_window(frame, float(x), 3.5 + 2.6 * floor, light, rng)
    _draw_shop(frame, wide, light, rng)


def _draw_shop(frame: Frame, wide: float, light: Light, rng: np.random.Generator) -> None:
    colour = SHOPS[rng.integers(len(SHOPS))]
    glass = mixed(bgr("a3c4d2"), PANE_LIT, light.lamps)
    frame.rectangle(0.1, 0, wide - 0.1, 2.75, shaded(colour, 0.7))
    frame.rectangle(0.35, 0.5, wide - 1.6, 2.0, glass)
    frame.rectangle(wide - 1.35, 0, wide - 0.4, 2.0, shaded(glass, 0.8))
    stripes = np.linspace(0.1, wide - 0.1, 9)
    for i, (left, right) in enumerate(pairwise(stripes)):
        cloth = colour if i % 2 else bgr("f8f4e8")
        frame.polygon([(left, 2.75), (right, 2.75), (right, 2.05), (left, 2.05)], cloth)


def _draw_window(frame: Frame, x: float, y: float, light: Light, rng: np.random.Generator) -> None:
    lit = light.lamps > 0 and rng.random() < 0.55
    frame.rectangle(x - 0.08, y - 0.08, x + 0.98, y + 1.38, bgr("f5f1e8"))
    frame.rectangle(x, y, x + 0.9, y + 1.3, PANE_LIT if lit else PANE)
    frame.line([(x + 0.45, y), (x + 0.45, y + 1.3)], bgr("f5f1e8"), 0.07)
    if lit:
        frame.shine(x + 0.45, y + 0.65, 0.8, bgr("ffcf70"))


def _draw_ground(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    width, height = street.width, canvas.owners.shape[0]
    paving = shaded(bgr("c4bdb1"), rng.uniform(0.88, 1.06))
    asphalt = shaded(bgr("5b5f66"), rng.uniform(0.82, 1.15))
    ground = Frame(canvas, 0, height, 1)
    ground.rectangle(0, 0, width, height - street.far_pavement, paving)
    ground.rectangle(0, 0, width, height - street.far_kerb + 4, bgr("a8a299"))
    ground.rectangle(0, 0, width, height - street.far_kerb, asphalt)
    ground.rectangle(0, 0, width, height - street.near_kerb, bgr("a8a299"))
    ground.rectangle(0, 0, width, height - street.near_kerb - 5, paving)
    for x in np.arange(rng.uniform(-40, 0), width + 200, 42):
        joint = [(x, street.near_kerb + 5), (x + (x - width / 2) * 0.12, height)]
        canvas.line(joint, shaded(paving, 0.88), 1)
    canvas.line([(0, street.far_kerb + 6), (width, street.far_kerb + 6)], shaded(asphalt, 0.85), 2)


def _draw_marks(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    paint, lane = bgr("e9e7df"), (street.near_kerb - street.far_kerb) / street.lanes
    if rng.random() < 0.35:
        _draw_crossing(canvas, street, rng.uniform(60, street.width - 120))
    for i in range(1, street.lanes):
        y = street.far_kerb + i * lane
        middle, long = street.lanes % 2 == 0 and i == street.lanes // 2, 1.8 * street.scale(y)
        thick = max(1.5, 0.09 * street.scale(y))
        if middle and rng.random() < 0.4:
            canvas.line([(0, y), (street.width, y)], bgr("e8c547"), thick)
            continue
        for x in np.arange(rng.uniform(-2 * long, 0), street.width, 2.3 * long):
            canvas.line([(x, y), (x + long, y)], paint, thick)


def _draw_crossing(canvas: Canvas, street: Street, x: float) -> None:
    slant = 0.22 * (x - street.width / 2)
    lane = (street.near_kerb - street.far_kerb) / (2 * street.lanes)
    for i in range(2 * street.lanes):
        top = street.far_kerb + (i + 0.2) * lane
        bottom = top + 0.6 * lane
        shift = [slant * (y - street.far_kerb) / (street.near_kerb - street.far_kerb) for y in (top, bottom)]
        wide = [2.6 * street.scale(y) for y in (top, bottom)]
        canvas.polygon(
            [(x + shift[0], top), (x + shift[0] + wide[0], top),
             (x + shift[1] + wide[1], bottom), (x + shift[1], bottom)],
            bgr("e3e1d9"),
        )  # fmt: skip


def _draw_far_pavement(canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
    for x in np.sort(rng.uniform(0, street.width, rng.integers(3, 10))):
        y = street.far_kerb - rng.uniform(4, 0.9 * street.far_scale)
        prop = ON_FAR_PAVEMENT[rng.integers(len(ON_FAR_PAVEMENT))]
        prop(Frame(canvas, float(x), y, street.far_scale, bool(rng.random() < 0.5)), rng)
