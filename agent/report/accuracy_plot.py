"""How well each image was counted by both, sorted by who was better."""

from collections.abc import Sequence

from agent.report.axis import Axis
from agent.report.picture import Picture
from agent.report.plot import NARROW, Note, Path, Plot

_LARGEST_DOT, _SMALLEST_DOT = 5.0, 1.6


def groups(pictures: Sequence[Picture]) -> dict[str, list[Picture]]:
    """Images on which A was better, neither, and B, from A's clearest to B's; those not known are left out."""
    known = sorted((each for each in pictures if each.gain is not None), key=_order)
    sides: dict[str, list[Picture]] = {"a": [], "tie": [], "b": []}
    for each in known:
        gain = each.gain or 0.0
        sides["a" if gain > 0 else "b" if gain < 0 else "tie"].append(each)
    return sides


def accuracy_plot(pictures: Sequence[Picture], width: int) -> Plot:
    """Two dots for each image, joined by a line as long as the difference; at least one image must be known."""
    sides = groups(pictures)
    ordered = [each for side in sides.values() for each in side]
    height = 300
    x = Axis(0, len(ordered), 46, width - 14, "images, sorted by the difference", ticks_at=[])
    y = Axis(0, 1, height - 62, 26, "count accuracy, %", lambda share: f"{100 * share:g}", most_ticks=4)
    plot = Plot(width, height, "Count accuracy image by image", _describe(sides), x, y)
    for position, each in enumerate(ordered):
        _draw(plot, each, position)
    plot.paths.extend(_dots(plot, ordered))
    _name_groups(plot, sides)
    return plot


def _order(picture: Picture) -> tuple[float, float, int]:
    gain = picture.gain or 0.0
    better = max(picture.a.accuracy or 0.0, picture.b.accuracy or 0.0) if picture.a and picture.b else 0.0
    return -gain, -better, picture.index


def _draw(plot: Plot, picture: Picture, position: int) -> None:
    assert picture.a is not None
    assert picture.b is not None
    left = plot.x.place(position + 0.5)
    top, bottom = (plot.y.place(seen.accuracy or 0.0) for seen in (picture.a, picture.b))
    side = "a" if top < bottom else "b" if bottom < top else "tie"
    plot.paths.append(Path(f"link {side}", f"M{left} {top}V{bottom}"))
    if plot.width > NARROW:  # where there is a pointer to hover with
        hint = f"{picture.name}: true {picture.truth_count}, A {picture.a.count}, B {picture.b.count}"
        plot.paths.append(Path("touch", f"M{left} {plot.y.start}V{plot.y.end}", hint))


def _dots(plot: Plot, ordered: Sequence[Picture]) -> list[Path]:
    """A as circles, B as diamonds, so that they can be told apart without colours."""
    step = (plot.x.end - plot.x.start) / len(ordered)
    radius = round(min(_LARGEST_DOT, max(_SMALLEST_DOT, step * 0.36)), 1)
    circles, diamonds = "", ""
    for position, each in enumerate(ordered):
        left = plot.x.place(position + 0.5)
        if each.a and each.b:
            top_a, top_b = plot.y.place(each.a.accuracy or 0.0), plot.y.place(each.b.accuracy or 0.0)
            half = f"a{radius} {radius} 0 1 0"
            circles += f"M{left - radius:.1f} {top_a}{half} {2 * radius} 0{half} -{2 * radius} 0"
            reach = round(radius * 1.15, 1)
            diamonds += f"M{left} {top_b - reach:.1f}l{reach} {reach}l-{reach} {reach}l-{reach} -{reach}z"
    return [Path("circle a", circles), Path("diamond b", diamonds)]


def _name_groups(plot: Plot, sides: dict[str, list[Picture]]) -> None:
    names = {"a": "A better", "tie": "alike", "b": "B better"}
    start, right = 0, 0.0
    for side, members in sides.items():
        if members:
            left, right = plot.x.place(start) + 1, plot.x.place(start + len(members)) - 1
            plot.paths.append(Path(f"bracket {side}", f"M{left} {plot.y.start + 8}H{right}"))
            start += len(members)
    # The texts stand at the left, in the middle and at the right: beneath narrow groups they would collide.
    center = (plot.x.start + plot.x.end) / 2
    places = {"a": (plot.x.start, "start"), "tie": (center, "middle"), "b": (plot.x.end, "end")}
    for side, (left, anchor) in places.items():
        text = f"{names[side]}: {len(sides[side])}"
        plot.notes.append(Note(left, plot.y.start + 26, text, side, anchor))


def _describe(sides: dict[str, list[Picture]]) -> str:
    a, tie, b = (len(members) for members in sides.values())
    return (
        "One column per image: a circle for A, a diamond for B, and a line between them. "
        f"A counted better on {a}, B on {b}, both alike on {tie}. The table below has the same numbers."
    )
