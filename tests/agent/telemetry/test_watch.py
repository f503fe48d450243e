"""What becomes of a job, in numbers."""

import uuid
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from agent.job import Lease
from agent.job_watch import JobWatch, NobodyWatches
from agent.store import AgentCard
from agent.telemetry import Telemetry
from agent.telemetry.job_metrics import JobMetrics
from agent.telemetry.metrics import Metrics
from agent.telemetry.safely import Safely
from agent.telemetry.watch import WorkerWatch
from tests.agent.memory_store import MemoryQueue, MemoryStore
from tests.agent.telemetry.scrape import scrape

Counted = Callable[..., dict[str, float]]


@pytest.fixture
def work(lease: Lease) -> Counted:
    """Phases of a job, each 10 s long, and its end; gives what was counted, by name and last label."""

    def work(*phases: str, outcome: str = "completed", code: str | None = None) -> dict[str, float]:
        metrics, now = Metrics(), [0.0]
        watch = JobMetrics(metrics, "cuda:0", lambda: now[0])
        watch.claimed(lease)
        for phase in phases:
            for _ in range(2):  # said again while it lasts
                watch.writing() if phase == "write" else watch.phase(phase)
                if phase == "write":
                    break
            now[0] += 10
        watch.ended(outcome, code)
        return {
            f"{sample.name} {' '.join(value for key, value in sample.labels.items() if key != 'device')}": sample.value
            for family in metrics.registry.collect()
            for sample in family.samples
            if "bucket" not in sample.name
        }

    return work


def test_each_phase_of_a_job_that_went_well_is_timed(work: Counted) -> None:
    phases = ("fetch", "weights", "load", "warm_up", "single_stream", "offline", "score", "write")
    counted = work(*phases)
    assert counted["arena_phase_seconds_sum wait"] == 2
    assert {phase: counted[f"arena_phase_seconds_sum {phase}"] for phase in phases} == dict.fromkeys(phases, 10)
    assert counted["arena_job_seconds_sum completed"] == 80
    assert counted["arena_jobs_total completed"] == 1
    assert counted["arena_busy "] == 0


def test_a_phase_that_was_broken_off_is_not_timed(work: Counted) -> None:
    counted = work("fetch", "load", "write", outcome="failed", code="host_died")
    assert [counted.get(f"arena_phase_seconds_sum {phase}") for phase in ("fetch", "load", "write")] == [10, None, 10]
    assert (counted["arena_jobs_total failed"], counted["arena_job_errors_total host_died"]) == (1, 1)
    assert counted["arena_job_seconds_count failed"] == 1


@pytest.mark.parametrize("outcome", ["cancelled", "lost", "expired"])
def test_a_lease_that_was_lost_is_counted_by_reason(work: Counted, outcome: str) -> None:
    counted = work("fetch", "write", outcome=outcome)
    assert counted[f"arena_lease_losses_total {outcome}"] == 1
    assert counted[f"arena_jobs_total {outcome}"] == 1
    assert "arena_phase_seconds_sum write" not in counted, "nothing was written"


def test_a_job_whose_end_could_not_be_written_is_left(work: Counted) -> None:
    counted = work("fetch", "write", outcome="left to its lease")
    assert counted["arena_lease_losses_total left"] == counted["arena_jobs_total left"] == 1
    assert "arena_phase_seconds_sum write" not in counted, "it was never written"


def test_what_may_happen_begins_at_0(telemetry: Telemetry, lease: Lease, card: AgentCard) -> None:
    """Otherwise the first one is no increase to Prometheus."""
    watch = telemetry.watch("cpu", uuid.uuid4())
    before = scrape(telemetry.port)
    watch.claimed(lease)
    watch.ended("failed", "host_died")
    telemetry.images("cpu").failed("image_unreachable")
    telemetry.store(MemoryStore(MemoryQueue(), card), "cpu").release(lease)
    after = scrape(telemetry.port)
    grown = {series for series in after if series.split("{")[0].endswith("_total") and after[series] != before[series]}
    assert grown == {
        'arena_jobs_total{device="cpu",outcome="failed"}',
        'arena_job_errors_total{code="host_died",device="cpu"}',
        'arena_image_failures_total{code="image_unreachable",device="cpu"}',
        'arena_writes_total{answer="lost",call="release",device="cpu"}',
    }


def test_a_worker_with_a_job_is_busy(telemetry: Telemetry, lease: Lease) -> None:
    watch = telemetry.watch("cpu", uuid.uuid4())
    watch.claimed(lease)
    assert scrape(telemetry.port)['arena_busy{device="cpu"}'] == 1
    watch.ended("released", None)
    assert scrape(telemetry.port)['arena_busy{device="cpu"}'] == 0


class Faulty(NobodyWatches):
    """One that cannot hear."""

    def beat(self) -> None:
        raise RuntimeError("no ears")


class Counting(NobodyWatches):
    """One that can."""

    beats = 0

    def beat(self) -> None:
        self.beats += 1


def test_a_fault_is_said_once_and_reaches_nobody(lease: Lease) -> None:
    counting = Counting()
    watch: JobWatch = WorkerWatch([Faulty(), counting], Safely())
    with capture_logs() as logs:
        for _ in range(3):
            watch.beat()
        for say in (watch.writing, watch.leave):
            say()
        watch.claims(None)
        watch.claimed(lease)
        watch.phase("load")
        watch.ended("completed", None)
    assert counting.beats == 3
    assert [(log["action"], log["log_level"]) for log in logs] == [("telemetry_failed", "error")]


def test_what_ends_the_process_is_no_fault() -> None:
    with pytest.raises(KeyboardInterrupt), Safely():
        raise KeyboardInterrupt
