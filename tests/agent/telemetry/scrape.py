"""Reading what an agent tells of itself, as Prometheus does."""

import socket

import httpx
from prometheus_client.parser import text_string_to_metric_families


def free_port() -> int:
    """One at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def get(port: int | None, path: str, **more: str) -> httpx.Response:
    """What is served at this path."""
    return httpx.get(f"http://127.0.0.1:{port}{path}", headers=more, trust_env=False, timeout=20)


def scrape(port: int | None) -> dict[str, float]:
    """The value of each series, written as ``name{label="value",…}`` with sorted labels."""
    return samples(get(port, "/metrics").raise_for_status().text)


def samples(text: str) -> dict[str, float]:
    """The same of a page."""
    return {
        _series(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _series(name: str, labels: dict[str, str]) -> str:
    inner = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{inner}}}" if inner else name
