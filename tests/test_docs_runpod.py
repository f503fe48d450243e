"""What docs/runpod.md shows, run as it stands, against a server that behaves as RunPod's API is described."""

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from agent.settings import load_settings
from local import LocalStack
from local.node import SERVER_DIR, node_path
from tests.agent.runpod_api import KEY, POD_ID, RunPodApi
from tests.agent.web import Request, Web
from tests.sql.database import ROLES, Database, Names

ROOT = Path(__file__).parents[1]
HERE = ROOT / "tests" / "runpod"
TEXT = (ROOT / "docs" / "runpod.md").read_text("utf-8")
SECRET, STARTER, LOOK_BACK, RPC = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
(EDGE_FUNCTION,) = re.findall(r"```ts\n(.*?)```", TEXT, re.DOTALL)

BOTH = Names(["Trained_yolov5", "Trained_yolov8"])
WEBHOOK_SECRET = "5f2b8c"


@pytest.fixture
def api() -> Iterator[RunPodApi]:
    """A RunPod account whose pod is stopped."""
    with Web() as web:
        yield RunPodApi(web, status="EXITED")


class Pod:
    """A database with the starter in it, and the clock that cron goes by."""

    def __init__(self, database: Database, api: RunPodApi) -> None:
        self.database, self.api = database, api
        self.http = httpx.Client(trust_env=False)

    def look(self) -> str | None:
        """What cron does every minute, and pg_net after it; gives what was asked of RunPod."""
        (job,) = self.database.rows("select schedule, command from cron.job")
        assert job["schedule"] == "* * * * *"
        action = self.database.value(job["command"])
        sent = self.database.rows("delete from net.sent returning *")
        assert len(sent) == (action is not None)
        for request in sent:
            self._send(request)
        return str(action) if action else None

    def _send(self, request: dict[str, Any]) -> None:
        host, path = request["url"].split("/v2/")
        assert host == "https://api.runpod.io"
        try:
            answer = self.http.post(f"{self.api.url}/{path}", json=request["body"], headers=request["headers"])
        except httpx.HTTPError as error:
            self.database.rows("insert into net._http_response values (%s, null, null, %s)", request["id"], str(error))
            return
        self.database.rows(
            "insert into net._http_response values (%s, %s, %s)", request["id"], answer.status_code, answer.text
        )

    def pass_minutes(self, minutes: float) -> None:
        """Let all that has happened lie further back."""
        columns = (
            "runpod.requests.sent_at", "runpod.pod.busy_at", "public.agent_heartbeats.seen_at",
            "public.job_attempts.started_at", "public.jobs.run_at",
        )  # fmt: skip
        updates = (
            f"update {table} set {name} = {name} - interval '{60 * minutes} s'"
            for table, _, name in (column.rpartition(".") for column in columns)
        )
        self.database.connection.execute(";".join(updates).encode())

    def beat(self, agent_id: UUID) -> None:
        query = "update public.agent_heartbeats set seen_at = clock_timestamp() where agent_id = %s"
        self.database.rows(query, agent_id)

    def agent(self, status: str = "idle", **card: Any) -> UUID:
        return self.database.register(**{"p_name": "runpod", "p_models": BOTH, "p_status": status, **card})

    def goodbye(self, agent_id: UUID) -> None:
        self.database.rows("update public.agents set status = 'stopped', job_id = null where id = %s", agent_id)

    def job(self, **columns: Any) -> UUID:
        """One that has been due for a while."""
        job_id = self.database.insert_job(**columns)
        self.database.rows("update public.jobs set run_at = run_at - interval '11 seconds' where id = %s", job_id)
        return job_id


def paste(database: Database) -> None:
    """All that the page says, twice, since that does no harm, with stand-ins for what else Supabase has."""
    database.connection.execute((HERE / "supabase_extras.sql").read_bytes())
    database.connection.execute(SECRET.replace("rpa_...", KEY).encode())
    for statements in 2 * (STARTER.replace("yourpodid", POD_ID), RPC):
        database.connection.execute(statements.encode())


@pytest.fixture
def pod(stack: LocalStack, api: RunPodApi) -> Iterator[Pod]:
    """All in one transaction that is rolled back: other tests see nothing of it."""
    database = Database(stack.database_url)
    with database.connection.transaction(force_rollback=True):
        database.connection.execute("delete from public.jobs; delete from public.agents")
        paste(database)
        yield Pod(database, api)
    database.close()


