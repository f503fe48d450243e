"""A Telemetry that is served, and a lease of no queue."""

import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.job import Lease
from agent.telemetry import Telemetry
from tests.agent.conftest import MakeSettings
from tests.agent.telemetry.scrape import free_port


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no probe finds another test's agent."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def telemetry(bare_settings: MakeSettings) -> Iterator[Telemetry]:
    """Of an agent whose Supabase is not there."""
    settings = bare_settings(ARENA_METRICS_PORT=free_port(), ARENA_AGENT_NAME="pod")
    with Telemetry(settings, version="1.2.3", revision="abc") as telemetry:
        yield telemetry


@pytest.fixture
def lease() -> Lease:
    """On a job that waited for two seconds."""
    images = ({"image_path": "https://images.example/secret.jpg?token=s", "car_count": 1},)
    return Lease(
        job_id=uuid.uuid4(),
        token=uuid.uuid4(),
        attempt=1,
        max_attempts=3,
        seconds=60.0,
        model_a="Trained_yolov5",
        model_b="Trained_yolov8",
        images=images,
        options={},
        waited_ms=2000.0,
        created_at=datetime.now(UTC),
    )
