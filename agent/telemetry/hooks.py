"""What the agent's parts tell beside the worker: Realtime, and the images' source."""

from agent.telemetry.metrics import Metrics
from agent.telemetry.safely import Safely


class RealtimeMetrics:
    """A RealtimeWatch that counts."""

    def __init__(self, metrics: Metrics, device: str, safely: Safely) -> None:
        self._safely = safely
        self._up = metrics.realtime_up.labels(device)
        self._connects = metrics.realtime_connects.labels(device)
        self._drops = metrics.realtime_drops.labels(device)
        self._is_up = False

    def up(self) -> None:
        """See RealtimeWatch."""
        with self._safely:
            self._connects.inc()
            self._up.set(1)
            self._is_up = True

    def down(self) -> None:
        """See RealtimeWatch."""
        with self._safely:
            if self._is_up:
                self._drops.inc()
            self._up.set(0)
            self._is_up = False


class ImageMetrics:
    """An ImageWatch that counts."""

    def __init__(self, metrics: Metrics, device: str, safely: Safely) -> None:
        self._metrics, self._device, self._safely = metrics, device, safely

    def fetched(self, way: str, size: int, seconds: float) -> None:
        """See ImageWatch."""
        with self._safely:
            self._metrics.images.labels(self._device, way).inc()
            self._metrics.image_bytes.labels(self._device, way).inc(size)
            self._metrics.image_seconds.labels(self._device, way).observe(seconds)

    def failed(self, code: str) -> None:
        """See ImageWatch."""
        with self._safely:
            self._metrics.image_failures.labels(self._device, code).inc()
