"""What docs/queue.md shows, run as it stands."""

import re
from pathlib import Path

import psycopg

from local import LocalStack

TEXT = (Path(__file__).parents[1] / "docs" / "queue.md").read_text("utf-8")
SQL = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)


def test_the_statements_for_pruning_run(stack: LocalStack) -> None:
    plain = [line for block in SQL for line in block.splitlines() if line.startswith("select prune_")]
    scheduled = re.findall(r"\$\$(.*?)\$\$", "".join(SQL))
    assert (len(plain), len(scheduled)) == (3, 2)
    with psycopg.connect(stack.database_url, autocommit=True) as database:
        for statement in [*plain, *scheduled]:
            row = database.execute(statement.encode()).fetchone()
            assert row is not None
            assert row[0] >= 0


def test_its_diagram_has_exactly_the_transitions_that_the_database_allows(stack: LocalStack) -> None:
    drawn = set(re.findall(r"^ +(\w+) --> (\w+):", TEXT, re.MULTILINE))
    with psycopg.connect(stack.database_url, autocommit=True) as database:
        row = database.execute("select prosrc from pg_proc where proname = 'guard_transition'").fetchone()
    assert row is not None
    assert drawn == set(re.findall(r"\('(\w+)', '(\w+)'\)", row[0]))


def test_the_errors_it_calls_transient_are() -> None:
    from tests.agent.test_errors import TRANSIENT

    (cells,) = re.findall(r"^\| (`image_unreachable`.*?) \| (.*?) \|$", TEXT, re.MULTILINE)
    transient, lasting = (set(re.findall(r"`(\w+)`", cell)) for cell in cells)
    # Two are given by the worker and the database, and are no class.
    assert transient == TRANSIENT | {"lease_expired", "internal_error"}
    assert not lasting & transient
