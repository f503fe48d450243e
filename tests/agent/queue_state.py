"""What a queue remembers, wherever it keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

IMAGES = ({"image_path": "https://images.example/1.jpg", "car_count": 1},)
YOLOS = ("Trained_yolov5", "Trained_yolov8")


@dataclass
class Job:
    """A row of ``jobs``."""

    id: UUID
    run_at: datetime
    models: tuple[str, str] = YOLOS
    max_attempts: int = 3
    priority: int = 0
    images: Sequence[Mapping[str, Any]] = IMAGES
    options: Mapping[str, Any] = field(default_factory=dict)
    status: str = "pending"
    attempt: int = 0
    progress: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None


@dataclass
class Attempt:
    """A row of ``job_attempts``; while it is open, that of ``job_leases`` too."""

    token: UUID
    job_id: UUID
    number: int
    agent_id: UUID
    request_id: UUID
    started_at: datetime
    expires_at: datetime | None
    """When its lease ends; None once there is none, as ``deadline_at``."""
    deadline_at: datetime | None
    outcome: str | None = None
    error: Mapping[str, Any] | None = None
    refused: bool = False
    """Its agent tried to end it after it had lost the lease."""


@dataclass
class Agent:
    """A row of ``agents``."""

    models: tuple[str, ...]
    status: str
    job_id: UUID | None = None
    problem: str | None = None


@dataclass
class QueueState:
    """All that a queue remembers. Attempts are by token, in the order of their claims."""

    jobs: dict[UUID, Job] = field(default_factory=dict)
    attempts: dict[UUID, Attempt] = field(default_factory=dict)
    results: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    images: dict[UUID, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    agents: dict[UUID, Agent] = field(default_factory=dict)
