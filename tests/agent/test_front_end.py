"""Inserting a job as a web page does, and watching it."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from agent import front_end as module
from agent.errors import KeyRefused, RequestRefused, StoreUnavailable
from agent.front_end import FrontEnd, JobResult, JobUpdate
from agent.job import Lease
from agent.supabase_store import SupabaseStore
from local import LocalStack
from tests.agent.queue import IMAGES, Queue
from tests.agent.test_supabase_store import IMAGE_ROWS, RESULT
from tests.agent.web import Request, Web

Item = JobUpdate | JobResult
MODELS = ("Trained_yolov5", "Trained_yolov8")


@pytest.fixture
def page(stack: LocalStack, queue: Queue) -> Iterator[FrontEnd]:
    """A page with the publishable key."""
    with FrontEnd(stack.url, stack.publishable_key) as page:
        yield page


@pytest.fixture
def page_without_realtime(web: Web, stack: LocalStack, queue: Queue) -> Iterator[FrontEnd]:
    """One whose way to Realtime is blocked."""

    class Answers(dict[str, Callable[[Request], None]]):
        def get(self, path: str, _default: Any = None) -> Any:
            if path.startswith("/realtime"):
                return lambda request: request.send(503)
            return lambda request: request.pass_on(stack.url)

    web.answers = Answers()
    with FrontEnd(web.url(), stack.publishable_key) as page:
        yield page


def claim(store: SupabaseStore) -> Lease:
    lease = store.claim(uuid.uuid4())
    assert lease is not None
    return lease


async def collect(page: FrontEnd, job: str, on_item: Callable[[Item], object]) -> list[Item]:
    """Everything there is to watch; ``on_item`` is called for each, in a thread."""
    items: list[Item] = []
    watching: AsyncIterator[Item] = page.watch(job)
    async for item in watching:
        items.append(item)
        await asyncio.to_thread(on_item, item)
    return items


def watch(page: FrontEnd, job: str, on_item: Callable[[Item], object] = lambda _: None) -> list[Item]:
    return asyncio.run(asyncio.wait_for(collect(page, job, on_item), 60))


class Agent:
    """Does the next step of a job whenever the page has seen the one before."""

    def __init__(self, store: SupabaseStore, end: Callable[[Lease], object]) -> None:
        self._store, self._end = store, end
        self._lease: Lease | None = None
        self._ended = False

    def __call__(self, item: Item) -> None:
        if isinstance(item, JobResult):
            return
        if self._lease is None:
            self._lease = claim(self._store)
        elif item.job["progress"] == {"phase": "claimed"}:
            self._store.renew(self._lease, {"phase": "load", "fraction": 0.5})
        elif item.job["progress"] == {"phase": "load", "fraction": 0.5} and not self._ended:
            self._ended = True
            self._end(self._lease)


def succeed(store: SupabaseStore) -> Agent:
    return Agent(store, lambda lease: store.complete(lease, RESULT, IMAGE_ROWS))


def test_submitting_gives_the_pending_job(page: FrontEnd, queue: Queue) -> None:
    job = page.submit(*MODELS, IMAGES, {"seed": 3})
    assert (job["status"], job["images"], job["options"]) == ("pending", IMAGES, {"seed": 3})
    assert queue.job(job["id"])["model_a"] == "Trained_yolov5"
    assert page.job(job["id"])["id"] == job["id"]
    assert page.result(job["id"]) is None


@pytest.mark.parametrize(
    ("models", "images", "said"),
    [
        (("nonsense", "Trained_yolov8"), IMAGES, "no model .nonsense. .*Choose one of"),
        (("roberta_base", "Trained_yolov8"), IMAGES, "language model.*cannot detect cars.*Trained_yolov8"),
        (MODELS, [], "images holds 0 images"),
        (MODELS, [{"image_path": "a.jpg", "car_count": -1}], r"images\[0\]\.car_count is -1.*from 0"),
        (MODELS, [{"image_path": "a.jpg"}], r"images\[0\]\.car_count is missing"),
    ],
)
def test_a_wrong_job_is_refused_with_what_to_do(
    page: FrontEnd, models: tuple[str, str], images: list[dict[str, Any]], said: str
) -> None:
    with pytest.raises(RequestRefused, match=said):
        page.submit(*models, images)


def test_a_wrong_key_is_said(stack: LocalStack) -> None:
    with (
        FrontEnd(stack.url, "sb_publishable_wrong") as page,
        pytest.raises(KeyRefused, match="refused the key") as raised,
    ):
        page.submit(*MODELS, IMAGES)
    assert "sb_publishable_wrong" not in str(raised.value)


def test_no_project_is_said() -> None:
    with (
        FrontEnd("http://127.0.0.1:9", "sb_publishable_x") as page,
        pytest.raises(StoreUnavailable, match="SUPABASE_URL"),
    ):
        page.submit(*MODELS, IMAGES)


def test_the_progress_and_the_result_arrive_by_realtime(page: FrontEnd, store: SupabaseStore) -> None:
    job = page.submit(*MODELS, IMAGES)
    items = watch(page, job["id"], succeed(store))
    *updates, result = items
    statuses = [item.job["status"] for item in updates if isinstance(item, JobUpdate)]
    assert statuses[0] == "pending"
    assert statuses[-1] in {"running", "succeeded"}
    phases = [(item.job["progress"] or {}).get("phase") for item in updates if isinstance(item, JobUpdate)]
    assert phases.index("claimed") < phases.index("load")
    assert isinstance(result, JobResult)
    assert result.arrived_by == "realtime"
    assert {key: result.row[key] for key in RESULT} == RESULT
    assert [(row["side"], row["predicted_count"]) for row in result.row["image_results"]] == [("a", 2), ("b", 2)]
    assert (result.job["id"], result.job["status"]) == (job["id"], "succeeded")
    assert abs(result.delay_ms) < 60_000


def test_without_realtime_the_result_comes_by_polling(
    page_without_realtime: FrontEnd, store: SupabaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.1)
    monkeypatch.setattr(module, "_GRACE_SECONDS", 0.2)
    job = page_without_realtime.submit(*MODELS, IMAGES)
    *updates, result = watch(page_without_realtime, job["id"], succeed(store))
    assert isinstance(result, JobResult)
    assert result.arrived_by == "poll"
    assert {item.job["status"] for item in updates if isinstance(item, JobUpdate)} == {
        "pending",
        "running",
        "succeeded",
    }


def test_a_hiccup_does_not_end_the_watching(
    web: Web, page_without_realtime: FrontEnd, store: SupabaseStore, monkeypatch: pytest.MonkeyPatch, stack: LocalStack
) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.1)
    monkeypatch.setattr(module, "_GRACE_SECONDS", 0.2)
    job = page_without_realtime.submit(*MODELS, IMAGES)
    store.complete(claim(store), RESULT, [])
    answers = iter([502, 502])
    web.answers = {
        "/rest/v1/jobs": lambda request: (
            request.send(status) if (status := next(answers, None)) else request.pass_on(stack.url)
        ),
        "/rest/v1/comparison_results": lambda request: request.pass_on(stack.url),
        "/rest/v1/image_results": lambda request: request.pass_on(stack.url),
    }
    assert isinstance(watch(page_without_realtime, job["id"])[-1], JobResult)


def test_a_result_that_was_there_before_is_found(page: FrontEnd, store: SupabaseStore) -> None:
    job = page.submit(*MODELS, IMAGES)
    store.complete(claim(store), RESULT, [])
    assert isinstance(watch(page, job["id"])[-1], JobResult)


def test_a_failed_job_ends_the_watching(page: FrontEnd, store: SupabaseStore) -> None:
    job = page.submit(*MODELS, IMAGES)
    error = {"code": "bad_image", "message": "It is no image."}
    last = watch(page, job["id"], Agent(store, lambda lease: store.fail(lease, error, transient=False)))[-1]
    assert isinstance(last, JobUpdate)
    assert (last.job["status"], last.job["error"]["message"]) == ("failed", "It is no image.")


def test_a_cancelled_job_ends_the_watching(page: FrontEnd, queue: Queue) -> None:
    job = page.submit(*MODELS, IMAGES)
    last = watch(page, job["id"], lambda _: queue.run("select public.cancel_job(%s)", [job["id"]]))[-1]
    assert isinstance(last, JobUpdate)
    assert last.job["status"] == "cancelled"


def test_a_job_that_is_not_there_is_said(page: FrontEnd) -> None:
    with pytest.raises(RequestRefused, match="no such job"):
        watch(page, str(uuid.uuid4()))


def test_another_job_is_not_watched(page: FrontEnd, store: SupabaseStore) -> None:
    first, second = page.submit(*MODELS, IMAGES), page.submit(*MODELS, IMAGES)
    items = watch(page, first["id"], Agent(store, lambda lease: store.complete(lease, RESULT, [])))
    assert {item.job["id"] for item in items} == {first["id"]}
    assert page.job(second["id"])["status"] == "pending"
