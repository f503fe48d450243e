"""What an agent tells of itself: metrics for Prometheus, health for whoever restarts it, traces for OpenTelemetry."""

from agent.telemetry.telemetry import Telemetry, otlp_headers

__all__ = ["Telemetry", "otlp_headers"]
