"""Checks of the queue's guards. Each says whether its guard holds, and can be asked of mutated SQL too."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar
from uuid import UUID, uuid4

import psycopg

from tests.sql.database import Database, Held, Names
from tests.sql.meeting import begun_in_time, meet, more_connections, told
from tests.sql.waiting import wait_until_blocked

Check = Callable[[Database], bool]
Answer = TypeVar("Answer")

# What a second line of defence says (a constraint, the guard of transitions, a trigger) where the first is missing.
# Nothing else counts as an answer: a mutant that is no SQL any more must not pass for one that was caught.
SECOND_LINE = (psycopg.errors.UniqueViolation, psycopg.errors.CheckViolation, psycopg.errors.RaiseException)


def holds(check: Check, database: Database) -> bool:
    """Whether the check passes; one that only a second line of defence stopped does not."""
    try:
        return check(database)
    except SECOND_LINE:
        return False


def poison(database: Database, job_id: UUID) -> None:
    """Let every update of the job raise, as a trigger of somebody's own may."""
    database.rows(
        "create function public.raise_poison() returns trigger language plpgsql as"
        " $$ begin raise exception 'poison'; end $$;"
        f" create trigger poison before update on public.jobs for each row when (old.id = '{job_id}')"
        " execute function public.raise_poison()"
    )


def take_over(held: Held) -> Held:
    """Let the lease run out and another agent have the job."""
    database = held.database
    database.expire(held.job_id)
    agent_id = database.register()
    return Held(database, agent_id, held.job_id, database.claimed(agent_id)["lease_token"])


def a_zombie_can_do_nothing(database: Database) -> bool:
    zombie = database.held_job()
    rival = take_over(zombie)
    answers = {zombie.renew(), zombie.complete(), zombie.fail(), zombie.release()}
    return answers == {"lost"} and rival.renew() == "renewed" and rival.complete() == "completed"


def a_late_end_is_in_the_history(database: Database) -> bool:
    zombie = database.held_job()
    take_over(zombie)
    zombie.complete()
    return database.attempts(zombie.job_id)[0]["refused_at"] is not None


def a_lease_that_ran_out_is_lost(database: Database) -> bool:
    held = database.held_job()
    database.expire(held.job_id)
    return {held.renew(), held.complete(), held.release()} == {"lost"}


def a_lease_is_good_for_its_own_job(database: Database) -> bool:
    first, second = database.held_job(), database.held_job()
    second.token = first.token
    return second.complete() == "lost" and database.job(second.job_id)["status"] == "running"


def no_renewal_passes_the_time_limit(database: Database) -> bool:
    database.insert_job()
    agent_id = database.register()
    claim = database.claimed(agent_id, p_time_limit_seconds=100)
    return Held(database, agent_id, claim["job_id"], claim["lease_token"]).renew(p_lease_seconds=3600) == "renewed"


def two_claims_do_not_wait_for_each_other(database: Database) -> bool:
    jobs = [database.insert_job(), database.insert_job()]
    with more_connections(database, 1) as (other,), ThreadPoolExecutor(1) as thread:
        agent_id, other_agent_id = database.register(), other.register()
        with database.connection.transaction():
            first = database.claimed(agent_id)
            second = thread.submit(other.claim, other_agent_id)
            waited = it_waits(database, other, second)
        claim = second.result()
    return not waited and claim is not None and [first["job_id"], claim["job_id"]] == jobs


def a_repeated_request_gives_the_same_claim(database: Database) -> bool:
    database.insert_job()
    database.insert_job()
    agent_id, request_id = database.register(), uuid4()
    first, again = (database.claimed(agent_id, request_id=request_id) for _ in range(2))
    return bool(first["lease_token"] == again["lease_token"])


def a_repeated_request_waits_for_the_first(database: Database) -> bool:
    database.insert_job()
    database.insert_job()
    agent_id, request_id = database.register(), uuid4()
    with more_connections(database, 1) as (other,):
        first, again = meet(
            database, lambda: database.claimed(agent_id, request_id=request_id),
            other, lambda: other.claimed(agent_id, request_id=request_id),
        )  # fmt: skip
    return bool(first["lease_token"] == again["lease_token"])


def a_repeated_end_gets_the_same_answer(database: Database) -> bool:
    completed, failed, released = (database.held_job() for _ in range(3))
    ends = (completed.complete, failed.fail, released.release)
    return [end() for end in ends] == [end() for end in ends] == ["completed", "failed", "released"]


def a_completion_repeated_at_once_gets_the_same_answer(database: Database) -> bool:
    held = database.held_job()
    with more_connections(database, 1) as (other,):
        return meet(database, held.complete, other, held.on(other).complete) == ("completed", "completed")


def a_heartbeat_just_in_time_keeps_the_job(database: Database) -> bool:
    held = database.held_job()
    with more_connections(database, 1) as (other,), ThreadPoolExecutor(1) as thread:
        reaper = other.register()
        with begun_in_time(held):
            held.renew()
            claim = thread.submit(other.claim, reaper)
            waited = it_waits(database, other, claim)
        return claim.result() is None and not waited and held.renew() == "renewed"


def a_reaper_looks_again_once_it_has_the_lock(database: Database) -> bool:
    first, renewed = database.held_job(), database.held_job()
    database.expire(first.job_id)
    with more_connections(database, 2) as (other, observer), ThreadPoolExecutor(1) as thread:
        reaper = other.register()
        with observer.connection.transaction():
            observer.rows("select from public.job_leases where job_id = %s for update", first.job_id)
            with begun_in_time(renewed):
                renewed.renew()
                claim = thread.submit(other.claim, reaper)
                wait_until_blocked(observer, other)
        claim.result()
    return renewed.renew() == "renewed"


def a_reaper_does_not_wait_for_an_agent_that_ends(database: Database) -> bool:
    held = database.held_job()
    with more_connections(database, 1) as (other,), ThreadPoolExecutor(1) as thread:
        reaper = other.register()
        with begun_in_time(held):
            held.complete()
            claim = thread.submit(other.claim, reaper)
            waited = it_waits(database, other, claim)
        return claim.result() is None and not waited


def the_last_expired_attempt_fails_the_job(database: Database) -> bool:
    held = database.held_job(max_attempts=1)
    database.expire(held.job_id)
    database.claim(database.register())
    return bool(database.job(held.job_id)["status"] == "failed")


def one_bad_lease_does_not_stop_the_claim(database: Database) -> bool:
    poisoned = database.held_job()
    pending = database.insert_job()
    database.expire(poisoned.job_id)
    poison(database, poisoned.job_id)
    return bool(database.claimed()["job_id"] == pending)


def a_person_is_told_that_the_agent_was_first(database: Database) -> bool:
    held = database.held_job()
    with more_connections(database, 1) as (other,):
        answers = meet(database, held.complete, other, lambda: told(lambda: other.cancel(held.job_id)))
    return answers == ("completed", "PT409")


def a_job_waits_for_its_time_and_its_models(database: Database) -> bool:
    database.insert_job("service_role", run_at="2999-01-01")
    database.insert_job(model_b="detectron2")
    return database.claim(database.register(), p_models=Names(["Trained_yolov5", "Trained_yolov8"])) is None


def it_waits(observer: Database, waiter: Database, call: Future[Answer]) -> bool:
    """Whether the call, running on the waiter's connection, comes to wait for a lock before it ends."""
    pid = waiter.connection.info.backend_pid
    while not call.done():
        if observer.value("select cardinality(pg_blocking_pids(%s)) > 0", pid):
            return True
        time.sleep(0.005)
    return False
