"""``arena jobs`` and the keys of ``arena submit``, as a person types them."""

import json
import uuid
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from agent.__main__ import app
from agent.errors import RequestRefused, SettingsError
from agent.store import AgentCard
from agent.supabase_store import SupabaseStore
from local import LocalStack
from tests.agent.queue import Queue
from tests.agent.test_commands import SCENES, arena

Arena = Callable[..., Result]


@pytest.fixture
def jobs(stack: LocalStack, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Arena:
    """``arena jobs`` with what .env has: the URL and both keys."""
    queue.run("delete from public.agents")
    monkeypatch.setenv("SUPABASE_URL", stack.url)
    monkeypatch.setenv("SUPABASE_KEY", stack.secret_key)
    monkeypatch.setenv("SUPABASE_PUBLISHABLE_KEY", stack.publishable_key)
    return lambda *arguments: CliRunner().invoke(app, ["jobs", *arguments])


def fail(store: SupabaseStore, message: str = "It is no image.") -> str:
    lease = store.claim(uuid.uuid4())
    assert lease is not None
    store.fail(lease, {"code": "bad_image", "message": message}, transient=False)
    return str(lease.job_id)


def owned(queue: Queue, job: str) -> str:
    queue.run("update public.jobs set created_by = %s where id = %s", [uuid.uuid4(), job])
    return job


def test_an_empty_queue_says_what_to_do(jobs: Arena) -> None:
    shown = jobs("list")
    assert shown.exit_code == 0
    assert shown.stdout == (
        "The queue is empty. `arena submit` inserts a job.\n\nNo agent is running. `arena agent` starts one.\n"
    )
    assert "There is no failed or running job." in jobs("list", "--status", "failed", "--status", "running").stdout


def test_each_job_is_one_line_in_a_pipe(jobs: Arena, queue: Queue, store: SupabaseStore, card: AgentCard) -> None:
    queue.insert()
    store.register()
    failed = fail(store, "a long story " * 6)
    pending = queue.insert(models=("Trained_yolov5", "detectron2"))
    header, first, second, empty, agent = jobs("list").stdout.splitlines()
    assert header.split() == ["id", "models", "try", "inserted", "status"]
    assert first.startswith(f"{pending[:8]}  Trained_yolov5 / detectron2 ")
    assert first.endswith("pending    No running agent can run detectron2.")
    assert second.startswith(failed[:8])
    assert second.endswith("failed     " + ("a long story " * 6).strip())
    assert empty == ""
    assert agent == f"● {card.name}  idle  Trained_yolov5, Trained_yolov8"


def test_statuses_and_a_limit_narrow_the_list(jobs: Arena, queue: Queue, store: SupabaseStore) -> None:
    queue.insert()
    failed = fail(store)
    newest = [queue.insert() for _ in range(3)][-1]
    assert [row["id"] for row in json.loads(jobs("list", "--json", "--limit", "1").stdout)] == [newest]
    assert [row["id"] for row in json.loads(jobs("list", "--json", "--status", "failed").stdout)] == [failed]
    assert jobs("list", "--status", "lost").exit_code == 2
    assert jobs("list", "--limit", "0").exit_code == 2


def test_the_json_of_a_list_is_the_rows_with_what_they_wait_for(jobs: Arena, queue: Queue) -> None:
    job = queue.insert()
    (row,) = json.loads(jobs("list", "--json").stdout)
    assert row["id"] == job
    assert "images" not in row
    assert row["waiting"] == {
        "waiting_for": "agent",
        "missing_models": ["Trained_yolov5", "Trained_yolov8"],
        "message": "No agent is running.",
    }
    assert jobs("list", "--json", "--status", "failed").stdout == "[]\n"


def test_a_job_is_shown_by_the_beginning_of_its_id(jobs: Arena, queue: Queue, store: SupabaseStore) -> None:
    queue.insert()
    store.register()
    job = fail(store)
    shown = jobs("show", job[:8]).stdout
    assert shown.startswith(f"Job {job}\n")
    assert "error     It is no image.  bad_image" in shown
    assert "failed" in shown.splitlines()[-3]
    found = json.loads(jobs("show", job[:8], "--json").stdout)
    assert (found["id"], found["attempts"][0]["agent"], found["result"]) == (job, "test", None)


def test_a_failed_job_is_tried_again_and_then_cancelled(jobs: Arena, queue: Queue, store: SupabaseStore) -> None:
    queue.insert()
    store.register()
    job = fail(store)
    assert jobs("retry", job[:8]).stdout == f"✓ job {job} is pending\n"
    assert queue.job(job)["status"] == "pending"
    assert jobs("cancel", job[:8]).stdout == f"✓ job {job} is cancelled\n"
    assert queue.job(job)["status"] == "cancelled"


def test_a_job_under_way_is_not_tried_again_and_that_is_said(jobs: Arena, queue: Queue, store: SupabaseStore) -> None:
    job = queue.insert()
    shown = jobs("retry", job[:8])
    assert shown.exit_code == 0
    assert shown.stdout == f"job {job} is pending already; only a failed job is retried.\n"
    assert store.claim(uuid.uuid4())
    assert jobs("retry", job).stdout == f"job {job} is running already; only a failed job is retried.\n"


def test_an_id_that_no_job_has_is_said_whatever_is_asked(jobs: Arena) -> None:
    nothing = str(uuid.uuid4())
    for command in ("show", "retry", "cancel"):
        refused = jobs(command, nothing).exception
        assert isinstance(refused, RequestRefused)
        assert refused.message == f"There is no job {nothing}, or this key may not see it."


def test_the_secret_key_goes_before_the_publishable_one_and_an_option_before_both(
    jobs: Arena, queue: Queue, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, nobodys = owned(queue, queue.insert()), queue.insert()

    def listed(*options: str) -> list[str]:
        return [row["id"] for row in json.loads(jobs("list", "--json", *options).stdout)]

    assert listed() == [nobodys, theirs]
    assert listed("--key", stack.publishable_key) == [nobodys]
    monkeypatch.delenv("SUPABASE_KEY")
    assert listed() == [nobodys]
    assert listed("--key", stack.secret_key) == [nobodys, theirs]
    monkeypatch.delenv("SUPABASE_PUBLISHABLE_KEY")
    assert isinstance(jobs("list").exception, SettingsError)


def test_a_mistake_is_one_sentence_and_exit_code_1(queue: Queue, stack: LocalStack) -> None:
    job = queue.insert()
    access = ["--url", stack.url, "--key", stack.secret_key]
    assert arena("jobs", "cancel", job, *access).returncode == 0
    shown = arena("jobs", "retry", job, *access)
    assert shown.returncode == 1
    assert shown.stdout == ""
    said = " ".join(shown.stderr.replace("│", " ").split())
    assert "The job has been cancelled. Only a failed job can be retried. Insert a new one instead." in said
    assert "Traceback" not in said


def test_a_submit_that_is_repeated_with_its_key_is_one_job(jobs: Arena, queue: Queue) -> None:
    def submit(*options: str) -> Result:
        pair = ["Trained_yolov5", "Trained_yolov8"]
        return CliRunner().invoke(app, ["submit", *pair, "--images", str(SCENES), *options])

    first, second = submit("--idempotency-key", "mine"), submit("--idempotency-key", "mine")
    assert first.exit_code == 0
    assert first.stdout == second.stdout
    (row,) = queue.run("select id, idempotency_key from public.jobs")
    assert row["idempotency_key"] == "mine"
    assert first.stdout == f"✓ job {row['id']}: 24 images\n"
    other = submit("--idempotency-key", "mine", "-o", "seed=3")
    assert isinstance(other.exception, RequestRefused)
    assert "names another job" in str(other.exception)
    assert jobs("cancel", str(row["id"])).exit_code == 0
    assert submit("--idempotency-key", "mine").stdout == f"✓ job {row['id']}: 24 images, cancelled\n"
    assert submit().exit_code == 0
    assert len(queue.run("select id from public.jobs")) == 2
