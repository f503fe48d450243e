"""The guards in the SQL are tested: with one of them taken out, the check that passes on the real SQL fails."""

from typing import NamedTuple

import pytest

from tests.sql import fencing
from tests.sql.database import Database
from tests.sql.fencing import Check, holds


class Mutation(NamedTuple):
    """A function, the guard in its source, what stands there instead, and the check that must notice."""

    function: str
    removed: str
    replacement: str
    check: Check


MUTATIONS = [
    Mutation("arena.lease_state", " and lease_token = p_lease_token", "", fencing.a_zombie_can_do_nothing),
    Mutation("arena.lease_state", " and expires_at > clock_timestamp()", "", fencing.a_lease_that_ran_out_is_lost),
    Mutation("arena.lease_state", "job_id = p_job_id and ", "", fencing.a_lease_is_good_for_its_own_job),
    Mutation(
        "arena.lease_state",
        "perform from public.jobs where id = p_job_id for no key update;",
        "",
        fencing.a_heartbeat_just_in_time_keeps_the_job,
    ),
    Mutation(
        "arena.lease_state",
        "perform from public.jobs where id = p_job_id for no key update;",
        "",
        fencing.a_completion_repeated_at_once_gets_the_same_answer,
    ),
    Mutation(
        "arena.refuse_late_end",
        "where lease_token = p_lease_token",
        "where false",
        fencing.a_late_end_is_in_the_history,
    ),
    Mutation(
        "arena.extend_lease",
        "least(deadline_at, v_now + make_interval(secs => p_lease_seconds))",
        "v_now + make_interval(secs => p_lease_seconds)",
        fencing.no_renewal_passes_the_time_limit,
    ),
    Mutation("arena.start_next_attempt", " skip locked", "", fencing.two_claims_do_not_wait_for_each_other),
    Mutation("arena.start_next_attempt", " and run_at <= v_now", "", fencing.a_job_waits_for_its_time_and_its_models),
    Mutation(
        "arena.start_next_attempt",
        " and model_b = any (v_models)",
        "",
        fencing.a_job_waits_for_its_time_and_its_models,
    ),
    Mutation(
        "public.claim_job",
        "where agent_id = p_agent_id and request_id = p_request_id",
        "where false",
        fencing.a_repeated_request_gives_the_same_claim,
    ),
    Mutation(
        "public.claim_job",
        "perform pg_advisory_xact_lock(hashtextextended('claim_job ' || p_agent_id, 0));",
        "",
        fencing.a_repeated_request_waits_for_the_first,
    ),
    Mutation("public.complete_job", "v_state = 'succeeded'", "false", fencing.a_repeated_end_gets_the_same_answer),
    Mutation(
        "public.fail_job",
        "v_state in ('failed', 'retrying')",
        "false",
        fencing.a_repeated_end_gets_the_same_answer,
    ),
    Mutation("public.release_job", "v_state = 'released'", "false", fencing.a_repeated_end_gets_the_same_answer),
    Mutation(
        "arena.take_back",
        "v_job.attempt < v_job.max_attempts",
        "true",
        fencing.the_last_expired_attempt_fails_the_job,
    ),
    Mutation(
        "arena.take_back",
        " and expires_at <= clock_timestamp()",
        "",
        fencing.a_reaper_looks_again_once_it_has_the_lock,
    ),
    Mutation("arena.take_back", " skip locked", "", fencing.a_reaper_does_not_wait_for_an_agent_that_ends),
    Mutation(
        "arena.take_back_expired_leases",
        "exception when others",
        "exception when division_by_zero",
        fencing.one_bad_lease_does_not_stop_the_claim,
    ),
    Mutation(
        "arena.lock_own_job",
        " for no key update",
        "",
        fencing.a_person_is_told_that_the_agent_was_first,
    ),
]
CHECKS = list({mutation.check: None for mutation in MUTATIONS})


def mutate(database: Database, mutation: Mutation) -> None:
    """Install the function without its guard. Fails if the guard is not in the source exactly once."""
    schema, name = mutation.function.split(".")
    source = database.value(
        "select pg_get_functiondef(oid) from pg_proc where pronamespace = %s::regnamespace and proname = %s",
        schema,
        name,
    )
    assert source.count(mutation.removed) == 1, f"{mutation.function} does not say '{mutation.removed}' once:\n{source}"
    database.rows(source.replace(mutation.removed, mutation.replacement))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_real_sql_passes(own_database: Database, check: Check) -> None:
    assert holds(check, own_database)


@pytest.mark.parametrize(
    "mutation",
    MUTATIONS,
    ids=lambda m: f"{m.function.split('.')[1]}-without-{m.removed.strip()[:40]}-{m.check.__name__}",
)
def test_sql_without_a_guard_is_caught(own_database: Database, mutation: Mutation) -> None:
    mutate(own_database, mutation)
    assert not holds(mutation.check, own_database)
