"""A job and the lease under which an agent works on it."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from agent.errors import InvalidJob
from agent.image_name import shown


@dataclass(frozen=True)
class JobImage:
    """One image of a job, as its row says: where it is and what it shows."""

    image_path: str
    car_count: int
    boxes: tuple[tuple[float, float, float, float], ...] | None = None
    """x1, y1, x2, y2 in pixels of the upright image; None where only the count is known."""
    description: str | None = None

    @classmethod
    def from_json(cls, item: Mapping[str, Any]) -> "JobImage":
        """Read one item of ``jobs.images``; raises InvalidJob."""
        try:
            boxes = item.get("boxes")
            return cls(
                image_path=str(item["image_path"]),
                car_count=_count(item["car_count"]),
                boxes=None if boxes is None else tuple(_box(box) for box in boxes),
                description=item.get("description"),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise InvalidJob(
                f"An image cannot be read: {shown(str(item))}",
                hint="It needs an image_path and a car_count of 0 or more; boxes, if any, are four numbers each.",
            ) from error


@dataclass(frozen=True)
class Lease:
    """The right to work on one job until ``seconds`` after the claim."""

    job_id: UUID
    token: UUID
    attempt: int
    max_attempts: int
    seconds: float
    model_a: str
    model_b: str
    images: tuple[Mapping[str, Any], ...]
    options: Mapping[str, Any]
    waited_ms: float
    """From the job's insert (or its due time) to this claim, on the database's clock."""
    asked_at: float = field(default_factory=time.monotonic)
    """This process's monotonic time before the claim was asked for: the lease cannot be older."""
    deadline: float = math.inf
    """On the same clock, when the attempt's time limit is reached."""
    created_at: datetime | None = None
    """When the job was inserted, on the database's clock."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any], asked_at: float) -> "Lease":
        """Read what ``claim_job`` returned; raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            job_id=UUID(row["job_id"]),
            token=UUID(row["lease_token"]),
            attempt=row["attempt"],
            max_attempts=row["max_attempts"],
            seconds=float(row["lease_seconds"]),
            model_a=row["model_a"],
            model_b=row["model_b"],
            images=tuple(row["images"]),
            options=row["options"] or {},
            waited_ms=float(row["waited_ms"]),
            asked_at=asked_at,
            created_at=utc(row["created_at"]) if row.get("created_at") else None,
        )

    def job_images(self) -> list[JobImage]:
        """The job's images; raises InvalidJob."""
        return [JobImage.from_json(item) for item in self.images]


def utc(text: str) -> datetime:
    """Parse a timestamp as Supabase writes it."""
    return datetime.fromisoformat(text)


def _count(value: Any) -> int:
    if isinstance(value, bool) or value != int(value) or value < 0:
        raise ValueError(value)
    return int(value)


def _box(box: Any) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(v) for v in box)
    return x1, y1, x2, y2
