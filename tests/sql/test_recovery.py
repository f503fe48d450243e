"""No job is lost, stuck or taken from a living agent. Each test stands for a failure that other queues have had."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest

from tests.sql.database import RESULT, Database, Held, Names
from tests.sql.disorder import disorder
from tests.sql.fencing import poison
from tests.sql.meeting import more_connections, pass_time

SOURCES = """
    select n.nspname || '.' || p.proname as name, p.prosrc as source
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'arena')
    union all
    select 'default of ' || adrelid::regclass || '.' || attname, pg_get_expr(adbin, adrelid)
    from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum
    union all
    select 'view ' || viewname, definition from pg_views where schemaname = 'public'
"""
TRANSACTION_CLOCK = (
    r"(?i)\bnow\(\)|(?<!clock_)(transaction|statement)_timestamp|current_(timestamp|date|time\b)|localtime"
)
SESSION_STATE = r"(?i)\b(listen|notify|pg_notify|prepare|discard|temp|temporary)\b|pg_(try_)?advisory_(?!xact)\w*lock"


@pytest.fixture
def db(database: Database) -> Iterator[Database]:
    """A database in which, after every test, the queue must make sense."""
    yield database
    assert disorder(database.connection) == []


# Living agents keep their jobs.


def test_a_long_job_whose_lease_is_renewed_is_never_taken_back(db: Database) -> None:
    """hexpm #1825: jobs longer than the rescue's fixed time ran two and three times, every night."""
    db.insert_job()
    agent_id, rival = db.register(), db.register()
    claim = db.claimed(agent_id, p_lease_seconds=60, p_time_limit_seconds=86_400)
    held = Held(db, agent_id, claim["job_id"], claim["lease_token"])
    for _ in range(100):
        pass_time(db, 59)
        assert db.claim(rival) is None
        assert held.renew(p_lease_seconds=60) == "renewed"
    assert held.complete() == "completed"
    assert db.outcomes(held.job_id) == ["succeeded"]


def test_a_lease_is_as_long_as_its_own_agent_asked_for(db: Database) -> None:
    """River #347 and #682: one threshold for all jobs is too short for some and too long for others."""
    short, long = db.insert_job(), db.insert_job()
    db.claimed(p_lease_seconds=10)
    db.claimed(p_lease_seconds=600)
    pass_time(db, 11)
    assert db.claimed()["job_id"] == short
    assert db.claim(db.register()) is None
    assert db.outcomes(long) == [None]


# Dead and stuck ones do not.


def test_no_job_stays_running_when_its_agent_is_gone_from_the_table(db: Database) -> None:
    """Procrastinate #740 and #1518: jobs whose worker had left no trace were never found again."""
    held = db.held_job()
    db.rows("delete from public.agents")
    assert held.renew() == "renewed", "it lives, whatever the table says"
    db.expire(held.job_id)
    assert db.claimed()["job_id"] == held.job_id


def test_one_claim_takes_back_every_expired_lease_even_of_jobs_that_it_may_not_run(db: Database) -> None:
    """River #1258: thousands of jobs in running, some for three months."""
    for _ in range(100):
        db.held_job()
    pass_time(db, 3600)
    assert db.claim(db.register(), p_models=Names(["detectron2"])) is None
    assert db.row("select count(*), min(status), max(status) from public.jobs") == {
        "count": 100, "min": "pending", "max": "pending",
    }  # fmt: skip


def test_an_agent_that_lives_but_never_finishes_loses_the_job_at_its_time_limit(db: Database) -> None:
    """Solid Queue #748: the result is refused again and again, while the heartbeat goes on for ever."""
    db.insert_job()
    agent_id = db.register()
    claim = db.claimed(agent_id, p_lease_seconds=60, p_time_limit_seconds=200)
    held = Held(db, agent_id, claim["job_id"], claim["lease_token"])
    for _ in range(4):
        with db.refused():
            held.complete(RESULT | {"winner": "nobody"})
        assert held.renew(p_lease_seconds=60) == "renewed"
        pass_time(db, 49)
    pass_time(db, 5)
    assert held.renew() == "lost"
    assert db.claimed()["attempt"] == 2
    assert db.attempts(held.job_id)[0]["error"]["code"] == "time_limit"


