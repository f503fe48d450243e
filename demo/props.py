"""Things that are not cars: traffic that resembles them, people, trees, street furniture."""

from collections.abc import Callable

import numpy as np

from demo.canvas import Colour, Frame, bgr, mixed, palette, rounded, shaded

Prop = Callable[[Frame, np.random.Generator], None]

CLOTHES = palette("e63946 f4a261 2a9d8f 264653 7b2cbf ffb703 3a86ff 8d99ae")
SKINS = palette("f2c9a1 d9a066 a86b3c 6b4226")
HAIRS = palette("2b1d14 5c3a21 b5813f 8a8a8a 1a1a1a")
LEAVES = palette("4f9d4a 3b8046 76a84b 5aa469 c98a3a d9a441")
LIVERIES = palette("d62828 f2a900 2a9d8f 1d4e89 7a9e3f e9ecef 8338ec")
METAL, DARK, TYRE = bgr("5d646b"), bgr("2f3439"), bgr("202226")
GLASS, GLASS_SHINE = bgr("46627a"), bgr("a9c9da")


def _pick(rng: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    return colours[rng.integers(len(colours))]


def _wheel(frame: Frame, x: float, radius: float) -> None:
    frame.disc(x, radius, radius, TYRE)
    frame.disc(x, radius, radius * 0.5, bgr("9aa0a6"))


def _hoop(frame: Frame, x: float, radius: float) -> None:
    angles = np.linspace(0, 2 * np.pi, 25)
    circle = [(x + radius * np.cos(a), radius + radius * np.sin(a)) for a in angles]
    frame.line(circle, TYRE, 0.05)


def bus(frame: Frame, rng: np.random.Generator) -> None:
    """A city bus, 10 m long: a row of tall windows and two doors."""
    colour, length, height = _pick(rng, LIVERIES), 9.6, 2.95
    frame.shadow(0, length)
    corners = [(0, 0.3), (0, height), (length, height), (length, 0.3)]
    frame.polygon(rounded([corners[0], (0, 1.6), *corners[1:3], (length, 1.6), corners[3]], 2), colour)
    frame.rectangle(0.02, 0.42, length - 0.02, 0.75, shaded(colour, 0.7))
    frame.rectangle(0.3, height - 0.36, length - 0.4, height - 0.3, mixed(colour, (255,) * 3, 0.5))
    for x in np.arange(0.3, length - 2.3, 1.35):
        frame.rectangle(x, 1.35, x + 1.2, 2.5, GLASS)
        frame.tint([(x + 0.2, 1.35), (x + 0.5, 1.35), (x + 0.9, 2.5), (x + 0.6, 2.5)], GLASS_SHINE, 0.4)
    for x in (3.0, length - 1.75):
        frame.rectangle(x, 0.42, x + 1.0, 2.55, DARK)
        frame.rectangle(x + 0.06, 0.6, x + 0.46, 2.4, GLASS)
        frame.rectangle(x + 0.54, 0.6, x + 0.94, 2.4, GLASS)
    frame.rectangle(length - 0.6, 1.25, length - 0.05, 2.5, GLASS)
    frame.rectangle(length - 2.2, height - 0.28, length - 0.3, height - 0.06, bgr("ffb703"))
    for x in (2.0, 7.1):
        _wheel(frame, x, 0.48)
    frame.shine(length, 0.75, 0.8, bgr("ffe9a8"))


def lorry(frame: Frame, rng: np.random.Generator) -> None:
    """A box lorry, 7 m long, with an upright cab in front of its box."""
    box, cab = mixed(_pick(rng, LIVERIES), (245, 245, 245), 0.45), _pick(rng, LIVERIES)
    frame.shadow(0, 6.9)
    frame.rectangle(0.1, 0.45, 6.6, 0.75, DARK)
    frame.rectangle(0, 0.75, 5.0, 3.15, box)
    for x in np.arange(0.5, 5.0, 0.5):
        frame.line([(x, 0.8), (x, 3.1)], shaded(box, 0.92), 0.04)
    frame.polygon(rounded([(5.2, 0.5), (5.2, 2.4), (6.2, 2.4), (6.8, 1.5), (6.9, 0.5)], 1), cab)
    frame.polygon([(5.75, 1.45), (5.75, 2.15), (6.25, 2.15), (6.6, 1.45)], GLASS)
    for x in (1.1, 2.15, 5.95):
        _wheel(frame, x, 0.46)
    frame.shine(6.9, 0.8, 0.7, bgr("ffe9a8"))


def bicycle(frame: Frame, rng: np.random.Generator) -> None:
    """A cyclist: two thin wheels, a frame and a rider."""
    colour = _pick(rng, CLOTHES)
    frame.shadow(-0.1, 1.7)
    for x in (0.33, 1.33):
        _hoop(frame, x, 0.33)
    frame.line([(0.33, 0.33), (0.72, 0.35), (1.18, 0.85), (0.6, 0.8), (0.72, 0.35)], colour, 0.06)
    frame.line([(0.6, 0.8), (0.33, 0.33)], colour, 0.05)
    frame.line([(1.33, 0.33), (1.15, 0.98), (1.3, 1.02)], DARK, 0.05)
    _rider(frame, rng)


def scooter(frame: Frame, rng: np.random.Generator) -> None:
    """A motor scooter with its rider."""
    colour = _pick(rng, LIVERIES)
    frame.shadow(0, 1.8)
    for x in (0.3, 1.45):
        _wheel(frame, x, 0.25)
    frame.polygon(rounded([(0.05, 0.4), (0.1, 0.8), (0.8, 0.78), (0.9, 0.35), (0.4, 0.25)], 1), colour)
    frame.polygon([(0.8, 0.25), (0.8, 0.36), (1.25, 0.36), (1.2, 1.05), (1.32, 1.05), (1.45, 0.3)], colour)
    _rider(frame, rng)


def _rider(frame: Frame, rng: np.random.Generator) -> None:
    shirt, skin = _pick(rng, CLOTHES), _pick(rng, SKINS)
    frame.line([(0.58, 0.9), (0.92, 0.72), (0.78, 0.38)], bgr("33415c"), 0.15)
    frame.polygon([(0.46, 0.86), (0.72, 0.86), (0.98, 1.38), (0.74, 1.46)], shirt)
    frame.line([(0.88, 1.33), (1.05, 1.1), (1.22, 1.05)], skin, 0.08)
    frame.disc(0.95, 1.58, 0.14, skin)
    frame.ellipse(0.93, 1.66, 0.16, 0.1, _pick(rng, LIVERIES))


def skip(frame: Frame, rng: np.random.Generator) -> None:
    """A builders' skip in a car's colours, full of rubble."""
    colour = _pick(rng, LIVERIES)
    frame.shadow(0.3, 3.1)
    frame.polygon(rounded([(0.4, 1.0), (1.0, 1.45), (1.7, 1.3), (2.4, 1.5), (3.0, 1.0)], 1), bgr("9b8b78"))
    frame.polygon([(0.5, 0.1), (0, 1.15), (3.4, 1.15), (2.9, 0.1)], colour)
    frame.rectangle(-0.05, 1.08, 3.45, 1.2, shaded(colour, 0.75))
    for x in (0.9, 1.7, 2.5):
        frame.line([(x, 0.15), (x, 1.05)], shaded(colour, 0.8), 0.08)


def cart(frame: Frame, rng: np.random.Generator) -> None:
    """A market cart: a counter on spoked wheels under a striped awning."""
    colour = _pick(rng, LIVERIES)
    frame.shadow(0, 2.4)
    frame.rectangle(0.1, 0.6, 2.3, 1.15, bgr("a9743f"))
    frame.rectangle(0.1, 0.6, 2.3, 0.75, bgr("7d532b"))
    for x in (0.3, 2.05):
        frame.rectangle(x, 1.1, x + 0.06, 2.1, bgr("7d532b"))
    for i, x in enumerate(np.arange(0, 2.4, 0.3)):
        stripe = colour if i % 2 else bgr("f8f4e8")
        frame.polygon([(x, 2.0), (x + 0.3, 2.0), (x + 0.3, 2.4), (x, 2.4)], stripe)
    for x in np.arange(0.3, 2.2, 0.28):
        frame.disc(x, 1.2, 0.13, _pick(rng, CLOTHES))
    for x in (0.5, 1.9):
        _hoop(frame, x, 0.36)


def person(frame: Frame, rng: np.random.Generator) -> None:
    """Somebody walking, 1.5 to 1.85 m tall."""
    size = rng.uniform(0.88, 1.08)
    shirt, trousers = _pick(rng, CLOTHES), mixed(_pick(rng, CLOTHES), (60, 45, 40), 0.7)
    skin, stride = _pick(rng, SKINS), rng.uniform(0.06, 0.2)
    frame.shadow(-0.25, 0.25)
    for foot in (-stride, stride):
        frame.line([(0, 0.85 * size), (foot, 0.05)], trousers, 0.15)
        frame.line([(foot - 0.03, 0.05), (foot + 0.1, 0.05)], DARK, 0.08)
    frame.polygon(rounded([(-0.2, 0.8), (-0.22, 1.42 * size), (0.2, 1.42 * size), (0.18, 0.8)], 1), shirt)
    frame.line([(0, 1.35 * size), (stride * 1.3, 0.85 * size)], shaded(shirt, 0.8), 0.1)
    frame.disc(stride * 1.3, 0.83 * size, 0.055, skin)
    frame.disc(0, 1.58 * size, 0.135, skin)
    frame.ellipse(-0.02, 1.66 * size, 0.145, 0.09, _pick(rng, HAIRS))
    if rng.random() < 0.3:
        frame.rectangle(-0.42, 0.45, -0.18, 0.75, _pick(rng, LIVERIES))


def tree(frame: Frame, rng: np.random.Generator) -> None:
    """A tree of 3.5 to 5.5 m, with a round or a pointed crown."""
    height, leaf = rng.uniform(3.5, 5.5), _pick(rng, LEAVES)
    frame.shadow(-0.9, 0.9)
    frame.polygon([(-0.15, 0), (-0.08, height * 0.6), (0.08, height * 0.6), (0.15, 0)], bgr("6b4a32"))
    if rng.random() < 0.25:
        for low in (0.25, 0.45, 0.65):
            wide = 1.25 * (1 - low)
            top = min(1.0, low + 0.38)
            crown = [(-wide, low * height), (wide, low * height), (0, top * height)]
            frame.polygon(crown, shaded(leaf, 0.6 + 0.3 * low))
        return
    for x, y, radius in ((-0.55, 0.62, 0.72), (0.55, 0.62, 0.7), (0, 0.58, 0.75), (0, 0.82, 0.85)):
        frame.disc(x, y * height, radius, shaded(leaf, 0.78 + 0.25 * y))
    frame.disc(-0.25, 0.88 * height, 0.42, shaded(leaf, 1.12))


def bush(frame: Frame, rng: np.random.Generator) -> None:
    """A low hedge."""
    leaf = _pick(rng, LEAVES[:4])
    for x in (-0.7, 0.0, 0.7):
        frame.polygon(rounded([(x - 0.6, 0), (x - 0.6, 0.8), (x + 0.6, 0.8), (x + 0.6, 0)], 2), leaf)
        frame.disc(x - 0.15, 0.5, 0.22, shaded(leaf, 1.12))


def traffic_light(frame: Frame, rng: np.random.Generator) -> None:
    """A traffic light on its pole; one of three lamps is lit."""
    frame.rectangle(-0.06, 0, 0.06, 2.5, METAL)
    frame.polygon(rounded([(-0.24, 2.3), (-0.24, 3.4), (0.24, 3.4), (0.24, 2.3)], 1), DARK)
    lit = rng.integers(3)
    for i, code in enumerate(("2dc653", "ffb703", "e5383b")):
        colour, y = bgr(code), 2.52 + 0.33 * i
        frame.disc(0, y, 0.13, colour if i == lit else shaded(colour, 0.35))
        if i == lit:
            frame.shine(0, y, 0.45, colour)


def sign(frame: Frame, rng: np.random.Generator) -> None:
    """A round or a square road sign."""
    frame.rectangle(-0.04, 0, 0.04, 2.2, METAL)
    if rng.random() < 0.5:
        frame.disc(0, 2.3, 0.34, bgr("d62828"))
        frame.disc(0, 2.3, 0.24, bgr("f8f9fa"))
        frame.rectangle(-0.14, 2.25, 0.14, 2.35, DARK)
        return
    frame.rectangle(-0.32, 1.95, 0.32, 2.6, bgr("1d5fbf"))
    frame.polygon([(-0.18, 2.1), (0.18, 2.1), (0, 2.45)], bgr("f8f9fa"))


def litter_bin(frame: Frame, rng: np.random.Generator) -> None:
    """A litter bin with a lid."""
    colour = _pick(rng, (bgr("2e7d4f"), bgr("35506b"), bgr("6d6875"), bgr("b5651d")))
    frame.shadow(-0.3, 0.3)
    frame.polygon([(-0.24, 0), (-0.3, 0.9), (0.3, 0.9), (0.24, 0)], colour)
    frame.rectangle(-0.34, 0.88, 0.34, 1.02, shaded(colour, 0.7))
    frame.line([(0, 0.1), (0, 0.8)], shaded(colour, 0.82), 0.05)


def crates(frame: Frame, rng: np.random.Generator) -> None:
    """Cardboard boxes in a heap."""
    frame.shadow(-0.8, 0.8)
    for x, y, size in ((-0.75, 0, 0.75), (0.05, 0, 0.65), (-0.35, 0.7, 0.6)):
        colour = shaded(bgr("c69c6d"), rng.uniform(0.8, 1.1))
        frame.rectangle(x, y, x + size, y + size * 0.9, colour)
        frame.rectangle(x + size * 0.42, y, x + size * 0.58, y + size * 0.9, shaded(colour, 0.85))


def bench(frame: Frame, rng: np.random.Generator) -> None:
    """A park bench."""
    wood = shaded(bgr("9c6b3f"), rng.uniform(0.8, 1.1))
    frame.shadow(-0.9, 0.9)
    for x in (-0.75, 0.7):
        frame.rectangle(x, 0, x + 0.07, 0.85, DARK)
    for y in (0.42, 0.6, 0.76):
        frame.rectangle(-0.9, y, 0.9, y + 0.1, wood)


def street_lamp(frame: Frame, rng: np.random.Generator) -> None:
    """A street lamp, bright after dark."""
    height = rng.uniform(4.6, 5.4)
    frame.rectangle(-0.06, 0, 0.06, height, METAL)
    frame.line([(0, height), (0.35, height + 0.15), (0.9, height + 0.12)], METAL, 0.09)
    frame.polygon([(0.6, height), (1.05, height), (0.95, height + 0.18), (0.65, height + 0.18)], DARK)
    frame.ellipse(0.83, height - 0.02, 0.2, 0.07, bgr("fff3c4"))
    frame.shine(0.83, height - 0.1, 1.9, bgr("ffdf9e"))


# Length in metres, and the height up to which they hide what is behind.
LONG_TRAFFIC: dict[Prop, tuple[float, float]] = {bus: (9.6, 3.0), lorry: (6.9, 3.0)}
SHORT_TRAFFIC: dict[Prop, tuple[float, float]] = {
    bicycle: (1.7, 1.6),
    scooter: (1.8, 1.6),
    skip: (3.4, 1.6),
    cart: (2.4, 1.6),
}
ON_FAR_PAVEMENT: tuple[Prop, ...] = (
    person, person, person, tree, tree, bush, traffic_light, sign, litter_bin, crates, bench,
    street_lamp,
)  # fmt: skip
ON_NEAR_PAVEMENT: tuple[Prop, ...] = (person, person, person, litter_bin, sign, crates, bush)
