"""Ratings keep up with the results, and never hold anything up."""

from collections.abc import Sequence
from contextlib import closing

import psycopg
import pytest
from structlog.testing import capture_logs

from agent.agent_key import AgentKey, JwtSecret
from agent.errors import NotMigrated, StoreError, StoreUnavailable
from agent.rater import Rater
from agent.store import AgentCard, StaleTallies
from agent.supabase_store import SupabaseStore
from benchmark import Rating, Tally
from local import LocalStack
from tests.agent.conftest import MakeSettings
from tests.agent.queue import Queue
from tests.agent.rows import A, B
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


def test_a_database_without_ratings_is_asked_once() -> None:
    store = Broken(NotMigrated("There is no such function."))
    rater = Rater(store)
    with capture_logs() as logs:
        rater.rate()
        rater.rate()
    assert store.calls == 1
    assert [log["action"] for log in logs] == ["rating_impossible"]


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