@pytest.fixture
def left_pod(pod: Pod) -> Pod:
    """One whose agent said goodbye an hour ago."""
    pod.agent("stopped")
    pod.pass_minutes(60)
    return pod


def test_without_a_job_the_pod_is_left_alone(left_pod: Pod) -> None:
    assert left_pod.look() is None


def test_a_job_starts_the_pod_once(left_pod: Pod) -> None:
    left_pod.job()
    assert (left_pod.look(), left_pod.api.status) == ("start", "STARTING")
    assert left_pod.look() is None
    left_pod.pass_minutes(10)
    assert left_pod.look() is None
    assert left_pod.api.done == ["start"]


def test_a_job_that_has_just_come_or_is_not_due_waits(left_pod: Pod) -> None:
    left_pod.database.insert_job()
    left_pod.database.insert_job("service_role", run_at="2999-01-01T00:00:00Z")
    assert left_pod.look() is None


def test_where_an_agent_can_do_it_none_is_started(left_pod: Pod) -> None:
    left_pod.job()
    left_pod.agent(p_name="laptop")
    assert left_pod.look() is None


def test_an_agent_that_cannot_do_it_does_not_count(left_pod: Pod) -> None:
    left_pod.job()
    left_pod.agent(p_name="laptop", p_models=Names(["Trained_yolov5"]))
    assert left_pod.look() == "start"


def test_the_workers_of_a_pod_with_several_gpus_are_the_pods(pod: Pod) -> None:
    pod.agent("stopped", p_name="runpod-2")
    pod.pass_minutes(60)
    pod.job()
    assert pod.look() is None
    pod.agent("stopped", p_name="runpod cuda:1")
    pod.pass_minutes(60)
    assert pod.look() == "start"


def test_models_that_the_pod_never_had_start_nothing(left_pod: Pod) -> None:
    left_pod.agent("stopped", p_name="laptop", p_models=Names(["detectron2"]))
    left_pod.pass_minutes(60)
    left_pod.job(model_a="detectron2", model_b="detectron2")
    left_pod.job(model_a="detectron2")
    left_pod.job(model_b="detectron2")
    assert left_pod.look() is None


def test_what_it_could_is_known_though_its_last_agent_could_nothing_and_others_are_pruned(left_pod: Pod) -> None:
    assert left_pod.look() is None
    left_pod.database.rows("delete from public.agents")
    left_pod.agent(p_models=Names([]))  # and it is killed
    left_pod.pass_minutes(60 * 24 * 100)
    left_pod.job()
    assert left_pod.look() == "start"


def test_what_it_can_no_longer_starts_nothing(left_pod: Pod) -> None:
    left_pod.agent("stopped", p_models=Names(["Trained_yolov5"]))
    left_pod.job()
    left_pod.pass_minutes(60)
    assert left_pod.look() is None


def test_a_job_of_an_agent_that_has_gone_silent_starts_it(pod: Pod) -> None:
    agent_id = pod.agent()
    pod.job()
    pod.database.claimed(agent_id)
    assert pod.look() is None
    pod.pass_minutes(3)
    assert pod.look() == "start"


def test_one_that_comes_as_the_agent_leaves_starts_the_pod_when_it_has_stopped(pod: Pod) -> None:
    pod.agent("stopped")
    pod.job()
    pod.api.status = "RUNNING"
    assert pod.look() is None
    pod.api.status = "EXITED"
    pod.pass_minutes(1.1)
    assert (pod.look(), pod.api.answered) == ("start", [200])


def test_starts_that_bring_nothing_become_rare_and_are_taken_back(left_pod: Pod) -> None:
    """A pod that runs, as RunPod sees it, and whose agent never comes up."""
    left_pod.job()
    asked = []
    for minute in range(0, 1000, 10):
        if action := left_pod.look():
            asked.append((minute, action))
            left_pod.api.status = "RUNNING" if action == "start" else "EXITED"
        left_pod.pass_minutes(10)
    starts = [minute for minute, action in asked if action == "start"]
    # The first is stopped at 20, when the second is due, and that is sent at the next look.
    assert [later - earlier for earlier, later in pairwise(starts)] == [30, 40, 80, 160, 320, 360]
    assert asked[1] == (20, "stop")
    assert [action for _, action in asked] == ["start", "stop"] * (len(starts) - 1) + ["start"]


