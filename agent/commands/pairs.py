"""The battles of a demo: which models meet, and what became of each pair."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from agent.errors import JobEnded, RequestRefused
from agent.front_end import JobResult
from agent.reading import mapping
from agent.show import printable
from benchmark import Catalogue, load_catalogue, model_state


class Pairs(StrEnum):
    """Which models meet."""

    ONE = "one"
    TUTORIAL = "tutorial"


PAIRS = {
    Pairs.ONE: (("Trained_yolov5", "Trained_yolov8"),),
    Pairs.TUTORIAL: (
        ("Trained_yolov5", "efficientnet_b0"),
        ("Trained_yolov5", "detectron2"),
        ("Trained_yolov8", "detectron2"),
        ("Trained_yolov8", "roberta_base"),
        ("Trained_yolov8", "wav2vec2"),
        ("Trained_yolov8", "Trained_yolov5"),
    ),
}
#: How many scenes a battle has; a count that is an estimate wants more of them before a difference is certain.
SCENES_OF = {Pairs.ONE: 24, Pairs.TUTORIAL: 72}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one pair."""

    model_a: str
    model_b: str
    #: None where they could not be compared.
    result: JobResult | None = None
    #: Why they could not.
    reason: str = ""

    @property
    def said(self) -> str:
        """The verdict's sentence, or why there is none."""
        if self.result is None:
            return self.reason
        return printable(mapping(self.result.row, "verdict").get("sentence", ""))

    def to_row(self) -> dict[str, Any]:
        """JSON-able."""
        row = self.result.row if self.result else None
        return {"model_a": self.model_a, "model_b": self.model_b, "reason": self.reason or None, "result": row}


def fight(
    model_a: str, model_b: str, catalogue: Catalogue, weights_dirs: list[Path], battle: Callable[[str, str], JobResult]
) -> Outcome:
    """The outcome of `battle`, which inserts the job and waits for its result.

    A pair that no agent with that catalogue on this machine could take is not inserted: it would wait for ever. One
    that the database refuses tells why in the database's words.
    """
    if reason := " ".join(_hindrances(model_a, model_b, catalogue, weights_dirs)):
        return Outcome(model_a, model_b, reason=reason)
    try:
        return Outcome(model_a, model_b, battle(model_a, model_b))
    except (RequestRefused, JobEnded) as error:
        return Outcome(model_a, model_b, reason=str(error))


def _hindrances(model_a: str, model_b: str, catalogue: Catalogue, weights_dirs: list[Path]) -> Iterator[str]:
    offered = load_catalogue().models
    for model_id in (model_a, model_b):
        if entry := catalogue.models.get(model_id):
            yield from filter(None, [model_state(entry, weights_dirs).reason])
        elif model_id in offered and offered[model_id].can_detect_cars:
            yield f"There is no {model_id} among the demo's models."


def outcomes_table(outcomes: list[Outcome]) -> Table:
    """A line for each pair."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0), show_header=False)
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in outcomes:
        mark = "[green]✓[/]" if each.result else "[yellow]–[/]"
        style = "" if each.result else "[dim]"
        table.add_row(mark, f"{each.model_a}\n[dim]with[/] {each.model_b}", f"{style}{escape(each.said)}")
    return table
