"""What a database offers agents and front ends, as `contracts/<number>.json` keep it.

`python -m tests.sql.contract` prints it for the migrations as they are: keep that before the next contract begins.
"""

import json
import sys
import tempfile
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from tests.sql.database import Database, make_it_supabase, migrate
from tests.sql.server import get_server

CONTRACTS = Path(__file__).with_name("contracts")

#: By section, name and role: columns and arguments with their types.
Offer = dict[str, dict[str, dict[str, list[str]]]]

_ROLES = "(select unnest(array['anon', 'authenticated', 'arena_agent', 'service_role']) as role) roles"

_COLUMNS = f"""
    select relname as name, role, array_agg(attname || ' ' || format_type(atttypid, null) order by attnum) as has
    from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped, {_ROLES}
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')
      and has_column_privilege(role, pg_class.oid, attnum, %s)
    group by relname, role
"""
_FUNCTIONS = f"""
    select proname as name, role, array(
      select arg || ' ' || format_type(type, null)
      from unnest(
        coalesce(proallargtypes, proargtypes::oid[]), proargnames,
        coalesce(proargmodes, array_fill('i'::"char", array[pronargs]))
      ) as args (type, arg, mode)
      where (mode = 'i') = %s) as has
    from pg_proc, {_ROLES}
    where pronamespace = 'public'::regnamespace and has_function_privilege(role, pg_proc.oid, 'execute')
"""
_ANSWERS = f"""
    select proname as name, role, array[format_type(prorettype, null)] as has from pg_proc, {_ROLES}
    where pronamespace = 'public'::regnamespace and has_function_privilege(role, pg_proc.oid, 'execute')
"""
_PUBLISHED = """
    select tablename as name, 'all' as role, array['published'] as has
    from pg_publication_tables where pubname = 'supabase_realtime'
"""


def offer(database: Database) -> Offer:
    """What each role may read, insert, call and hear of."""
    return {
        "select": _by_name(database, _COLUMNS, "select"),
        "insert": _by_name(database, _COLUMNS, "insert"),
        "arguments": _by_name(database, _FUNCTIONS, True),
        "rows": _by_name(database, _FUNCTIONS, False),
        "answers": _by_name(database, _ANSWERS),
        "realtime": _by_name(database, _PUBLISHED),
    }


def _by_name(database: Database, query: str, *values: Any) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for row in database.rows(f"{query} order by name, role", *values):
        of_name = found.setdefault(row["name"], {})
        assert row["role"] not in of_name, f"there are two of {row['name']}, and PostgREST cannot choose"
        of_name[row["role"]] = row["has"]
    return {name: {role: has for role, has in roles.items() if has} for name, roles in found.items()}


def written(offer: Offer) -> str:
    """As JSON, with a line for each name; roles that have the same are told together."""
    sections = []
    for section, names in offer.items():
        lines = ",\n".join(
            f"    {json.dumps(name)}: {json.dumps(_told_together(roles))}" for name, roles in names.items()
        )
        sections.append(f"  {json.dumps(section)}: {{\n{lines}\n  }}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def _told_together(roles: dict[str, list[str]]) -> dict[str, list[str]]:
    """Of roles in the order of their names, those next to each other that have the same under one key."""
    return {" ".join(role for role, _ in group): has for has, group in groupby(roles.items(), key=itemgetter(1))}


def kept(contract: int) -> Offer:
    """What a database of that contract offered."""
    sections: Offer = json.loads((CONTRACTS / f"{contract}.json").read_text("utf-8"))
    return {
        section: {
            name: {role: has for together, has in roles.items() for role in together.split()}
            for name, roles in names.items()
        }
        for section, names in sections.items()
    }


def missing(old: Offer, new: Offer) -> list[str]:
    """What of an old offer a new one lacks, in words."""
    return [
        f"{section} of {name} by {role}: {each}"
        for section, names in old.items()
        for name, roles in names.items()
        for role, has in roles.items()
        for each in has
        if each not in new.get(section, {}).get(name, {}).get(role, [])
    ]


def _print() -> None:
    with tempfile.TemporaryDirectory(prefix="arena-sql-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        make_it_supabase(server.get_uri())
        migrate(server.get_uri())
        database = Database(server.get_uri())
        sys.stdout.write(written(offer(database)))
        database.close()
        server.cleanup()


if __name__ == "__main__":
    _print()