def test_a_token_with_the_wrong_job_marks_no_living_attempt_as_late(db: Database) -> None:
    first, second = db.held_job(), db.held_job()
    second.token = first.token
    assert second.complete() == second.fail() == second.release() == "lost"
    assert db.attempts(first.job_id)[0]["refused_at"] is None


# Connections die.


@contextmanager
def dying_connection(database: Database) -> Iterator[Database]:
    """A connection whose backend is killed at the end of the block, before anything has been committed."""
    with more_connections(database, 1) as (victim,):
        victim.connection.execute("begin")
        yield victim
        assert database.value("select pg_terminate_backend(%s, 30000)", victim.connection.info.backend_pid)
        with pytest.raises(psycopg.OperationalError):
            victim.connection.execute("commit")


def test_an_agent_whose_connection_dies_in_the_claim_has_claimed_nothing(own_database: Database) -> None:
    """River #1258: jobs left in running for months. Here the claim is one transaction, and dies whole."""
    job_id = own_database.insert_job(max_attempts=1)
    agent_id = own_database.register()
    with dying_connection(own_database) as victim:
        assert victim.claimed(agent_id)["job_id"] == job_id
    assert own_database.attempts(job_id) == []
    assert own_database.value("select status from public.agents") == "idle"
    assert own_database.claimed(agent_id)["attempt"] == 1


def test_an_agent_whose_connection_dies_in_the_completion_may_complete_again(own_database: Database) -> None:
    """Solid Queue #748: what could not be finished stayed claimed for ever."""
    held = own_database.held_job()
    with dying_connection(own_database) as victim:
        assert held.on(victim).complete() == "completed"
    assert own_database.rows("select * from public.comparison_results") == []
    assert held.renew() == "renewed"
    assert held.complete() == "completed"
    assert disorder(own_database.connection) == []


# The rescuer is never stuck itself.


def test_a_lease_that_cannot_be_taken_back_does_not_stop_the_claim_of_others(db: Database) -> None:
    """Procrastinate #1408 and pgqueuer #475: one bad row, and nothing is rescued any more."""
    poisoned, expired = db.held_job(), db.held_job()
    pending = db.insert_job(priority=-1)
    pass_time(db, 3600)
    poison(db, poisoned.job_id)
    agent_id = db.register()
    assert [db.claimed(agent_id)["job_id"] for _ in range(2)] == [expired.job_id, pending]
    assert db.job(poisoned.job_id)["status"] == "running"
    db.rows("drop trigger poison on public.jobs")
    assert db.claimed(agent_id)["job_id"] == poisoned.job_id


def test_a_job_that_somebody_keeps_locked_does_not_stop_the_rescue_of_others(own_database: Database) -> None:
    """pgqueuer #475: a stale row that held a place."""
    locked, expired = own_database.held_job(), own_database.held_job()
    pass_time(own_database, 3600)
    with more_connections(own_database, 1) as (other,), other.connection.transaction():
        other.rows("select from public.jobs where id = %s for update", locked.job_id)
        agent_id = own_database.register()
        assert own_database.claimed(agent_id)["job_id"] == expired.job_id
        assert own_database.claim(agent_id) is None
    assert own_database.claimed(agent_id)["job_id"] == locked.job_id
    assert disorder(own_database.connection) == []


# Poison at the head, and jobs that will not stop.


def test_a_job_that_fails_every_time_does_not_block_those_behind_it(db: Database) -> None:
    """Oban #1498: rows at their limit of attempts at the head of the queue."""
    poison, other = db.insert_job(priority=100, max_attempts=2), db.insert_job()
    agent_id = db.register()
    order = []
    while claim := db.claim(agent_id):
        order.append(claim["job_id"])
        held = Held(db, agent_id, claim["job_id"], claim["lease_token"])
        assert held.fail(transient=True) in ("retrying", "failed")
        db.rows("update public.jobs set run_at = clock_timestamp() where id = %s", poison)
        if claim["job_id"] == other:
            break
    assert order == [poison, poison, other], "at the head while it has attempts, then gone"
    assert db.job(poison)["status"] == "failed"


def test_a_job_that_kills_its_agents_ends_at_its_limit(db: Database) -> None:
    """pgqueuer counts no rescue as an attempt, so a job that kills its worker goes round for ever."""
    killer = db.insert_job(max_attempts=3)
    agent_id = db.register()
    for _ in range(3):
        assert db.claimed(agent_id)["job_id"] == killer
        db.expire(killer)
    assert db.claim(agent_id) is None
    assert db.job(killer)["status"] == "failed"
    assert db.outcomes(killer) == ["expired"] * 3


