"""The queue in a real Supabase-shaped stack."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from agent.errors import KeyRefused, NotMigrated, RequestRefused, StoreError, StoreUnavailable
from agent.job import Lease
from agent.store import AgentCard
from agent.supabase_store import SupabaseStore
from local import LocalStack
from tests.agent.conftest import MakeSettings
from tests.agent.queue import Queue
from tests.agent.web import Request, Web

pytestmark = pytest.mark.usefixtures("_no_pauses")

RESULT: dict[str, Any] = {
    "model_a_metrics": {"accuracy": 0.5},
    "model_b_metrics": {"accuracy": None},
    "winner": "Trained_yolov5",
    "verdict": {"sentence": "A is better."},
    "environment": {"seed": 1},
}
IMAGE_ROWS = [
    {"side": side, "image_index": 0, "predicted_count": 2, "latency_ms": 1.5, "detections": []} for side in "ab"
]


@pytest.fixture
def job(queue: Queue) -> str:
    """A pending job."""
    return queue.insert()


@pytest.fixture
def lease(store: SupabaseStore, job: str) -> Lease:
    """A claim of it."""
    lease = store.claim(uuid.uuid4())
    assert lease is not None
    assert str(lease.job_id) == job
    return lease


def test_an_agent_says_who_it_is_and_when_it_stops(store: SupabaseStore, queue: Queue, card: AgentCard) -> None:
    (row,) = queue.run("select * from public.agents where id = %s", [card.id])
    assert (row["id"], row["name"], row["models"], row["status"]) == (card.id, "test", card.models, "idle")
    store.register("stopped")
    (row,) = queue.run("select * from public.agents where id = %s", [card.id])
    assert row["status"] == "stopped"


def test_an_empty_queue_has_no_claim(store: SupabaseStore) -> None:
    assert store.claim(uuid.uuid4()) is None


def test_a_claim_holds_all_of_the_job(store: SupabaseStore, queue: Queue) -> None:
    job = queue.insert([{"image_path": "https://h/1.jpg", "car_count": 2}], options={"seed": 7}, max_attempts=5)
    lease = store.claim(uuid.uuid4())
    assert lease is not None
    assert (str(lease.job_id), lease.attempt, lease.max_attempts) == (job, 1, 5)
    assert (lease.model_a, lease.model_b) == ("Trained_yolov5", "Trained_yolov8")
    assert lease.options == {"seed": 7}
    assert [(image.image_path, image.car_count) for image in lease.job_images()] == [("https://h/1.jpg", 2)]
    assert 0 < lease.seconds <= 10
    assert lease.waited_ms >= 0
    assert queue.job(job)["status"] == "running"


def test_the_same_request_is_the_same_claim(store: SupabaseStore, queue: Queue) -> None:
    queue.insert()
    queue.insert()
    request = uuid.uuid4()
    first, again, other = store.claim(request), store.claim(request), store.claim(uuid.uuid4())
    assert first is not None
    assert again is not None
    assert other is not None
    assert (again.job_id, again.token, again.attempt) == (first.job_id, first.token, 1)
    assert other.job_id != first.job_id


def test_renewing_extends_the_lease_and_publishes_progress(store: SupabaseStore, queue: Queue, lease: Lease) -> None:
    before = queue.expires_at(str(lease.job_id))
    assert store.renew(lease, {"phase": "load"}) == "renewed"
    assert queue.expires_at(str(lease.job_id)) > before
    assert store.renew(lease, None) == "renewed"
    assert queue.job(str(lease.job_id))["progress"] == {"phase": "load"}


def test_completing_writes_everything_once(store: SupabaseStore, queue: Queue, lease: Lease, card: AgentCard) -> None:
    assert store.complete(lease, RESULT, IMAGE_ROWS) == "completed"
    assert store.complete(lease, {**RESULT, "winner": "tie"}, []) == "completed"
    (row,) = queue.run("select * from public.comparison_results")
    assert {key: row[key] for key in RESULT} == RESULT
    assert (row["job_id"], row["model_b_id"], row["agent_id"]) == (lease.job_id, "Trained_yolov8", card.id)
    assert [r["side"] for r in queue.run("select * from public.image_results order by side")] == ["a", "b"]
    assert queue.job(str(lease.job_id))["status"] == "succeeded"


def test_a_transient_failure_waits_and_a_lasting_one_ends(store: SupabaseStore, queue: Queue, lease: Lease) -> None:
    error = {"code": "host_died", "message": "It died."}
    assert store.fail(lease, error, transient=True) == "retrying"
    assert queue.job(str(lease.job_id))["status"] == "pending"
    queue.run("update public.jobs set run_at = clock_timestamp()")
    second = store.claim(uuid.uuid4())
    assert second is not None
    assert second.attempt == 2
    assert store.fail(second, {**error, "code": "bad_image"}, transient=False) == "failed"
    row = queue.job(str(lease.job_id))
    assert (row["status"], row["error"]["code"], row["error"]["message"]) == ("failed", "bad_image", "It died.")


def test_releasing_spends_no_attempt(store: SupabaseStore, queue: Queue, lease: Lease) -> None:
    assert store.release(lease) == "released"
    row = queue.job(str(lease.job_id))
    assert (row["status"], row["attempt"]) == ("pending", 0)
    assert store.release(lease) == "released"


ENDS: list[Callable[[SupabaseStore, Lease], str]] = [
    lambda store, lease: store.renew(lease, {"phase": "late"}),
    lambda store, lease: store.complete(lease, RESULT, IMAGE_ROWS),
    lambda store, lease: store.fail(lease, {"code": "x", "message": "x"}, transient=False),
    lambda store, lease: store.release(lease),
]


@pytest.mark.parametrize("end", ENDS, ids=["renew", "complete", "fail", "release"])
def test_a_cancelled_job_takes_nothing_more(
    store: SupabaseStore, queue: Queue, lease: Lease, end: Callable[[SupabaseStore, Lease], str]
) -> None:
    queue.run("select public.cancel_job(%s)", [lease.job_id])
    assert end(store, lease) == "cancelled"
    assert queue.job(str(lease.job_id))["status"] == "cancelled"
    assert queue.run("select * from public.comparison_results") == []


@pytest.mark.parametrize("end", ENDS, ids=["renew", "complete", "fail", "release"])
def test_another_token_changes_nothing(
    store: SupabaseStore, queue: Queue, lease: Lease, end: Callable[[SupabaseStore, Lease], str]
) -> None:
    before = queue.job(str(lease.job_id))
    assert end(store, replace(lease, token=uuid.uuid4())) == "lost"
    assert queue.job(str(lease.job_id)) == before


def test_a_result_that_the_database_refuses_is_said(store: SupabaseStore, queue: Queue, lease: Lease) -> None:
    with pytest.raises(RequestRefused, match=r"did not take part.*tie"):
        store.complete(lease, {**RESULT, "winner": "detectron2"}, [])
    assert queue.job(str(lease.job_id))["status"] == "running"


def test_an_agent_that_is_not_registered_is_told_so(
    queue: Queue, stack_settings: MakeSettings, card: AgentCard
) -> None:
    with (
        closing(SupabaseStore(stack_settings(), card)) as store,
        pytest.raises(RequestRefused, match="is not registered"),
    ):
        store.claim(uuid.uuid4())


def claim_error(settings: Any) -> StoreError:
    card = AgentCard(id=uuid.uuid4(), name="test", version="0", hardware={}, models=[])
    with closing(SupabaseStore(settings, card)) as store, pytest.raises(StoreError) as raised:
        store.claim(uuid.uuid4())
    assert settings.supabase_key.get_secret_value() not in str(raised.value)
    return raised.value


@pytest.mark.parametrize("key", ["sb_secret_wrong", "sb_secret_...", "nonsense"])
def test_a_wrong_key_is_said(stack_settings: MakeSettings, key: str) -> None:
    error = claim_error(stack_settings(SUPABASE_KEY=key))
    assert isinstance(error, KeyRefused)
    assert "An agent needs the secret key" in str(error)


def test_a_front_ends_key_is_not_enough(stack: LocalStack, stack_settings: MakeSettings) -> None:
    error = claim_error(stack_settings(SUPABASE_KEY=stack.publishable_key))
    assert isinstance(error, KeyRefused)
    assert "An agent needs the secret key" in str(error)


@pytest.fixture(scope="module")
def bare_stack() -> Iterator[LocalStack]:
    """A project that nobody has migrated."""
    with LocalStack() as stack:
        yield stack


def test_a_database_without_the_arena_is_said(bare_stack: LocalStack, bare_settings: MakeSettings) -> None:
    error = claim_error(bare_settings(SUPABASE_URL=bare_stack.url, SUPABASE_KEY=bare_stack.secret_key))
    assert isinstance(error, NotMigrated)
    assert "arena migrate" in str(error)


def test_a_project_that_cannot_be_reached_is_said(bare_settings: MakeSettings) -> None:
    error = claim_error(bare_settings())
    assert isinstance(error, StoreUnavailable)
    assert "SUPABASE_URL" in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (502, StoreUnavailable),
        (429, StoreUnavailable),
        (404, RequestRefused),
        (200, StoreUnavailable),
    ],
)
def test_a_server_that_is_no_supabase_is_an_error_too(
    web: Web, bare_settings: MakeSettings, status: int, kind: type[StoreError]
) -> None:
    page = lambda request: request.send(status, b"<html>no</html>", {"Content-Type": "text/html"})  # noqa: E731
    web.answers = {"/rest/v1/rpc/claim_job": page}
    assert isinstance(claim_error(bare_settings(SUPABASE_URL=web.url())), kind)


def test_a_reply_that_was_lost_is_asked_for_again(
    web: Web, queue: Queue, card: AgentCard, stack: LocalStack, stack_settings: MakeSettings
) -> None:
    """Every function is carried out twice, since its first reply is dropped after the commit."""

    def lose_the_first_reply(request: Request) -> None:
        if web.asked[request.path] == 1:
            request.send_on(stack.url)
            request.hang_up()
        else:
            request.pass_on(stack.url)

    for name in ("claim_job", "complete_job", "fail_job"):
        web.answers[f"/rest/v1/rpc/{name}"] = lose_the_first_reply
    web.answers["/rest/v1/rpc/register_agent"] = lambda request: request.pass_on(stack.url)
    first, second = queue.insert(), queue.insert()
    with closing(SupabaseStore(stack_settings(SUPABASE_URL=web.url()), card)) as store:
        store.register()
        one, two = store.claim(uuid.uuid4()), store.claim(uuid.uuid4())
        assert one is not None
        assert two is not None
        assert {str(one.job_id), str(two.job_id)} == {first, second}
        assert (one.attempt, two.attempt) == (1, 1)
        assert store.complete(one, RESULT, IMAGE_ROWS) == "completed"
        assert store.fail(two, {"code": "x", "message": "x"}, transient=False) == "failed"
    assert {count for path, count in web.asked.items() if "register" not in path} == {2, 3}
    assert len(queue.run("select * from public.comparison_results")) == 1
    assert len(queue.run("select * from public.job_attempts")) == 2
