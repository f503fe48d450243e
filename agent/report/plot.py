"""A plot as plain figures; the template draws it."""

from dataclasses import dataclass, field

from agent.report.axis import Axis


@dataclass(frozen=True, slots=True)
class Path:
    """A line or an area: `style` is a CSS class, `d` the path in SVG's own words, `hint` what a pointer reads."""

    style: str
    d: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A text within the plot."""

    x: float
    y: float
    text: str
    style: str = ""
    #: start, middle or end.
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Plot:
    """Marks between two axes, in pixels; y grows downwards."""

    width: int
    height: int
    title: str
    description: str
    x: Axis
    y: Axis
    paths: list[Path] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    #: Where the ticks of x stand; None is the lower end of y.
    floor: float | None = None


#: Every plot is drawn twice, for wide screens and for phones, so that its text is never scaled down to nothing.
WIDE, NARROW = 1080, 358
