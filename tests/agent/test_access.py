"""Who may do what over HTTP and Realtime, as pages and agents reach the database."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import psycopg.types.json
import pytest

from local import LocalStack
from sql.policy import Policy
from tests.agent.queue import IMAGES, Queue
from tests.local.listener import Listener, listening

JOB = {"model_a": "Trained_yolov5", "model_b": "Trained_yolov8", "images": IMAGES}
RESULT = {"model_a_metrics": {}, "model_b_metrics": {}, "winner": "tie", "verdict": {}, "environment": {}}


class Visitor:
    """Someone with a key and perhaps a token."""

    def __init__(self, stack: LocalStack, key: str, token: str | None = None) -> None:
        headers = {"apikey": key, "Authorization": f"Bearer {token or key}", "Prefer": "return=representation"}
        self.token = token
        self._http = httpx.Client(base_url=f"{stack.url}/rest/v1", headers=headers, trust_env=False, timeout=30)

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str) -> httpx.Response:
        return self._http.get(path)

    def ids(self, table: str, column: str = "id") -> set[str]:
        answer = self.get(f"/{table}?select={column}").raise_for_status()
        return {row[column] for row in answer.json()}

    def insert(self, **columns: Any) -> httpx.Response:
        return self._http.post("/jobs", json=JOB | columns, headers={"Prefer": "return=minimal"})

    def job(self, **columns: Any) -> str:
        answer = self._http.post("/jobs", json=JOB | columns).raise_for_status()
        return str(answer.json()[0]["id"])

    def call(self, function: str, **arguments: Any) -> httpx.Response:
        return self._http.post(f"/rpc/{function}", json=arguments)

    def change(self, path: str, **columns: Any) -> httpx.Response:
        return self._http.patch(path, json=columns)

    def delete(self, path: str) -> httpx.Response:
        return self._http.delete(path)


class People:
    """Everybody there is."""

    def __init__(self, stack: LocalStack, running: ExitStack) -> None:
        def user() -> Visitor:
            token = stack.keys.sign("authenticated", {"sub": str(uuid4())})
            return running.enter_context(Visitor(stack, stack.publishable_key, token))

        self.anon = running.enter_context(Visitor(stack, stack.publishable_key))
        self.ann, self.ben = user(), user()
        agent = stack.keys.sign("arena_agent")
        self.agent = running.enter_context(Visitor(stack, stack.publishable_key, agent))
        self.service = running.enter_context(Visitor(stack, stack.secret_key))


@pytest.fixture
def people(stack: LocalStack, queue: Queue) -> Iterator[People]:
    with ExitStack() as running:
        yield People(stack, running)


@pytest.fixture
def owner(stack: LocalStack) -> Iterator[psycopg.Connection]:
    """The database's owner, who sets policies; at the end they are as they were."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        before = connection.execute("select to_jsonb(s) from public.arena_settings s").fetchone()
        yield connection
        connection.execute(
            "update public.arena_settings set (private, max_pending_per_user, max_pending_anon) ="
            " (select private, max_pending_per_user, max_pending_anon"
            "  from jsonb_populate_record(null::public.arena_settings, %s))",
            [psycopg.types.json.Jsonb(before and before[0])],
        )


def complete(agent: Visitor) -> str:
    """Claim the next job, and give it a result; the job's id."""
    agent_id = str(uuid4())
    card = {"p_name": "t", "p_version": "0", "p_hardware": {}, "p_models": ["Trained_yolov5", "Trained_yolov8"]}
    agent.call("register_agent", p_agent_id=agent_id, **card).raise_for_status()
    (claim,) = agent.call("claim_job", p_agent_id=agent_id, p_request_id=str(uuid4())).raise_for_status().json()
    held = {"p_job_id": claim["job_id"], "p_lease_token": claim["lease_token"]}
    images = [{"side": "a", "image_index": 0, "predicted_count": 1}]
    done = agent.call("complete_job", **held, p_result=RESULT, p_image_results=images).raise_for_status()
    assert done.json() == "completed"
    return str(claim["job_id"])