def test_a_claim_brings_the_patience_back(left_pod: Pod) -> None:
    left_pod.job()
    assert left_pod.look() == "start"
    agent_id = left_pod.agent()
    left_pod.database.claimed(agent_id)
    left_pod.goodbye(agent_id)
    left_pod.pass_minutes(2)
    left_pod.job()
    left_pod.api.status = "EXITED"
    assert left_pod.look() == "start"


def test_an_agent_that_came_is_not_stopped_and_one_that_vanished_is(left_pod: Pod) -> None:
    left_pod.job()
    assert left_pod.look() == "start"
    left_pod.api.status = "RUNNING"
    agent_id = left_pod.agent()
    left_pod.database.claimed(agent_id)
    for _ in range(5):
        left_pod.pass_minutes(10)
        left_pod.beat(agent_id)
        assert left_pod.look() is None
    left_pod.pass_minutes(21)
    assert (left_pod.look(), left_pod.api.status) == ("stop", "EXITED")


def test_a_stop_is_sent_until_it_is_confirmed(left_pod: Pod) -> None:
    """Too many, broken, and answered by nobody; what is confirmed is known though pg_net forgets it."""
    left_pod.job()
    assert left_pod.look() == "start"
    left_pod.database.rows("delete from public.jobs")
    left_pod.api.status = "RUNNING"
    left_pod.api.faults.extend([429, 503, Request.hang_up])
    asked = []
    for minute in range(0, 100, 5):
        if left_pod.look():
            asked.append(minute)
        left_pod.pass_minutes(5)
    assert asked == [20, 25, 35, 50]
    assert (left_pod.api.status, left_pod.api.done) == ("EXITED", ["start", "stop"])
    left_pod.database.rows("delete from net._http_response")
    assert left_pod.look() is None


def test_one_that_had_stopped_already_is_asked_once(left_pod: Pod) -> None:
    left_pod.job()
    left_pod.look()
    left_pod.database.rows("delete from public.jobs")
    left_pod.api.status = "EXITED"
    asked = []
    for _ in range(6):
        left_pod.pass_minutes(10)
        asked.append(left_pod.look())
    assert asked == [None, "stop", None, None, None, None]


def test_one_that_has_just_come_after_a_long_time_may_be_idle(left_pod: Pod) -> None:
    """Somebody has started it by hand."""
    assert left_pod.look() is None
    left_pod.agent()
    assert left_pod.look() is None


def test_a_pod_that_has_had_no_job_for_long_is_stopped_though_its_agent_is_started_again_and_again(pod: Pod) -> None:
    """As RunPod does where it leaves when idle, and its key may not stop the pod."""
    pod.api.status = "RUNNING"
    asked = []
    for minute in range(0, 60, 6):
        pod.beat(pod.agent())
        if pod.look():
            asked.append(minute)
            break
        pod.database.rows("update public.agents set status = 'stopped'")
        pod.pass_minutes(3)
        pod.look()
        pod.pass_minutes(3)
    assert (asked, pod.api.done) == ([30], ["stop"])


def test_one_that_works_or_may_be_idle_is_not_stopped(pod: Pod) -> None:
    agent_id = pod.agent()
    pod.job()
    pod.database.claimed(agent_id)
    for _ in range(4):
        pod.pass_minutes(10)
        pod.beat(agent_id)
        assert pod.look() is None
    pod.goodbye(agent_id)
    idle_id = pod.agent()
    pod.database.rows("update runpod.pod set longest_idle = null")
    pod.pass_minutes(600)
    pod.beat(idle_id)
    assert pod.look() is None


def test_what_runpod_answered_can_be_looked_at(left_pod: Pod) -> None:
    left_pod.job()
    left_pod.api.status = "RUNNING"
    left_pod.look()
    row = left_pod.database.row(LOOK_BACK)
    assert (row["action"], row["status"]) == ("start", 409)
    assert "RUNNING" in row["content"]


def test_without_the_key_it_says_so(left_pod: Pod) -> None:
    left_pod.job()
    left_pod.database.rows("delete from vault.decrypted_secrets")
    with left_pod.database.refused() as refusal, left_pod.database.connection.transaction():
        left_pod.look()
    assert refusal.message == "Vault has no secret called runpod_api_key."


