"""Ratings keep up with the results, and never hold anything up."""

from collections.abc import Sequence
from contextlib import closing

import psycopg
import pytest
from structlog.testing import capture_logs

from agent.agent_key import AgentKey, JwtSecret
from agent.errors import NotMigrated, RequestRefused, StoreError, StoreUnavailable
from agent.rater import Rater
from agent.store import AgentCard, StaleTallies
from agent.supabase_store import SupabaseStore
from benchmark import Rating, Tally
from local import LocalStack
from tests.agent.agent_process import QUICK, SCENES, Agents
from tests.agent.conftest import MakeSettings
from tests.agent.queue import Queue, until
from tests.agent.rows import A, B
from tests.agent.working import finished
from tests.dashboard.rows import insert_result


@pytest.fixture
def results(stack: LocalStack, queue: Queue) -> None:
    """Three battles on one machine, won by B."""
    with psycopg.connect(stack.database_url, autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
        connection.execute("delete from public.machines")
        for _ in range(3):
            insert_result(connection)


def rated(queue: Queue) -> list[tuple[str, int, int]]:
    rows = queue.run("select model_id, wins, losses from public.ratings order by rating desc")
    return [(row["model_id"], row["wins"], row["losses"]) for row in rows]


def test_results_are_rated_once(results: None, store: SupabaseStore, queue: Queue) -> None:
    rater = Rater(store)
    with capture_logs() as logs:
        rater.rate()
        rater.rate()
    assert rated(queue) == [(B, 3, 0), (A, 0, 3)]
    assert [log["action"] for log in logs] == ["rated"]


def test_an_agents_own_key_is_enough(
    results: None, stack: LocalStack, stack_settings: MakeSettings, card: AgentCard, queue: Queue
) -> None:
    key = AgentKey.mint(JwtSecret(stack.jwt_secret), "rater", days=1).token
    settings = stack_settings(SUPABASE_KEY=key, SUPABASE_PUBLISHABLE_KEY=stack.publishable_key)
    with closing(SupabaseStore(settings, card)) as store:
        Rater(store).rate()
    assert len(rated(queue)) == 2


def test_of_two_that_rate_at_once_the_one_that_knows_more_stays(
    results: None, store: SupabaseStore, stack: LocalStack, queue: Queue
) -> None:
    (early,) = store.stale_tallies()
    with psycopg.connect(stack.database_url, autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
        insert_result(connection)
    Rater(store).rate()
    assert store.put_ratings(early, []) is False
    assert rated(queue) == [(B, 4, 0), (A, 0, 4)]


class Broken:
    """A RatingStore that does not work."""

    def __init__(self, error: Exception) -> None:
        self.error, self.calls = error, 0

    def stale_tallies(self) -> Sequence[StaleTallies]:
        self.calls += 1
        raise self.error

    def put_ratings(self, of: StaleTallies, ratings: Sequence[Rating]) -> bool:
        raise AssertionError("there is nothing to put")


@pytest.mark.parametrize("error", [StoreUnavailable("It is away."), StoreError("no"), ZeroDivisionError()])
def test_what_goes_wrong_is_said_and_tried_again(error: Exception) -> None:
    store = Broken(error)
    rater = Rater(store)
    with capture_logs() as logs:
        rater.rate()
        rater.rate()
    assert store.calls == 2
    assert [log["action"] for log in logs] == ["rating_failed"] * 2


def test_a_database_without_ratings_is_complained_of_once_and_asked_again() -> None:
    """It may be upgraded meanwhile, or PostgREST may not have read its new functions yet."""
    store = Broken(NotMigrated("There is no such function."))
    rater = Rater(store)
    with capture_logs() as logs:
        for _ in range(3):
            rater.rate()
    assert store.calls == 3
    assert {log["action"] for log in logs} == {"rating_impossible"}
    assert [log["log_level"] for log in logs] == ["warning", "debug", "debug"]


class Several(Broken):
    """A RatingStore of three machines, whose answers to `put_ratings` a test chooses."""

    def __init__(self, *answers: bool | Exception) -> None:
        super().__init__(StoreError("unused"))
        self.answers, self.put = list(answers), list[str]()

    def stale_tallies(self) -> Sequence[StaleTallies]:
        return [StaleTallies(machine, 4, [Tally(A, B, 3, 1, 0)]) for machine in ("m1", "m2", "m3")]

    def put_ratings(self, of: StaleTallies, ratings: Sequence[Rating]) -> bool:
        self.put.append(of.machine)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize("error", [RequestRefused("no"), ZeroDivisionError()])
def test_what_is_wrong_with_one_machine_is_not_with_the_others(error: Exception) -> None:
    store = Several(error, True, True)
    with capture_logs() as logs:
        Rater(store).rate()
    assert store.put == ["m1", "m2", "m3"]
    assert [log["action"] for log in logs] == ["rating_failed", "rated", "rated"]


def test_a_store_that_is_away_is_not_waited_for_once_a_machine() -> None:
    store = Several(True, StoreUnavailable("It is away."))
    with capture_logs() as logs:
        Rater(store).rate()
    assert store.put == ["m1", "m2"]
    assert [log["action"] for log in logs] == ["rated", "rating_failed"]


def test_an_agent_that_has_to_stop_rates_no_further_machine() -> None:
    store = Several(True, True, True)
    Rater(store).rate(should_stop=lambda: len(store.put) == 1)
    assert store.put == ["m1"]


def test_an_agent_rates_what_it_finds_and_what_it_adds(results: None, agents: Agents, queue: Queue) -> None:
    """The whole program, from the command to the database."""
    with agents.real("agent") as agent:
        agent.await_line("rated")
        assert rated(queue) == [(B, 3, 0), (A, 0, 3)]
        queue.await_job(queue.insert(SCENES, options=QUICK), finished)
        until(lambda: len(agent.lines("rated")) == 2)
    assert queue.run("select machine from public.machines where rated_version < tallied_version") == []


def test_tallies_of_a_machine_whose_results_are_gone_are_rated_as_none(queue: Queue) -> None:
    put: list[Sequence[Rating]] = []

    class Emptied(Broken):
        def stale_tallies(self) -> Sequence[StaleTallies]:
            return [StaleTallies("m", 4, [Tally(A, B, 0, 0, 0)])]

        def put_ratings(self, of: StaleTallies, ratings: Sequence[Rating]) -> bool:
            put.append(ratings)
            return True

    Rater(Emptied(StoreError("unused"))).rate()
    assert put == [[]]
