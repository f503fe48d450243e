"""The benchmark still runs, with so few jobs that its times mean nothing."""

from collections.abc import Iterator

import pytest

from tests.bench.queue.cost import Cost, Heartbeats
from tests.bench.queue.growth import Backlog, Finished, Foreign
from tests.bench.queue.latency import Latency
from tests.bench.queue.line_up import CONTENDERS
from tests.bench.queue.peers import Peers
from tests.bench.queue.postgres import BenchPostgres


@pytest.fixture(scope="module")
def postgres() -> Iterator[BenchPostgres]:
    with BenchPostgres.running() as postgres:
        yield postgres


def test_every_queue_is_drained_and_what_it_did_is_counted(postgres: BenchPostgres) -> None:
    first_of_each = CONTENDERS[:2] + CONTENDERS[4:5]
    speed, effort = Peers(postgres, jobs=50, rounds=1, workers=(1,), contenders=first_of_each).tables()
    assert [row[0] for row in speed.rows] == ["ours", "Procrastinate, defaults", "pgqueuer, defaults"]
    ours = dict(zip(effort.columns, effort.rows[0], strict=True))
    # A claim and a completion of each job, the agent's hello, and a last claim that finds nothing.
    assert ours["client statements"] == 2 + 2 / 50
    assert all(float(row[-1]) > 500 for row in effort.rows), "Every queue writes to the log of the database."


def test_claims_are_timed_beside_pending_and_finished_jobs(postgres: BenchPostgres) -> None:
    backlog, finished = (
        Backlog(postgres, sizes=(30, 60), rounds=2).table(),
        Finished(postgres, sizes=(0, 30), pending=30, rounds=2).table(),
    )
    assert [row[0] for row in backlog.rows + finished.rows] == ["30", "60", "0", "30"]


def test_claims_are_timed_past_jobs_that_the_agent_cannot_run(postgres: BenchPostgres) -> None:
    table = Foreign(postgres, sizes=(0, 30), pending=5, rounds=2).table()
    assert [row[0] for row in table.rows] == ["0", "30"]
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_a_job_costs_one_statement_a_step(postgres: BenchPostgres) -> None:
    rows = Cost(postgres, jobs=10).table().rows
    assert [row[2] for row in rows] == [1, 1.1, 3, 1, 6.1]


def test_renewals_cause_no_realtime_message() -> None:
    rows = Heartbeats(renewals=10).table().rows
    assert rows == (("agents", 0), ("comparison_results", 0), ("jobs", 0), ("machines", 0))


def test_pick_up_is_timed_with_realtime_and_without() -> None:
    assert [row[1] for row in Latency(jobs=2, jobs_without_realtime=2).table().rows] == [2, 2]