def test_an_agent_that_ignores_a_cancellation_can_neither_write_nor_hold_anything(db: Database) -> None:
    """River #78."""
    held = db.held_job()
    db.cancel(held.job_id)
    before = db.job(held.job_id)
    for _ in range(3):
        assert held.renew(p_progress={"phase": "on and on"}) == "cancelled"
        assert held.complete() == held.fail(transient=True) == held.release() == "cancelled"
    assert db.job(held.job_id) == before
    assert db.rows("select * from public.job_leases") == []
    assert db.outcomes(held.job_id) == ["cancelled"]
    pass_time(db, 3600)
    assert db.claim(db.register()) is None, "and nobody runs it again"


# Clocks and connections.


def test_no_function_asks_the_clock_of_the_transaction(db: Database) -> None:
    """que #409: now() is when the transaction began, which may be long ago."""
    assert offenders(db, TRANSACTION_CLOCK) == []


def test_nothing_needs_a_session(db: Database) -> None:
    """Supavisor #85, pgbouncer #655, GoodJob #1573: LISTEN and session locks break behind a transaction pooler."""
    assert offenders(db, SESSION_STATE) == []


def offenders(db: Database, pattern: str) -> list[str]:
    """What, of all functions, defaults and views, contains the pattern outside its comments."""
    sources = db.rows(SOURCES)
    assert len(sources) > 40
    return [row["name"] for row in sources if re.search(pattern, re.sub(r"--.*", "", row["source"]))]


@pytest.mark.parametrize("bad", ["now()", "CURRENT_TIMESTAMP", "statement_timestamp()"])
def test_the_search_for_the_clock_of_the_transaction_finds_it(bad: str) -> None:
    assert re.search(TRANSACTION_CLOCK, bad)
    assert not re.search(TRANSACTION_CLOCK, "clock_timestamp()")


@pytest.mark.parametrize("bad", ["listen jobs", "pg_advisory_lock(1)", "pg_try_advisory_lock(1)", "pg_notify('a', '')"])
def test_the_search_for_sessions_finds_them(bad: str) -> None:
    assert re.search(SESSION_STATE, bad)
    assert not re.search(SESSION_STATE, "pg_advisory_xact_lock(1), pg_try_advisory_xact_lock(1)")


def test_agents_send_durations_never_instants(db: Database) -> None:
    """Oban #50: the worker's clock decided what had expired."""
    instants = db.rows(
        "select p.proname from pg_proc p where p.pronamespace = 'public'::regnamespace"
        " and p.proargtypes::oid[] && '{timestamptz,timestamp,date,time}'::regtype[]::oid[]"
    )
    assert instants == []


def test_a_claim_in_an_old_transaction_goes_by_the_clock_on_the_wall(own_database: Database) -> None:
    """que #409: its age in the transaction would be taken for the time."""
    with more_connections(own_database, 1) as (other,), own_database.connection.transaction():
        began = own_database.value("select now()")
        expired = other.held_job()
        other.rows("update public.job_leases set expires_at = clock_timestamp()")
        due = other.insert_job("service_role", run_at=other.value("select clock_timestamp()"))
        agent_id = own_database.register()
        claims = [own_database.claimed(agent_id) for _ in range(2)]
        assert {claim["job_id"] for claim in claims} == {expired.job_id, due}
        attempts = own_database.rows("select started_at from public.job_attempts where ended_at is null")
        assert all(attempt["started_at"] > began for attempt in attempts)
        assert own_database.value("select bool_and(expires_at > clock_timestamp()) from public.job_leases")
    assert disorder(own_database.connection) == []


def test_every_call_may_come_over_another_connection(own_database: Database) -> None:
    """As through a transaction pooler, or PostgREST."""
    own_database.insert_job()
    with more_connections(own_database, 5) as (one, two, three, four, five):
        agent_id, request_id = one.register(), uuid4()
        claim = two.claimed(agent_id, request_id=request_id)
        assert three.claimed(agent_id, request_id=request_id)["lease_token"] == claim["lease_token"]
        held = Held(four, agent_id, claim["job_id"], claim["lease_token"])
        assert held.renew() == "renewed"
        assert held.on(five).complete() == "completed"
        assert held.on(one).complete() == "completed"
    assert disorder(own_database.connection) == []
