"""Wires telemetry together for one process."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self
from uuid import UUID

import structlog

from agent.health_note import HealthNote, leave_note
from agent.images import ImageWatch
from agent.job_watch import JobWatch
from agent.settings import Settings
from agent.store import CONTRACT, JobStore
from agent.telemetry.build import Build
from agent.telemetry.gpus import Gpus
from agent.telemetry.guarded import Collecting, Guarded
from agent.telemetry.health import Health, WorkerHealth
from agent.telemetry.hooks import ImageMetrics, RealtimeMetrics
from agent.telemetry.job_metrics import JobMetrics
from agent.telemetry.memory import ResidentMemory
from agent.telemetry.metrics import Metrics
from agent.telemetry.pages import Pages
from agent.telemetry.queue_length import QueueLength, asking
from agent.telemetry.safely import Safely
from agent.telemetry.server import Server
from agent.telemetry.store import WatchedStore
from agent.telemetry.watch import WorkerWatch
from agent.wakeup import RealtimeWatch

if TYPE_CHECKING:
    from agent.telemetry.traces import Traces

_log = structlog.stdlib.get_logger(__name__)


class Telemetry:
    """Metrics, health and traces of all workers of a process, and the server where the first two are read.

    Make one a process, enter it before the workers begin and leave it after they have ended; leaving takes at most a
    second or so. For each worker, once, with the device that its jobs run on (``cuda:0``, ``cpu``)::

        with Telemetry(settings, version=version("vision-arena"), devices=devices) as telemetry:
            watch = telemetry.watch(device, card.id)             # the worker's JobWatch
            store = telemetry.store(SupabaseStore(...), device)  # for the worker; the Rater keeps the bare one
            images = ImageSource(settings, watch=telemetry.images(device))
            wakeup = RealtimeWakeup(..., watch=telemetry.realtime(device))  # not for PollOnly
            ...
            watch.leave()                                        # when the worker has ended in good order

    A worker that has not begun five minutes after it was named in `devices`, is silent for two minutes then, or ends
    without ``leave``, makes /healthz answer 503. It says ``watch.claims(None)`` after each answered claim, with a job
    or without, and ``watch.claims("It is leaving.")`` when it claims no more, after which it is not called ready again.
    Whatever goes wrong in here is logged once and reaches no job.
    """

    def __init__(
        self, settings: Settings, *, version: str, revision: str | None = None, devices: Sequence[str] = ()
    ) -> None:
        """`version` and `revision` (a Git commit) are told in ``arena_build_info``.

        `devices` are those that there will be a worker on: one whose worker hangs before it has begun is noticed too.

        Raises SettingsError where OTEL_EXPORTER_OTLP_HEADERS is wrong.
        """
        self._settings = settings
        self._safely, self._metrics, self._health = Safely(), Metrics(), Health()
        self._stack = ExitStack()
        self._server: Server | None = None
        self._traces = _traces(settings, version, self._safely)
        for collector in (Build(version, CONTRACT, revision), self._health, Gpus(), ResidentMemory()):
            self._register(collector)
        for device in devices:
            self._join(device)

    def __enter__(self) -> Self:
        with self._safely:
            ask, close = asking(self._settings)
            self._stack.callback(close)
            self._register(QueueLength(ask))
        with self._safely:
            self._serve()
        with self._safely:
            host, port = self._server.server_address[:2] if self._server else ("", None)
            self._stack.enter_context(leave_note(HealthNote(str(host), port)))
        if self._traces:
            self._stack.callback(self._traces.close)
        return self

    def __exit__(self, *_: object) -> None:
        with self._safely:
            self._stack.close()

    @property
    def port(self) -> int | None:
        """Where /metrics, /healthz and /readyz are; None where nothing is served."""
        return self._server.port if self._server else None

    def watch(self, device: str, agent_id: UUID, name: str | None = None) -> WorkerWatch:
        """What the worker on that device says things to. It has five minutes to begin.

        `name` is the agent's, if it is not that of the settings.
        """
        self._join(device)
        with self._safely:
            self._metrics.worker.labels(device, name or self._settings.name, str(agent_id)).set(1)
        parts: list[JobWatch] = [WorkerHealth(self._health, device), JobMetrics(self._metrics, device)]
        if self._traces:
            parts.append(self._traces.watch(name or self._settings.name, device))
        return WorkerWatch(parts, self._safely)

    def store(self, store: JobStore, device: str) -> JobStore:
        """The same store, counted."""
        return WatchedStore(store, self._metrics, device, self._safely)

    def realtime(self, device: str) -> RealtimeWatch:
        """What the worker's Realtime connection says things to."""
        return RealtimeMetrics(self._metrics, device, self._safely)

    def images(self, device: str) -> ImageWatch:
        """What the worker's source of images says things to."""
        return ImageMetrics(self._metrics, device, self._safely)

    def _join(self, device: str) -> None:
        with self._safely:
            self._health.join(device)
            self._metrics.begin(device)

    def _register(self, collector: Collecting) -> None:
        self._metrics.registry.register(Guarded(collector, self._safely))

    def _serve(self) -> None:
        host, port = self._settings.metrics_host, self._settings.metrics_port
        if port == 0:
            return
        try:
            server = Server(host, port, Pages(self._metrics.registry, self._health))
        except OSError as error:
            _log.warning(
                f"no metrics are served at {host}:{port}: {error.strerror}; set ARENA_METRICS_HOST and "
                "ARENA_METRICS_PORT to what is free here, or the port to 0",
                action="metrics_not_served",
            )
            return
        self._server = self._stack.enter_context(server)
        _log.info("metrics are served", action="metrics", host=host, port=self.port)


def otlp_headers(settings: Settings) -> dict[str, str]:
    """What each request to the collector of traces carries. Raises SettingsError."""
    from agent.telemetry.traces import header_values

    return header_values(settings.otlp_headers.get_secret_value() if settings.otlp_headers else "")


def _traces(settings: Settings, version: str, safely: Safely) -> "Traces | None":
    """OpenTelemetry is imported only where there is somewhere to send to. Raises SettingsError."""
    if settings.otlp_endpoint is None:
        return None
    from agent.telemetry.traces import Traces

    headers = otlp_headers(settings)
    with safely:  # it goes by variables of its own too, OTEL_BSP_…, which may be wrong
        return Traces(str(settings.otlp_endpoint), headers, version)
    return None