@pytest.mark.parametrize("role", ROLES)
def test_nobody_may_start_it_or_see_when_it_was(pod: Pod, role: str) -> None:
    for query in ("select runpod.look()", "select runpod.send('stop')", "select * from runpod.requests"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), pod.database.connection.transaction():
            pod.database.rows(query, role=role)


@pytest.mark.parametrize(("role", "may"), [(role, role == "service_role") for role in ROLES])
def test_the_service_alone_may_have_it_look(left_pod: Pod, role: str, may: bool) -> None:
    left_pod.database.insert_job()
    if may:
        assert left_pod.database.value("select public.runpod_look()", role=role) == "start"
    else:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), left_pod.database.connection.transaction():
            left_pod.database.rows("select public.runpod_look()", role=role)


@pytest.fixture
def committed(stack: LocalStack, api: RunPodApi) -> Iterator[Pod]:
    """One that REST sees too, whose agent said goodbye an hour ago."""
    with closing(Database(stack.database_url)) as database:
        database.connection.execute("delete from public.jobs; delete from public.agents")
        paste(database)
        pod = Pod(database, api)
        pod.agent("stopped")
        pod.pass_minutes(60)
        stack.reload_schema()
        yield pod
        database.connection.execute(
            "drop function public.runpod_look; drop schema runpod, cron, net, vault cascade;"
            "delete from public.jobs; delete from public.agents"
        )


@pytest.fixture
def function(stack: LocalStack, tmp_path: Path) -> Iterator[str]:
    """Address of the Edge Function, as it runs."""
    (tmp_path / "function.ts").write_text(EDGE_FUNCTION)
    settings = {
        "SUPABASE_URL": stack.url, "SUPABASE_SERVICE_ROLE_KEY": stack.secret_key, "WEBHOOK_SECRET": WEBHOOK_SECRET,
        "NODE_NO_WARNINGS": "1",
    }  # fmt: skip
    command = [str(node_path()), "--import", str(HERE / "deno.mjs"), str(tmp_path / "function.ts")]
    with subprocess.Popen(command, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def inserted(url: str, secret: str = WEBHOOK_SECRET) -> tuple[int, str]:
    """What a Database Webhook sends, and what it is answered."""
    event = {"type": "INSERT", "table": "jobs", "schema": "public", "record": {"id": "3f2a"}, "old_record": None}
    answer = httpx.post(url, json=event, headers={"x-webhook-secret": secret}, trust_env=False)
    return answer.status_code, answer.text


def test_the_edge_function_has_the_database_look_at_once(function: str, committed: Pod) -> None:
    assert inserted(function) == (200, "null")
    committed.database.insert_job()
    assert inserted(function, "guessed") == (401, "no")
    assert committed.database.rows("select from runpod.requests") == []
    with ThreadPoolExecutor() as pool:
        answers = sorted(pool.map(lambda _: inserted(function), range(4)))
    assert answers == [(200, '"start"'), *3 * [(200, "null")]]
    assert committed.database.rows("select body from net.sent") == [{"body": {"action": "start"}}]


def test_the_edge_function_has_no_type_error(tmp_path: Path, stack: LocalStack) -> None:
    (tmp_path / "function.ts").write_text(EDGE_FUNCTION)
    compiler = SERVER_DIR / "node_modules" / "typescript" / "bin" / "tsc"
    options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom", "--skipLibCheck"]
    outcome = subprocess.run(
        [node_path(), compiler, *options, "function.ts", HERE / "deno.d.ts"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (outcome.returncode, outcome.stdout) == (0, "")


def test_the_environment_of_the_template_is_one_that_an_agent_takes(tmp_path: Path, monkeypatch: Any) -> None:
    (lines,) = re.findall(r"```ini\n(.*?)```", TEXT, re.DOTALL)
    given = dict(line.split("=", 1) for line in lines.splitlines())
    secrets = {"{{ RUNPOD_SECRET_arena_supabase_key }}": "sb_secret_x"}
    monkeypatch.chdir(tmp_path)
    for name, value in {**given, "RUNPOD_POD_ID": POD_ID, "RUNPOD_API_KEY": KEY}.items():
        monkeypatch.setenv(name, secrets.get(value, value))
    settings = load_settings()
    assert (settings.stop_pod, settings.runpod_pod_id, settings.name) == (True, POD_ID, "runpod")