def test_users_read_their_own_jobs_and_everybody_those_of_nobody(people: People) -> None:
    of_ann, of_ben, of_nobody = people.ann.job(), people.ben.job(), people.anon.job()
    assert people.ann.ids("jobs") == {of_ann, of_nobody}
    assert people.ben.ids("jobs") == {of_ben, of_nobody}
    assert people.anon.ids("jobs") == {of_nobody}
    assert people.service.ids("jobs") == people.agent.ids("jobs") == {of_ann, of_ben, of_nobody}


@pytest.mark.parametrize(
    "forged",
    [
        {"created_by": str(uuid4())},
        {"status": "succeeded"},
        {"attempt": 5},
        {"error": {}},
        {"finished_at": "2026-01-01"},
    ],
)
def test_what_is_not_theirs_to_set_is_refused(people: People, forged: dict[str, Any]) -> None:
    assert (people.ann.insert(**forged).status_code, people.anon.insert(**forged).status_code) == (403, 401)


def test_users_cancel_their_own_jobs_only(people: People, queue: Queue) -> None:
    of_ann, of_nobody = people.ann.job(), people.anon.job()
    for visitor, job in (
        (people.ben, of_ann),
        (people.anon, of_ann),
        (people.ann, of_nobody),
        (people.anon, of_nobody),
    ):
        refused = visitor.call("cancel_job", p_job_id=job)
        assert refused.status_code == 404
        assert "Sign in as the user who inserted it" in refused.json()["hint"]
    assert people.ann.call("cancel_job", p_job_id=of_ann).json() == "cancelled"
    assert people.service.call("cancel_job", p_job_id=of_nobody).json() == "cancelled"


def test_nobody_but_agents_runs_the_agents_functions(people: People) -> None:
    for visitor, status in ((people.anon, 401), (people.ann, 403)):
        assert visitor.call("claim_job", p_agent_id=str(uuid4()), p_request_id=str(uuid4())).status_code == status
        assert visitor.call("prune_agents").status_code in (status, 404)
    people.anon.job()
    assert complete(people.agent)


def test_an_agent_does_nothing_but_its_functions(people: People) -> None:
    job = people.ann.job()
    assert people.agent.ids("jobs", "status") == {"pending"}
    for path in (
        "/jobs?select=images",
        "/jobs?select=created_by",
        "/models",
        "/comparison_results",
        "/job_leases",
        "/agents",
    ):
        assert people.agent.get(path).status_code == 403, path
    assert people.agent.change(f"/jobs?id=eq.{job}", status="succeeded").status_code == 403
    assert people.agent.delete(f"/jobs?id=eq.{job}").status_code == 403
    assert people.agent.insert().status_code == 403
    assert people.agent.call("cancel_job", p_job_id=job).status_code == 403


@pytest.mark.parametrize("table", ["jobs", "comparison_results", "models", "agents", "arena_settings", "job_leases"])
def test_people_change_and_delete_nothing(people: People, table: str) -> None:
    column = {"arena_settings": "private", "job_leases": "job_id"}.get(table, "id")
    for visitor, status in ((people.anon, 401), (people.ann, 403)):
        assert visitor.change(f"/{table}?{column}=is.null", **{column: None}).status_code == status
        assert visitor.delete(f"/{table}?{column}=is.null").status_code == status


def test_results_are_read_by_all_and_their_images_by_who_reads_the_job(people: People) -> None:
    of_ann = people.ann.job()
    assert complete(people.agent) == of_ann
    for visitor in (people.ann, people.ben, people.anon):
        assert visitor.ids("comparison_results", "job_id") == {of_ann}
    assert people.ann.ids("image_results", "job_id") == {of_ann}
    assert people.ben.ids("image_results", "job_id") == people.anon.ids("image_results", "job_id") == set()


def test_in_private_users_see_what_is_theirs_and_nobody_else_anything(
    people: People, owner: psycopg.Connection
) -> None:
    of_nobody, of_ann = people.anon.job(priority=1), people.ann.job()
    assert [complete(people.agent), complete(people.agent)] == [of_nobody, of_ann]
    owner.execute(Policy.PRIVATE.sql.encode())
    assert people.ann.ids("jobs") == people.ann.ids("comparison_results", "job_id") == {of_ann}
    assert people.ben.ids("jobs") == people.ben.ids("comparison_results", "job_id") == set()
    for table, column in (("jobs", "id"), ("comparison_results", "id"), ("models", "id"), ("agents", "id")):
        assert people.anon.ids(table, column) == set(), table
    refused = people.anon.insert()
    assert (refused.status_code, refused.json()["message"]) == (401, "This arena is private.")
    people.ben.job()


