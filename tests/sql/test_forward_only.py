"""Migrations go forward and add: what is committed stays as it is, and nothing that old programs use is taken away."""

import hashlib
import re
import subprocess
from importlib.resources import as_file, files

import pytest

from sql.migration import migrations

#: What may be dropped at all, and what of it has to be made again in the same file.
DROPPED = {"constraint", "not null", "default"}
MADE_AGAIN = {"function", "policy", "trigger", "index"}

TAKES_AWAY = {
    "changes a column's type, which old programs and views rely on": r"\balter (?:column )?\S+ (?:set data )?type\b",
    "renames what old programs ask for by its name": r"\brename\b",
    "refuses rows that old programs write": r"\bset not null\b",
    "empties a table": r"\btruncate\b",
    "takes along what it does not name": r"(?<!on delete )\bcascade\b",
}

#: By file and by what was found, why it is no harm there.
ALLOWED = {
    ("20261124100100_image_paths.sql", "drop function if exists arena.is_image_path"): (
        "Internal; only check_image called it, which the same file makes anew."
    ),
    **{
        ("20261124100300_ownership.sql", f"drop policy if exists {table}_are_public"): (
            "The same file makes it anew under a name that is true of a private arena too."
        )
        for table in ("models", "agents", "agent_heartbeats", "comparison_results")
    },
}


def without_comments(sql: str) -> str:
    """Lower case, with one space between words, and without what stands in quotes or after --."""
    return " ".join(re.sub(r"--.*$|'(?:[^']|'')*'", " ", sql, flags=re.MULTILINE).lower().split())


def taken_away(sql: str) -> dict[str, str]:
    """The words of a migration that take something from old programs, and what they do."""
    text = without_comments(sql)
    found = {match[0]: why for why, pattern in TAKES_AWAY.items() for match in re.finditer(pattern, text)}
    for match in re.finditer(r"\bdrop (not null|default|\S+) ?(?:if exists )?([\w.]*)", text):
        kind, name = match.groups()
        if kind in MADE_AGAIN and not is_made(kind, name, text[match.end() :]):
            found[match[0]] = "drops what the same file does not make again after it"
        elif kind not in MADE_AGAIN | DROPPED:
            found[match[0]] = "drops what old programs may ask for"
    return found


def is_made(kind: str, name: str, text: str) -> bool:
    bare = re.escape(name.rpartition(".")[2])
    return bool(re.search(rf"\bcreate (or replace |unique )?{kind} (if not exists )?(\w+\.)?{bare}\b", text))


def sums() -> dict[str, str]:
    """By file name, as `sql/migrations.sha256` has them."""
    lines = (files("sql") / "migrations.sha256").read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  migrations/") for line in lines)}


def test_what_is_committed_is_not_edited() -> None:
    edited = [
        migration.file_name
        for migration in migrations()
        if sums().get(migration.file_name) not in (None, hashlib.sha256(migration.sql.encode()).hexdigest())
    ]
    assert edited == [], "Databases have had them already and will not have them again: write a new migration."


def test_every_migration_has_its_sum() -> None:
    assert list(sums()) == [migration.file_name for migration in migrations()], (
        "Run in sql/, once it is ready to be committed: sha256sum migrations/*.sql > migrations.sha256"
    )


def test_sha256sum_reads_the_sums() -> None:
    with as_file(files("sql") / "migrations.sha256") as path:
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", path.name], cwd=path.parent, check=True)


def test_migrations_take_nothing_away() -> None:
    found = {
        (migration.file_name, words): why
        for migration in migrations()
        for words, why in taken_away(migration.sql).items()
    }
    new = {key: why for key, why in found.items() if key not in ALLOWED}
    assert new == {}, "Leave it, and add beside it; docs/upgrades.md says how."
    assert set(ALLOWED) <= set(found), "and nothing is allowed for no reason"


@pytest.mark.parametrize(
    "statement",
    [
        "drop table public.ratings",
        "DROP VIEW IF EXISTS public.job_list",
        "alter table public.jobs drop column progress",
        "alter table public.jobs\n  drop progress",
        "alter table public.jobs drop if exists progress",
        "alter table public.jobs alter column priority type bigint",
        "alter table public.jobs alter priority set data type bigint",
        "alter table public.jobs alter column progress set not null",
        "alter table public.jobs rename column progress to stage",
        "alter function public.claim_job rename to take_job",
        "truncate public.ratings",
        "drop function arena.heartbeat(uuid) cascade; create function arena.heartbeat(uuid) returns void",
        "drop function public.claim_job(uuid); create function public.claim_job_again(uuid) returns void",
        "create function public.claim_job(uuid) returns void; drop function public.claim_job(uuid)",
        "drop policy jobs_insert_own on public.jobs",
        "drop trigger if exists validate on public.jobs",
        "drop index public.jobs_newest",
    ],
)
def test_what_takes_away_is_found(statement: str) -> None:
    assert taken_away(statement), statement


@pytest.mark.parametrize(
    "statement",
    [
        "-- drop table public.jobs\nselect 'drop table public.jobs', 'it''s to rename'",
        "create table public.new (job_id uuid references public.jobs (id) on delete cascade)",
        "drop function if exists public.f(uuid); create or replace function public.f(uuid, int) returns void",
        "drop policy if exists seen on public.new; create policy seen on public.new for select using (true)",
        "drop index public.new_by_time; create index if not exists new_by_time on public.new (created_at)",
        "alter table public.new alter made drop not null, drop constraint if exists c, add constraint c check (true)",
    ],
)
def test_what_adds_is_let_through(statement: str) -> None:
    assert taken_away(statement) == {}, statement
