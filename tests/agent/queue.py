"""The tests' own view of the queue, past REST and its rules."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

IMAGES = [{"image_path": "https://images.example/1.jpg", "car_count": 1}]


class Queue:
    """Jobs in the local stack's database."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def clear(self) -> None:
        """Forget every job."""
        self.run("delete from public.jobs")

    def insert(
        self,
        images: Sequence[Mapping[str, Any]] = IMAGES,
        *,
        models: tuple[str, str] = ("Trained_yolov5", "Trained_yolov8"),
        options: Mapping[str, Any] | None = None,
        max_attempts: int = 3,
    ) -> str:
        """A pending job's id."""
        rows = self.run(
            "insert into public.jobs (model_a, model_b, images, options, max_attempts)"
            " values (%s, %s, %s, %s, %s) returning id",
            [*models, Jsonb(list(images)), Jsonb(dict(options or {})), max_attempts],
        )
        return str(rows[0]["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        """Its row."""
        return self.run("select * from public.jobs where id = %s", [job_id])[0]

    def expires_at(self, job_id: str) -> Any:
        """When its lease ends."""
        return self.run("select expires_at from public.job_leases where job_id = %s", [job_id])[0]["expires_at"]

    def await_job(self, job_id: str, true: Callable[[dict[str, Any]], bool], seconds: float = 60.0) -> dict[str, Any]:
        """Its row as soon as it is so; fails after ``seconds``."""
        deadline = time.monotonic() + seconds
        while not true(job := self.job(job_id)):
            assert time.monotonic() < deadline, job
            time.sleep(0.02)
        return job

    def run(self, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rows of a query."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until it is so; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)