def test_quotas_are_answered_with_429_and_say_which(people: People, owner: psycopg.Connection) -> None:
    owner.execute("update public.arena_settings set max_pending_per_user = 1, max_pending_anon = 1")
    for visitor, setting in ((people.ann, "max_pending_per_user"), (people.anon, "max_pending_anon")):
        visitor.job()
        refused = visitor.insert()
        assert refused.status_code == 429
        assert refused.json()["details"] == f"field={setting}"
        assert setting in refused.json()["hint"]


def test_a_path_that_is_not_taken_is_answered_with_400(people: People) -> None:
    refused = people.anon.insert(images=[{"image_path": "https://bob:pw@host/1.jpg", "car_count": 0}])
    assert refused.status_code == 400
    assert "user name" in refused.json()["message"]
    assert "pw" not in refused.text


async def heard(listener: Listener, jobs: set[str]) -> set[str]:
    """Ids of these jobs that it hears of, up to the last one inserted, which all hear."""
    found: set[str] = set()
    while True:
        found.add((await listener.next())["record"]["id"])
        if found & jobs:
            return found


@pytest.mark.parametrize("private", [False, True])
def test_a_subscriber_hears_of_the_rows_that_it_may_select(
    stack: LocalStack, people: People, owner: psycopg.Connection, private: bool
) -> None:
    owner.execute((Policy.PRIVATE if private else Policy.PUBLIC).sql.encode())
    jobs = {"schema": "public", "table": "jobs", "event": "INSERT"}

    async def run() -> None:
        async with (
            listening(stack, token=people.ann.token, **jobs) as ann,
            listening(stack, token=people.ben.token, **jobs) as ben,
            listening(stack, token=people.agent.token, **jobs) as agent,
            listening(stack, **jobs) as anon,
        ):
            of_ann, of_ben = people.ann.job(), people.ben.job()
            assert await heard(agent, {of_ben}) == {of_ann, of_ben}
            assert await heard(ann, {of_ann}) == {of_ann}
            assert await heard(ben, {of_ben}) == {of_ben}
            if not private:
                of_nobody = people.anon.job()
                assert await heard(anon, {of_nobody}) == {of_nobody}
            assert all(each.changes.empty() for each in (anon, *([ann, ben] if private else [])))

    asyncio.run(run())


@pytest.mark.parametrize("private", [False, True])
def test_results_are_heard_by_who_may_read_them(
    stack: LocalStack, people: People, owner: psycopg.Connection, private: bool
) -> None:
    owner.execute((Policy.PRIVATE if private else Policy.PUBLIC).sql.encode())
    results = {"schema": "public", "table": "comparison_results", "event": "INSERT"}

    async def run() -> None:
        async with (
            listening(stack, token=people.ann.token, **results) as ann,
            listening(stack, token=people.ben.token, **results) as ben,
        ):
            of_ann, of_ben = people.ann.job(priority=1), people.ben.job()
            assert [complete(people.agent), complete(people.agent)] == [of_ann, of_ben]
            assert (await ben.next())["record"]["job_id"] == (of_ben if private else of_ann)
            assert (await ann.next())["record"]["job_id"] == of_ann
            assert ann.changes.empty() == private or (await ann.next())["record"]["job_id"] == of_ben

    asyncio.run(run())


def test_an_agent_hears_no_more_of_a_job_than_that_it_is_there(stack: LocalStack, people: People) -> None:
    async def run() -> None:
        async with listening(stack, token=people.agent.token, schema="public", table="jobs", event="INSERT") as agent:
            job = people.ann.job()
            assert (await agent.next())["record"] == {"id": job, "status": "pending"}

    asyncio.run(run())


def test_policies_lie_where_the_docs_say() -> None:
    folder = Path(__file__).parents[2] / "sql" / "policies"
    assert {path.stem for path in folder.glob("*.sql")} == {policy.value for policy in Policy}
