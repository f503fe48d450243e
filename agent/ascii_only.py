"""For a terminal or a pipe whose encoding has no more than ASCII."""

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment

#: Of those characters that a result is drawn with, each as wide as what it stands for.
_STAND_INS = dict(
    zip(
        "●○◆◇━┿│←→–−×·…▁▂▃▄▅▆▇█╭╮╰╯─",
        "*oOo=+|<>--x-._.:-=+*#++++-",
        strict=True,
    )
)


class Encodable:
    """Whatever it holds, in characters that the console can encode."""

    def __init__(self, content: RenderableType) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._content, options):
            yield segment if not options.ascii_only else Segment(in_ascii(segment.text), segment.style, segment.control)


def in_ascii(text: str) -> str:
    """As wide as it was; a question mark for what has no likeness."""
    return "".join(c if c.isascii() else _STAND_INS.get(c, "?" * cell_len(c)) for c in text)
