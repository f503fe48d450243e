"""What agents and front ends were written for goes on working at the database as it is now."""

from collections.abc import Iterator

import pytest

from sql.migration import CONTRACT
from tests.sql.contract import CONTRACTS, kept, missing, offer, written
from tests.sql.database import Database

OLD = range(1, CONTRACT)


def calls(contract: int) -> Iterator[tuple[str, str, str]]:
    """Each function of it, with all of its arguments by name, and each role that may call it."""
    for name, roles in kept(contract)["answers"].items():
        for role in roles:
            arguments = kept(contract)["arguments"][name].get(role, [])
            yield name, role, ", ".join(f"{each.split()[0]} => null::{each.split(' ', 1)[1]}" for each in arguments)


def test_each_contract_before_this_one_is_kept() -> None:
    assert {path.name for path in CONTRACTS.iterdir()} == {f"{contract}.json" for contract in OLD}


@pytest.mark.parametrize("contract", OLD)
def test_all_that_was_offered_still_is(database: Database, contract: int) -> None:
    assert missing(kept(contract), offer(database)) == []


@pytest.mark.parametrize("contract", OLD)
def test_functions_take_the_calls_of_then(database: Database, contract: int) -> None:
    """With no argument that was not there: a newer one must have a default, and there is one function of a name."""
    asked = list(calls(contract))
    assert len(asked) > 20
    for name, role, arguments in asked:
        database.rows(f"explain select * from public.{name}({arguments})", role=role)


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ("alter table public.jobs rename progress to stage", "select of jobs by anon: progress jsonb"),
        ("alter table public.arena_settings alter max_payload_kb type bigint", "max_payload_kb integer"),
        ("revoke select on public.models from anon", "select of models by anon: id text"),
        ("revoke insert (priority) on public.jobs from authenticated", "insert of jobs by authenticated: priority"),
        ("drop function public.release_job", "answers of release_job by arena_agent: text"),
        ("alter publication supabase_realtime drop table public.machines", "realtime of machines by all"),
    ],
)
def test_what_is_taken_away_is_named(database: Database, change: str, lost: str) -> None:
    before = offer(database)
    database.rows(change)
    assert any(lost in each for each in missing(before, offer(database)))


def test_a_second_function_of_a_name_is_seen(database: Database) -> None:
    database.rows(
        "create function public.release_job(p_job_id uuid) returns text language sql set search_path = ''"
        " as 'select null'; grant execute on function public.release_job(uuid) to arena_agent"
    )
    with pytest.raises(AssertionError, match="two of release_job"):
        offer(database)


def test_what_is_written_down_is_read_again(database: Database) -> None:
    assert '"anon authenticated service_role": ["id text", "name text"' in written(offer(database))
    assert '"claim_job": {"arena_agent service_role": ["p_agent_id uuid"' in written(kept(1))
    assert (CONTRACTS / "1.json").read_text("utf-8") == written(kept(1))
