"""What is SupabaseStore's own: errors, keys and lost replies over HTTP. What it promises is in test_job_store*.py."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from agent.agent_key import AgentKey, JwtSecret
from agent.errors import KeyRefused, NotMigrated, RequestRefused, StoreError, StoreUnavailable
from agent.job import Lease
from agent.store import AgentCard
from agent.supabase_store import SupabaseStore
from local import LocalStack
from tests.agent.conftest import MakeSettings
from tests.agent.queue import Queue
from tests.agent.store_bench import IMAGE_ROWS, RESULT
from tests.agent.web import Request, Web

pytestmark = pytest.mark.usefixtures("_no_pauses")


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


def test_a_result_that_the_database_refuses_is_said(store: SupabaseStore, queue: Queue, lease: Lease) -> None:
    with pytest.raises(RequestRefused, match=r"did not take part.*tie"):
        store.complete(lease, {**RESULT, "winner": "detectron2"}, [])
    assert queue.job(str(lease.job_id))["status"] == "running"


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


def test_a_key_that_another_project_signed_is_not_enough(stack: LocalStack, stack_settings: MakeSettings) -> None:
    key = AgentKey.mint(JwtSecret("the secret of another project, long enough"), "agent", days=1).token
    error = claim_error(stack_settings(SUPABASE_KEY=key, SUPABASE_PUBLISHABLE_KEY=stack.publishable_key))
    assert isinstance(error, KeyRefused)
    assert "one of `arena agent-key`" in str(error)


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


@pytest.mark.parametrize(
    ("function", "call", "answer"),
    [
        ("register_agent", lambda store, lease: store.register("idle"), None),
        ("renew_lease", lambda store, lease: store.renew(lease, {"phase": "load"}), "renewed"),
        ("release_job", lambda store, lease: store.release(lease), "released"),
    ],
)
def test_what_is_called_again_by_the_agent_itself_says_that_its_reply_was_lost(
    web: Web,
    stack: LocalStack,
    stack_settings: MakeSettings,
    card: AgentCard,
    lease: Lease,
    function: str,
    call: Callable[[SupabaseStore, Lease], str | None],
    answer: str | None,
) -> None:
    def lose_the_first_reply(request: Request) -> None:
        request.send_on(stack.url)
        request.hang_up()
        web.answers[request.path] = lambda request: request.pass_on(stack.url)

    web.answers[f"/rest/v1/rpc/{function}"] = lose_the_first_reply
    with closing(SupabaseStore(stack_settings(SUPABASE_URL=web.url()), card)) as store:
        with pytest.raises(StoreUnavailable):
            call(store, lease)
        assert call(store, lease) == answer
