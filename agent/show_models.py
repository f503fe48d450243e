"""The models of a catalogue and what each lacks here, for a terminal."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from benchmark import ModelEntry, ModelState

_LABELS = {"weights_to_download": "weights to be downloaded"}


@dataclass(frozen=True)
class Listed:
    """A model with its states here: its own first, then of each of its other runtimes."""

    entry: ModelEntry
    states: Sequence[ModelState]

    @property
    def own(self) -> ModelState:
        """Of the runtime that it has unless another is named."""
        return self.states[0]

    @property
    def runtimes(self) -> list[str]:
        """Names of those that it can run as, once its weights are here."""
        names = self.entry.runtimes
        return [n for n, s in zip(names, self.states, strict=False) if s.ready or s.fetchable]

    @property
    def lacking(self) -> list[ModelState]:
        """The states that say what to do: its own, and those of runtimes that lack something else."""
        others = [s for s in self.states[1:] if s.state != self.own.state]
        return [s for s in (self.own, *others) if s.reason and not s.fetchable]


def models_view(listed: Sequence[Listed]) -> RenderableType:
    """A table, and below it what keeps models from running, each reason once."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("id", no_wrap=True)
    table.add_column("what it is")
    table.add_column("here", max_width=18)
    longest = max((len(name) for each in listed for name in each.runtimes), default=0)
    table.add_column("runs as", min_width=longest + 2)  # with a comma, and what lies between columns
    for each in listed:
        table.add_row(
            each.entry.id,
            Text.assemble(each.entry.name, "\n", (each.entry.task, "dim")),
            Text(_LABELS.get(each.own.state, each.own.state.replace("_", " ")), _colour(each.own)),
            ", ".join(each.runtimes),
        )
    return Group(table, *_reasons(listed))


def _colour(state: ModelState) -> str:
    return "green" if state.ready else "cyan" if state.fetchable else "yellow"


def _reasons(listed: Sequence[Listed]) -> Iterator[RenderableType]:
    """Those of several models, or of a runtime of several, together."""
    if ids := [each.entry.id for each in listed if each.own.fetchable]:
        text = f"The weights of {', '.join(ids)} are downloaded when they are needed, or now by:"
        yield _reason(text, [f"arena models pull {' '.join(ids)}"])
    grouped: dict[str, list[ModelState]] = {}
    for state in (state for each in listed for state in each.lacking):
        grouped.setdefault(_general(state), []).append(state)
    for general, states in grouped.items():
        several = f"{', '.join(state.model_id for state in states)} cannot run: {general}"
        notes = dict.fromkeys(note for state in states for note in state.notes)
        yield _reason(several if len(states) > 1 else str(states[0].reason), notes)


def _reason(text: str, notes: Iterable[str]) -> RenderableType:
    lines = [Text(text), *(Text(note, style="dim") for note in notes)]
    hanging = Table.grid(padding=(0, 1, 0, 0))
    hanging.add_row(Text("•", style="dim"), Group(*lines))
    return Padding(hanging, (1, 0, 0, 0))


def _general(state: ModelState) -> str:
    """The reason without the model's id."""
    return str(state.reason).removeprefix(f"{state.model_id} cannot run: ")
