"""Looking at the queue, and telling it to do a job again or not at all, in a real stack."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from tenacity import wait_none

from agent.errors import KeyRefused, RequestRefused, StoreUnavailable
from agent.job import Lease
from agent.job_list import JobList, Status
from agent.store import AgentCard
from agent.supabase_store import SupabaseStore
from local import LocalStack
from tests.agent.queue import IMAGES, Queue
from tests.agent.store_bench import RESULT
from tests.agent.web import Request, Web

ERROR = {"code": "bad_image", "message": "It is no image."}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobList._call.retry, "wait", wait_none())


@pytest.fixture(autouse=True)
def _no_agents(queue: Queue) -> None:
    """Those of other tests are gone."""
    queue.run("delete from public.agents")


@pytest.fixture
def operator(stack: LocalStack, queue: Queue) -> Iterator[JobList]:
    """One with the secret key."""
    with JobList(stack.url, stack.secret_key) as jobs:
        yield jobs


@pytest.fixture
def visitor(stack: LocalStack, queue: Queue) -> Iterator[JobList]:
    """One with the publishable key."""
    with JobList(stack.url, stack.publishable_key) as jobs:
        yield jobs


@pytest.fixture
def store(_no_agents: None, store: SupabaseStore) -> SupabaseStore:
    """The only agent."""
    store.register()
    return store


def fall_silent(queue: Queue) -> None:
    """Every agent, long enough to count as gone."""
    queue.run("update public.agent_heartbeats set seen_at = clock_timestamp() - interval '5 minutes'")


def claim(store: SupabaseStore) -> Lease:
    lease = store.claim(uuid.uuid4())
    assert lease is not None
    return lease


def fail(store: SupabaseStore) -> str:
    lease = claim(store)
    assert store.fail(lease, ERROR, transient=False) == "failed"
    return str(lease.job_id)


def owned(queue: Queue, job: str) -> str:
    """The job, as if a user had inserted it."""
    queue.run("update public.jobs set created_by = %s where id = %s", [uuid.uuid4(), job])
    return job


def named(queue: Queue, job_id: str) -> str:
    queue.run("update public.jobs set id = %s where id = %s", [job_id, queue.insert()])
    return job_id


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def test_an_empty_queue_has_no_jobs(operator: JobList) -> None:
    assert operator.newest() == []
    assert operator.live_agents() == []


def test_the_newest_job_comes_first_and_no_more_than_wanted(operator: JobList, queue: Queue) -> None:
    jobs = [queue.insert() for _ in range(4)]
    assert ids(operator.newest(limit=3)) == jobs[:0:-1]


def test_only_the_wanted_statuses_are_listed(operator: JobList, queue: Queue, store: SupabaseStore) -> None:
    queue.insert()
    failed = fail(store)
    queue.insert()
    running = str(claim(store).job_id)
    pending = queue.insert()
    assert ids(operator.newest([Status.FAILED])) == [failed]
    assert ids(operator.newest([Status.FAILED, Status.PENDING])) == [pending, failed]
    assert ids(operator.newest()) == [pending, running, failed]


def test_visitors_see_what_belongs_to_nobody_and_operators_all(
    operator: JobList, visitor: JobList, queue: Queue
) -> None:
    theirs, nobodys = owned(queue, queue.insert()), queue.insert()
    assert ids(operator.newest()) == [nobodys, theirs]
    assert ids(visitor.newest()) == [nobodys]
    assert operator.find(theirs)["id"] == theirs
    for ask in (visitor.find, visitor.retry, visitor.cancel):
        with pytest.raises(RequestRefused, match="There is no job"):
            ask(theirs[:12])


@pytest.mark.parametrize("who", ["operator", "visitor"])
def test_pending_jobs_say_what_they_wait_for(
    who: str, queue: Queue, store: SupabaseStore, request: pytest.FixtureRequest
) -> None:
    jobs: JobList = request.getfixturevalue(who)
    queue.insert()
    claim(store)
    queue.insert(models=("Trained_yolov5", "detectron2"))
    queue.insert()
    turn, models, running = jobs.newest()
    assert turn["waiting"] == {"waiting_for": "turn", "missing_models": [], "message": "Waits for its turn."}
    assert models["waiting"]["missing_models"] == ["detectron2"]
    assert models["waiting"]["message"] == "No running agent can run detectron2."
    assert running["waiting"] is None
    assert jobs.find(models["id"])["waiting"] == models["waiting"]


@pytest.mark.parametrize("who", ["operator", "visitor"])
def test_a_running_job_whose_agent_has_gone_silent_waits_until_it_is_taken_over(
    who: str, queue: Queue, store: SupabaseStore, request: pytest.FixtureRequest
) -> None:
    jobs: JobList = request.getfixturevalue(who)
    job = queue.insert()
    claim(store)
    fall_silent(queue)
    (running,) = jobs.newest()
    assert (running["status"], running["waiting"]["waiting_for"]) == ("running", "agent")
    assert (
        running["waiting"]["message"] == "Its agent has gone silent, and no other is running that could take it over."
    )
    assert jobs.find(job)["waiting"] == running["waiting"]
    store.register()
    queue.run("update public.job_leases set expires_at = clock_timestamp() - interval '1 s'")
    claim(store)
    assert [(row["status"], row["waiting"]) for row in jobs.newest()] == [("running", None)]


def test_a_list_goes_without_the_images_and_one_job_has_them(operator: JobList, queue: Queue) -> None:
    job = queue.insert()
    (listed,), found = operator.newest(), operator.find(job)
    assert set(queue.job(job)) - set(listed) == {"images"}
    assert {name: found[name] for name in listed} == listed
    assert found["images"] == IMAGES


def test_as_many_may_wait_as_are_shown(operator: JobList, queue: Queue) -> None:
    queue.insert()
    queue.run(
        "insert into public.jobs (model_a, model_b, images) select model_a, model_b, images"
        " from public.jobs, generate_series(1, 249)"
    )
    waiting = [row["waiting"] for row in operator.newest(limit=1000)]
    assert len(waiting) == 250
    assert all(row["waiting_for"] == "agent" for row in waiting)


def test_a_database_that_cannot_say_what_is_waited_for_shows_its_jobs_all_the_same(
    web: Web, stack: LocalStack, queue: Queue
) -> None:
    job = queue.insert()
    web.answers = {
        "/rest/v1/jobs": lambda request: request.pass_on(stack.url),
        "/rest/v1/waiting_jobs": lambda request: request.send(
            404, b'{"code": "PGRST205", "message": "no such table", "hint": null, "details": null}'
        ),
    }
    with JobList(web.url(), stack.publishable_key) as jobs:
        assert [(row["id"], row["waiting"]) for row in jobs.newest()] == [(job, None)]


def test_agents_that_live_are_listed_by_name(operator: JobList, store: SupabaseStore, card: AgentCard) -> None:
    (agent,) = operator.live_agents()
    assert (agent["name"], agent["status"], agent["models"]) == (card.name, "idle", card.models)
    store.register("stopped")
    assert operator.live_agents() == []


def test_a_job_is_found_with_all_that_became_of_it(visitor: JobList, queue: Queue, store: SupabaseStore) -> None:
    job = queue.insert()
    first = claim(store)
    queue.run("update public.job_leases set expires_at = clock_timestamp() - interval '1 s'")
    second = claim(store)
    assert store.complete(first, RESULT, []) == "lost"
    assert store.complete(second, RESULT, []) == "completed"
    found = visitor.find(job)
    assert (found["id"], found["status"], found["images"]) == (job, "succeeded", IMAGES)
    assert [(row["attempt"], row["agent"], row["outcome"]) for row in found["attempts"]] == [
        (1, "test", "expired"),
        (2, "test", "succeeded"),
    ]
    assert found["attempts"][0]["error"]["code"] == "lease_expired"
    assert [row["refused_at"] is not None for row in found["attempts"]] == [True, False]
    assert (found["result"]["winner"], found["result"]["verdict"]) == (RESULT["winner"], RESULT["verdict"])


def test_an_agent_that_is_gone_has_no_name(operator: JobList, queue: Queue, store: SupabaseStore) -> None:
    queue.insert()
    job = fail(store)
    queue.run("delete from public.agents")
    assert [row["agent"] for row in operator.find(job)["attempts"]] == [None]
    assert operator.find(job)["result"] is None


@pytest.mark.parametrize("prefix", ["abcd", "ABCDEF01", "abcdef01-2345", " abcdef012345467889abcdef01234567 "])
def test_the_beginning_of_an_id_is_enough(operator: JobList, queue: Queue, prefix: str) -> None:
    job = named(queue, "abcdef01-2345-4678-89ab-cdef01234567")
    named(queue, "abce0000-0000-4000-8000-000000000000")
    named(queue, "abccffff-ffff-4fff-8fff-ffffffffffff")
    assert operator.find(prefix)["id"] == job


@pytest.mark.parametrize("prefix", ["abc", "", "-", "abcg", "jobs", "abcd*", "abcdef01-2345-4678-89ab-cdef012345678"])
def test_what_is_no_id_is_said(operator: JobList, prefix: str) -> None:
    with pytest.raises(RequestRefused, match=r"is no job's id\. Give an id or its beginning, 4 characters or more"):
        operator.find(prefix)


def test_the_beginning_of_several_ids_is_said_with_them(operator: JobList, queue: Queue) -> None:
    several = [named(queue, f"abcd{n}000-0000-4000-8000-000000000000") for n in range(4)]
    with pytest.raises(RequestRefused, match="beginning of several") as raised:
        operator.cancel("abcd")
    assert [job in str(raised.value) for job in several] == [True, True, True, False]
    assert "and more" in str(raised.value)
    assert {row["status"] for row in operator.newest()} == {"pending"}


@pytest.mark.parametrize("job", ["abcd", "00000000-0000-4000-8000-000000000000"])
def test_an_id_that_no_job_has_is_said(operator: JobList, queue: Queue, job: str) -> None:
    queue.insert()
    for ask in (operator.find, operator.retry, operator.cancel):
        with pytest.raises(RequestRefused, match=f"no job {job}, or this key may not see it"):
            ask(job)


def test_a_failed_job_is_tried_again(operator: JobList, queue: Queue, store: SupabaseStore) -> None:
    queue.insert()
    job = fail(store)
    assert operator.retry(job[:8]) == {"id": job, "status": "pending", "changed": True}
    assert queue.job(job)["attempt"] == 0


def test_a_job_under_way_is_not_tried_again(operator: JobList, queue: Queue, store: SupabaseStore) -> None:
    job = queue.insert()
    assert operator.retry(job[:8]) == {"id": job, "status": "pending", "changed": False}
    claim(store)
    running = queue.job(job)
    assert operator.retry(job) == {"id": job, "status": "running", "changed": False}
    assert queue.job(job) == running


def test_a_job_is_cancelled_once_and_for_all(operator: JobList, queue: Queue, store: SupabaseStore) -> None:
    job = queue.insert()
    lease = claim(store)
    assert operator.cancel(job[:8]) == operator.cancel(job) == {"id": job, "status": "cancelled"}
    assert store.renew(lease, None) == "cancelled"


def refusal(ask: Any, job: str) -> RequestRefused:
    with pytest.raises(RequestRefused) as raised:
        ask(job)
    assert type(raised.value) is RequestRefused
    assert "SUPABASE_URL" not in str(raised.value)
    return raised.value


def test_a_visitor_is_told_that_what_belongs_to_nobody_is_not_theirs(
    visitor: JobList, queue: Queue, store: SupabaseStore
) -> None:
    queue.insert()
    for do in (visitor.retry, visitor.cancel):
        refused = refusal(do, fail(store) if do == visitor.retry else queue.insert())
        assert "of yours" in refused.message
        assert "only the secret key manages it" in str(refused.hint)


def test_what_cannot_be_done_to_a_job_is_said_in_the_databases_words(
    operator: JobList, queue: Queue, store: SupabaseStore
) -> None:
    jobs = operator
    job = queue.insert()
    jobs.cancel(job)
    refused = refusal(jobs.retry, job)
    assert refused.message == "The job has been cancelled."
    assert refused.hint == "Only a failed job can be retried. Insert a new one instead."
    queue.insert()
    refused = refusal(jobs.cancel, fail(store))
    assert refused.message == "The job has already failed."
    assert refused.hint == "Only a pending or running job can be cancelled."


def test_a_reply_that_was_lost_is_asked_for_again(
    web: Web, stack: LocalStack, queue: Queue, store: SupabaseStore
) -> None:
    def lose_the_first(request: Request) -> None:
        if web.asked[request.path] == 1:
            request.send_on(stack.url)
            request.hang_up()
        else:
            request.pass_on(stack.url)

    calls = [f"/rest/v1/rpc/{name}" for name in ("retry_job", "cancel_job")]
    web.answers = {"/rest/v1/jobs": lambda request: request.pass_on(stack.url), **dict.fromkeys(calls, lose_the_first)}
    queue.insert()
    job = fail(store)
    with JobList(web.url(), stack.secret_key) as jobs:
        assert jobs.retry(job)["status"] == "pending"
        assert jobs.cancel(job)["status"] == "cancelled"
    assert [web.asked[path] for path in calls] == [2, 2]


def test_a_wrong_key_and_a_project_that_is_away_are_said(stack: LocalStack) -> None:
    with JobList(stack.url, "sb_secret_wrong") as jobs, pytest.raises(KeyRefused):
        jobs.newest()
    with JobList("http://127.0.0.1:9", "sb_secret_wrong") as jobs, pytest.raises(StoreUnavailable):
        jobs.newest()
