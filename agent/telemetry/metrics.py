"""The metrics of one process. docs/telemetry.md explains each; a test holds the two together."""

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from agent.telemetry.codes import image_codes, job_codes

#: Seconds, from a fast phase to the half hour that one may take.
_LONG_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800)
#: Seconds of one request.
_SHORT_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

CLAIM_ANSWERS = ("job", "nothing", "error")
RENEWALS = ("renewed", "cancelled", "lost", "error")
_ENDS = {"complete": ("completed",), "fail": ("failed", "retrying"), "release": ("released",)}
WRITES = [(call, answer) for call, ends in _ENDS.items() for answer in (*ends, "cancelled", "lost", "error")]
"""Calls that end a job, with each answer that there may be."""
OUTCOMES = ("completed", "failed", "retrying", "released", "cancelled", "lost", "expired", "left")
WRITTEN = ("completed", "failed", "retrying", "released")
"""Outcomes of a job whose end was surely written."""
LOSSES = ("cancelled", "lost", "expired", "left")
PHASES = ("wait", "fetch", "weights", "load", "warm_up", "single_stream", "offline", "score", "write")
WAYS = ("web", "storage", "local", "cache")


class Metrics:
    """One registry, and every instrument in it that is counted as things happen."""

    def __init__(self) -> None:
        # A second series of each counter, which nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call] # the package left it out
        self.registry = CollectorRegistry()
        self._claims_and_leases()
        self._jobs()
        self._connections()
        self._images()
        self._known: dict[Counter | Histogram, Sequence[tuple[str, ...]]] = {
            self.claims: _each(CLAIM_ANSWERS),
            self.renewals: _each(RENEWALS),
            self.losses: _each(LOSSES),
            self.writes: WRITES,
            self.jobs: _each(OUTCOMES),
            self.job_errors: _each(job_codes()),
            self.phase_seconds: _each(PHASES),
            self.images: _each(WAYS),
            self.image_bytes: _each(WAYS),
            self.image_failures: _each(image_codes()),
        }

    def _claims_and_leases(self) -> None:
        self.claims = self._counter("arena_claims", "Claims, by what the queue answered.", "answer")
        self.claim_seconds = self._histogram("arena_claim_seconds", "Time that a claim took.", _SHORT_S)
        self.renewals = self._counter("arena_lease_renewals", "Renewals of a lease, by what was answered.", "answer")
        self.losses = self._counter("arena_lease_losses", "Jobs whose lease was gone before their end.", "reason")
        self.writes = self._counter("arena_writes", "Calls that end a job, by what was answered.", "call", "answer")

    def _jobs(self) -> None:
        self.jobs = self._counter("arena_jobs", "Jobs that this worker had, by what became of them.", "outcome")
        self.job_errors = self._counter("arena_job_errors", "Jobs that ended with an error, by its code.", "code")
        self.job_seconds = self._histogram(
            "arena_job_seconds", "Time from the claim of a job to its end.", _LONG_S, "outcome"
        )
        self.phase_seconds = self._histogram(
            "arena_phase_seconds", "Time that a phase of a job took that came to its end.", _LONG_S, "phase"
        )
        self.busy = self._gauge("arena_busy", "Whether the worker has a job.")
        self.worker = self._gauge("arena_worker_info", "Who works on the device.", "agent", "agent_id")

    def _connections(self) -> None:
        self.realtime_up = self._gauge("arena_realtime_up", "Whether Realtime delivers.")
        self.realtime_connects = self._counter("arena_realtime_connects", "Times that Realtime began to deliver.")
        self.realtime_drops = self._counter("arena_realtime_drops", "Times that Realtime ceased to, unasked.")

    def _images(self) -> None:
        self.images = self._counter("arena_images", "Images that were had, by where from.", "way")
        self.image_bytes = self._counter("arena_image_bytes", "Bytes of these images.", "way")
        self.image_seconds = self._histogram(
            "arena_image_seconds", "Time that an image took, with all attempts.", _SHORT_S, "way"
        )
        self.image_failures = self._counter("arena_image_failures", "Images that could not be had.", "code")

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(name, help_text, ["device", *labels], registry=self.registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, ["device", *labels], registry=self.registry)

    def _histogram(self, name: str, help_text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, help_text, ["device", *labels], buckets=buckets, registry=self.registry)

    def begin(self, device: str) -> None:
        """Let a worker's series begin at 0: what has not happened yet is a number too."""
        self.busy.labels(device)
        self.claim_seconds.labels(device)
        for instrument, values in self._known.items():
            for value in values:
                instrument.labels(device, *value)


def _each(values: Iterable[str]) -> list[tuple[str, ...]]:
    """Of one label."""
    return [(value,) for value in values]
