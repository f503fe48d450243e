"""Inserting a job as a web page does, and watching it."""

import asyncio
import threading
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tenacity import wait_none

from agent import front_end as module
from agent.errors import KeyRefused, RequestRefused, StoreUnavailable
from agent.front_end import FrontEnd, JobResult, JobUpdate
from agent.job import Lease
from agent.realtime import Change
from agent.supabase_store import SupabaseStore
from local import LocalStack
from tests.agent.queue import IMAGES, Queue
from tests.agent.store_bench import IMAGE_ROWS, RESULT
from tests.agent.web import Request, Web

Item = JobUpdate | JobResult
MODELS = ("Trained_yolov5", "Trained_yolov8")

pytestmark = pytest.mark.usefixtures("_no_pauses_here")


@pytest.fixture
def _no_pauses_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for function in (FrontEnd._insert, FrontEnd._inserted_with):
        monkeypatch.setattr(function.retry, "wait", wait_none())


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


def test_a_double_click_makes_one_job(page: FrontEnd, queue: Queue) -> None:
    first, second = (page.submit(*MODELS, IMAGES, {"seed": 3}, "a form") for _ in range(2))
    assert first == second
    assert len(queue.run("select id from public.jobs")) == 1


def test_a_job_that_is_over_is_still_the_one_with_the_key(page: FrontEnd, queue: Queue) -> None:
    job = page.submit(*MODELS, IMAGES, idempotency_key="a form")
    queue.run("select public.cancel_job(%s)", [job["id"]])
    again = page.submit(*MODELS, IMAGES, idempotency_key="a form")
    assert (again["id"], again["status"]) == (job["id"], "cancelled")


def test_two_submits_without_a_key_are_two_jobs(page: FrontEnd, queue: Queue) -> None:
    first, second = page.submit(*MODELS, IMAGES), page.submit(*MODELS, IMAGES)
    assert first["id"] != second["id"]
    assert len({uuid.UUID(first["idempotency_key"]), uuid.UUID(second["idempotency_key"])}) == 2


def test_submits_at_once_with_one_key_make_one_job(stack: LocalStack, queue: Queue) -> None:
    keys, both = [f"form {n}" for n in range(10)], threading.Barrier(2)

    def click(_: int) -> list[str]:
        with FrontEnd(stack.url, stack.publishable_key) as page:
            made = []
            for key in keys:
                both.wait(30)
                made.append(str(page.submit(*MODELS, IMAGES, idempotency_key=key)["id"]))
            return made

    with ThreadPoolExecutor(2) as people:
        first, second = people.map(click, range(2))
    assert first == second
    assert sorted(str(row["id"]) for row in queue.run("select id from public.jobs")) == sorted(first)


@pytest.mark.parametrize("key", [None, "a form"])
def test_replies_that_are_lost_after_the_commit_make_no_second_job(
    web: Web, stack: LocalStack, queue: Queue, key: str | None
) -> None:
    """The insert is made and its reply lost; so is that of the look at what is there."""
    asked: Counter[str] = Counter()

    def lose_the_first(request: Request) -> None:
        asked[request.command] += 1
        if asked[request.command] == 1:
            assert request.send_on(stack.url).is_success
            request.hang_up()
        else:
            request.pass_on(stack.url)

    web.answers = {"/rest/v1/jobs": lose_the_first}
    with FrontEnd(web.url(), stack.publishable_key) as page:
        job = page.submit(*MODELS, IMAGES, {"seed": 3}, key)
    assert asked == {"POST": 2, "GET": 2}
    assert [str(row["id"]) for row in queue.run("select id from public.jobs")] == [job["id"]]
    assert job["options"] == {"seed": 3}


def test_a_project_that_stays_away_makes_no_job(web: Web, stack: LocalStack, queue: Queue) -> None:
    web.answers = {"/rest/v1/jobs": lambda request: request.send(503)}
    with FrontEnd(web.url(), stack.publishable_key) as page, pytest.raises(StoreUnavailable):
        page.submit(*MODELS, IMAGES)
    assert web.asked["/rest/v1/jobs"] > 1


@pytest.mark.parametrize(
    ("models", "images", "options", "other"),
    [
        (("Trained_yolov8", "Trained_yolov5"), IMAGES, {"seed": 3}, "model_a and model_b"),
        (MODELS, [{"image_path": "https://images.example/1.jpg", "car_count": 2}], {"seed": 3}, "images"),
        (MODELS, IMAGES, {"seed": 4}, "options"),
        (MODELS, IMAGES, None, "options"),
    ],
)
def test_a_key_that_names_another_job_is_refused(
    page: FrontEnd, queue: Queue, models: tuple[str, str], images: list[dict[str, Any]], options: Any, other: str
) -> None:
    job = page.submit(*MODELS, IMAGES, {"seed": 3}, "a form")
    said = rf"names another job, {job['id']}, with other {other}\. Give each job a key of its own"
    with pytest.raises(RequestRefused, match=said):
        page.submit(*models, images, options, "a form")
    assert len(queue.run("select id from public.jobs")) == 1


def test_the_same_job_written_in_another_way_is_the_same(page: FrontEnd) -> None:
    image: dict[str, Any] = {"image_path": "https://images.example/é.jpg", "car_count": 1}
    first = page.submit(*MODELS, [{**image, "boxes": [[0, 0.1, 10.50, 1e2]]}], {"confidence": 0.30}, "a form")
    second = page.submit(*MODELS, ({**image, "boxes": ((0.0, 0.1, 10.5, 100),)},), {"confidence": 0.3}, "a form")
    assert first["id"] == second["id"]


