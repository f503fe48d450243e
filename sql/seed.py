"""Rows of the table `models`, and the statement that publishes them.

`seed.sql` holds those of the built-in catalogue. Write it anew after every change of that:
`arena migrate --print-seed > sql/seed.sql`, then `python -m sql.schema`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from importlib.resources import files
from textwrap import fill
from typing import Any

from psycopg.sql import Literal
from psycopg.types.json import Jsonb

STATEMENT = """\
-- Written by `arena migrate --print-seed` from a catalogue of models. Do not edit; running it again is safe.
-- Nothing is deleted: results refer to their models.

insert into public.models as m (
  {columns}
) values
{rows}
on conflict (id) do update set
  {updates}
where (
  {ours}
) is distinct from (
  {theirs}
)
returning m.id;
"""


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A row of the table `models`; its columns are described there."""

    id: str
    base_id: str | None
    name: str
    family: str | None
    task: str
    can_detect_cars: bool
    description: str
    weights: str | None
    licence: str | None
    input_size: int | None
    classes: Mapping[str, str]
    runtime: str | None
    default_runtime: str | None
    runtimes: Sequence[str]


def seed(rows: Sequence[ModelRow]) -> str:
    """The statement that inserts these rows or changes those that differ; it returns their ids."""
    columns = [field.name for field in fields(ModelRow)]
    others = columns[1:]
    return STATEMENT.format(
        columns=_list(columns),
        rows=",\n".join(f"  ({', '.join(map(_literal, astuple(row)))})" for row in rows),
        updates=_list(f"{column} = excluded.{column}" for column in others),
        ours=_list(f"m.{column}" for column in others),
        theirs=_list(f"excluded.{column}" for column in others),
    )


def built_in_seed() -> str:
    """The rows of the built-in catalogue, as `seed.sql` has them."""
    return (files("sql") / "seed.sql").read_text("utf-8")


def _list(items: Iterable[str]) -> str:
    return fill(", ".join(items), width=120, subsequent_indent="  ")


def _literal(value: Any) -> str:
    adapted = Jsonb(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value
    return Literal(adapted).as_string(None).strip()
