"""docs/security.md says who may do what; here each role tries."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.sql.database import ROLES, Database

DOC = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8")
VERBS = ("select", "insert", "update", "delete")
TRIES = {
    "select": "select {column} from public.{table}",
    "insert": "insert into public.{table} ({column}) values (default)",
    "update": "update public.{table} set {column} = default",
    "delete": "delete from public.{table}",
}


def documented(first: str) -> Iterator[tuple[str, str, str]]:
    """Name, role and cell of the table whose first column has that heading."""
    (rows,) = re.findall(rf"^\| {first} \|.*\n\|[-|]+\n((?:\|.*\n)+)", DOC, re.MULTILINE)
    for row in rows.splitlines():
        name, *cells = (cell.strip() for cell in row.strip("|").split("|"))
        for role, cell in zip(("anon", "authenticated", "service_role", "arena_agent"), cells, strict=True):
            yield name.strip("`"), role, cell


TABLES = list(documented("table or view"))
FUNCTIONS = list(documented("function"))


def rights(cell: str, columns: set[str]) -> dict[str, set[str]]:
    """Columns by verb, as a cell says: `select, insert (a, b)`."""
    found = re.findall(r"(\w+)(?: \(([^)]*)\))?(?:, |$)", "" if cell == "–" else cell)
    return {verb: set(some.split(", ")) if some else columns for verb, some in found}


def allowed(database: Database, role: str, statement: str) -> bool:
    """Whether the role may, as the executor finds when it starts; nothing is done."""
    try:
        database.rows(f"explain {statement}", role=role)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState):
        return False  # the latter: nobody writes to a view of several tables
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.GeneratedAlways):
        return False  # a view's column that is computed; a table's own takes its default
    return True


@pytest.mark.parametrize(("table", "role", "cell"), TABLES)
def test_a_role_may_do_with_a_table_what_is_written(database: Database, table: str, role: str, cell: str) -> None:
    names = database.rows(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped",
        f"public.{table}",
    )
    columns = {row["attname"] for row in names}
    written = rights(cell, columns)
    assert set(written) <= set(VERBS)
    for verb in VERBS:
        tried = columns if "{column}" in TRIES[verb] else {"*"}
        may = {name for name in tried if allowed(database, role, TRIES[verb].format(table=table, column=name))}
        wanted = written.get(verb, set())
        assert may == ({"*"} if tried == {"*"} and wanted else wanted), verb


@pytest.mark.parametrize(("function", "role", "cell"), FUNCTIONS)
def test_a_role_may_call_what_is_written(database: Database, function: str, role: str, cell: str) -> None:
    arguments = database.value(
        "select coalesce(string_agg(format('null::%%s', format_type(t, null)), ', '), '')"
        " from pg_proc, unnest(proargtypes::oid[]) t where proname = %s and pronamespace = 'public'::regnamespace",
        function,
    )
    assert cell in ("yes", "–")
    assert allowed(database, role, f"select public.{function}({arguments})") == (cell == "yes")


def test_nothing_is_left_unwritten(database: Database) -> None:
    relations = database.rows(
        "select relname from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')"
    )
    assert {row["relname"] for row in relations} == {table for table, _, _ in TABLES}
    functions = database.rows("select proname from pg_proc where pronamespace = 'public'::regnamespace")
    assert {row["proname"] for row in functions} == {function for function, _, _ in FUNCTIONS}
    assert {role for _, role, _ in TABLES} == set(ROLES)
    assert len(TABLES) > 40 <= len(FUNCTIONS)


@pytest.mark.parametrize("role", ROLES)
def test_nobody_may_more_than_the_four_verbs(database: Database, role: str) -> None:
    for table in {table for table, _, _ in TABLES}:
        for verb in ("truncate", "references", "trigger"):
            assert not database.value("select has_table_privilege(%s, %s::regclass, %s)", role, f"public.{table}", verb)


def test_there_is_no_sequence_to_draw_from(database: Database) -> None:
    assert (
        database.rows("select relname from pg_class where relkind = 'S' and relnamespace = 'public'::regnamespace")
        == []
    )