@pytest.mark.parametrize("key", ["publishable_key", "secret_key"])
def test_a_key_is_the_owners_own(stack: LocalStack, queue: Queue, key: str) -> None:
    with FrontEnd(stack.url, getattr(stack, key)) as page:
        theirs = page.submit(*MODELS, IMAGES, idempotency_key="a form")
        queue.run("update public.jobs set created_by = %s", [uuid.uuid4()])
        mine, again = (page.submit(*MODELS, IMAGES, idempotency_key="a form") for _ in range(2))
    assert theirs["id"] != mine["id"] == again["id"]


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_of_a_wrong_length_is_said(page: FrontEnd, key: str) -> None:
    with pytest.raises(RequestRefused, match="1 to 200 characters"):
        page.submit(*MODELS, IMAGES, idempotency_key=key)


def test_the_longest_key_is_a_key(page: FrontEnd) -> None:
    job = page.submit(*MODELS, IMAGES, idempotency_key="ü" * 200)
    assert page.submit(*MODELS, IMAGES, idempotency_key="ü" * 200) == job


def test_a_pending_job_says_what_it_waits_for(page: FrontEnd, queue: Queue, store: SupabaseStore) -> None:
    queue.run("delete from public.agents")
    store.register()
    job = page.submit("Trained_yolov5", "detectron2", IMAGES)
    assert page.waiting_for(job["id"]) == "No running agent can run detectron2."
    items = watch(page, job["id"], lambda _: queue.run("select public.cancel_job(%s)", [job["id"]]))
    said = [(item.job["status"], item.waiting_for) for item in items if isinstance(item, JobUpdate)]
    assert said[0] == ("pending", "No running agent can run detectron2.")
    assert said[-1] == ("cancelled", None)
    assert page.waiting_for(job["id"]) is None


def test_a_running_job_whose_agent_has_gone_silent_says_so_until_it_is_taken_over(
    page_without_realtime: FrontEnd, queue: Queue, store: SupabaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.1)
    monkeypatch.setattr(module, "_GRACE_SECONDS", 0.2)
    queue.run("delete from public.agents")
    store.register()
    job = page_without_realtime.submit(*MODELS, IMAGES)
    said: list[tuple[str, str | None]] = []

    def step(item: Item) -> None:
        if isinstance(item, JobResult) or said[-1:] == [(item.job["status"], item.waiting_for)]:
            return
        said.append((item.job["status"], item.waiting_for))
        steps[min(len(said), len(steps)) - 1]()

    def fall_silent() -> None:
        queue.run("update public.agent_heartbeats set seen_at = clock_timestamp() - interval '5 minutes'")

    def take_over() -> None:
        store.register()
        queue.run("update public.job_leases set expires_at = clock_timestamp() - interval '1 s'")
        claim(store)

    def cancel() -> None:
        queue.run("select public.cancel_job(%s)", [job["id"]])

    steps: list[Callable[[], object]] = [lambda: claim(store), fall_silent, take_over, cancel]
    watch(page_without_realtime, job["id"], step)
    assert said == [
        ("pending", "Waits for its turn."),
        ("running", None),
        ("running", "Its agent has gone silent, and no other is running that could take it over."),
        ("running", None),
        ("cancelled", None),
    ]


def test_realtimes_updates_of_a_running_job_ask_for_nothing(
    web: Web, stack: LocalStack, queue: Queue, store: SupabaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 60.0)

    async def follow(page: FrontEnd, changes: list[Change]) -> list[Item]:
        arrived: asyncio.Queue[Change | None] = asyncio.Queue()
        for change in changes:
            arrived.put_nowait(change)
        return [item async for item in page._follow(job, arrived)]

    web.answers = {"/rest/v1/waiting_jobs": lambda request: request.pass_on(stack.url)}
    job = queue.insert()
    rows = [{"id": job, "status": status} for status in ("pending", *["running"] * 5, "cancelled")]
    with FrontEnd(web.url(), stack.publishable_key) as page:
        items = asyncio.run(follow(page, [Change("jobs", "UPDATE", row) for row in rows]))
    assert [item.job["status"] for item in items] == [row["status"] for row in rows]
    assert web.asked == {"/rest/v1/waiting_jobs": 1}


def test_a_database_that_cannot_say_what_is_waited_for_is_watched_all_the_same(
    web: Web, page_without_realtime: FrontEnd, store: SupabaseStore, monkeypatch: pytest.MonkeyPatch, stack: LocalStack
) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.1)
    monkeypatch.setattr(module, "_GRACE_SECONDS", 0.2)
    no_such_table = b'{"code": "PGRST205", "message": "no such table", "hint": null, "details": null}'
    paths = ("jobs", "comparison_results", "image_results")
    web.answers = {f"/rest/v1/{path}": lambda request: request.pass_on(stack.url) for path in paths}
    web.answers["/rest/v1/waiting_jobs"] = lambda request: request.send(404, no_such_table)
    job = page_without_realtime.submit(*MODELS, IMAGES)
    first, *_, last = watch(page_without_realtime, job["id"], succeed(store))
    assert isinstance(first, JobUpdate)
    assert (first.job["status"], first.waiting_for) == ("pending", None)
    assert isinstance(last, JobResult)
    assert web.asked["/rest/v1/waiting_jobs"] >= 1


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
