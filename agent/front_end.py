"""What a web page does: inserts a job with the publishable key and watches it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Self, TypeVar
from uuid import uuid4

import structlog

from agent.credentials import Credentials
from agent.errors import AlreadyThere, NotMigrated, RequestRefused, StoreUnavailable
from agent.job import utc
from agent.realtime import Binding, Change, Subscription
from agent.supabase_client import connect, retrying, supabase_errors

_log = structlog.stdlib.get_logger(__name__)

_POLL_SECONDS = 5.0
_GRACE_SECONDS = 2.0
_AGAIN_SECONDS = 1.0
_LONGEST_KEY = 200
_OVER = {"failed", "cancelled"}

_T = TypeVar("_T")


@dataclass(frozen=True)
class JobUpdate:
    """The job's row as it is now."""

    job: Mapping[str, Any]
    waiting_for: str | None = None
    """What it waits for while nobody works on it, in a sentence; None where the database cannot say."""


@dataclass(frozen=True)
class JobResult:
    """The row of ``comparison_results`` with ``image_results``, and how word of it came."""

    row: Mapping[str, Any]
    job: Mapping[str, Any]
    arrived_by: Literal["realtime", "poll"]
    delay_ms: float
    """From the row's ``created_at`` (database's clock) to its arrival here (this machine's clock)."""


class FrontEnd:
    """A front end's connection to Supabase. Methods raise StoreError."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key
        self._client, self._http = connect(url, Credentials(key))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def submit(
        self,
        model_a: str,
        model_b: str,
        images: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Insert a job, unless there is one with this key already; returns its row.

        A key is made up where none is given, so that a reply lost after the commit makes no second job.
        Raises RequestRefused with the database's words, or if the key names another job.
        """
        key = str(uuid4()) if idempotency_key is None else idempotency_key
        if not 1 <= len(key) <= _LONGEST_KEY:
            raise RequestRefused(f"An idempotency key has 1 to {_LONGEST_KEY} characters.")
        wanted = {"model_a": model_a, "model_b": model_b, "images": list(images), "options": dict(options or {})}
        try:
            return self._insert({**wanted, "idempotency_key": key})
        except AlreadyThere:
            return _same(self._inserted_with(key), wanted)

    @retrying
    def _insert(self, row: Mapping[str, Any]) -> dict[str, Any]:
        with supabase_errors():
            return _one(self._client.table("jobs").insert(dict(row)).execute().data)

    @retrying
    def _inserted_with(self, key: str) -> dict[str, Any]:
        """Keys are unique for each owner, and what is inserted without signing in has none."""
        jobs = self._client.table("jobs").select("*").is_("created_by", None).eq("idempotency_key", key)
        with supabase_errors():
            return _one(jobs.execute().data)

    def job(self, job_id: str) -> dict[str, Any]:
        """The job's row."""
        with supabase_errors():
            return _one(self._client.table("jobs").select("*").eq("id", job_id).execute().data)

    def waiting_for(self, job_id: str) -> str | None:
        """What a job waits for that nobody works on, in a sentence: pending, or its agent has gone silent.

        None while an agent is at it, once it is over, or where the database cannot say.
        """
        try:
            with supabase_errors():
                rows = self._client.table("waiting_jobs").select("message").eq("job_id", job_id).execute().data
        except NotMigrated:
            return None
        return str(_one(rows)["message"]) if rows else None

    def result(self, job_id: str) -> dict[str, Any] | None:
        """The job's row of ``comparison_results`` with its ``image_results``, once there is one."""
        with supabase_errors():
            rows = self._client.table("comparison_results").select("*").eq("job_id", job_id).execute()
            if not rows.data:
                return None
            images = (
                self._client.table("image_results")
                .select("*")
                .eq("job_id", job_id)
                .order("side")
                .order("image_index")
                .execute()
            )
        return {**_one(rows.data), "image_results": images.data}

    async def watch(self, job_id: str) -> AsyncIterator[JobUpdate | JobResult]:
        """Every change of the job until it is over; the last item is its result, if it has one.

        Subscribes first and reads afterwards, so nothing falls between the two.
        """
        changes: asyncio.Queue[Change | None] = asyncio.Queue()
        subscription = Subscription(
            self._url,
            Credentials(self._key),
            [
                Binding("jobs", "UPDATE", f"id=eq.{job_id}"),
                Binding("comparison_results", "INSERT", f"job_id=eq.{job_id}"),
            ],
            on_change=changes.put_nowait,
            on_ready=lambda: changes.put_nowait(None),
        )
        listening = asyncio.create_task(subscription.run())
        try:
            async for item in self._follow(job_id, changes):
                yield item
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _follow(
        self, job_id: str, changes: "asyncio.Queue[Change | None]"
    ) -> AsyncIterator[JobUpdate | JobResult]:
        succeeded = False
        while True:
            change = await _next(changes, _GRACE_SECONDS if succeeded else _POLL_SECONDS)
            now = datetime.now(UTC)
            if change is not None and change.table == "comparison_results":
                yield await self._arrived(job_id, "realtime", now)
                return
            if change is None and succeeded:
                yield await self._arrived(job_id, "poll", now)
                return
            job = dict(change.record) if change else await self._look(job_id)
            if job is None:
                continue
            # A running job changes by its agent's doing, and often: no need to ask whether that one has gone silent.
            asks = job["status"] == "pending" or (change is None and job["status"] == "running")
            yield JobUpdate(job, await self._read(self.waiting_for, job_id) if asks else None)
            if job["status"] in _OVER:
                return
            succeeded = job["status"] == "succeeded"

    async def _look(self, job_id: str) -> dict[str, Any] | None:
        return await self._read(self.job, job_id)

    async def _read(self, read: Callable[[str], _T | None], job_id: str) -> _T | None:
        """What ``read`` gives; None while Supabase cannot be reached."""
        try:
            return await asyncio.to_thread(read, job_id)
        except StoreUnavailable as error:
            _log.warning(str(error), action="watch_failed", job=job_id)
            return None

    async def _arrived(self, job_id: str, by: Literal["realtime", "poll"], at: datetime) -> JobResult:
        while (row := await self._read(self.result, job_id)) is None or (job := await self._look(job_id)) is None:
            await asyncio.sleep(_AGAIN_SECONDS)
        delay = at - utc(row["created_at"])
        return JobResult(row, job, by, delay_ms=1000 * delay.total_seconds())


async def _next(changes: "asyncio.Queue[Change | None]", seconds: float) -> Change | None:
    """The next change; None when it is time to look for oneself."""
    try:
        return await asyncio.wait_for(changes.get(), seconds)
    except TimeoutError:
        return None


def _one(rows: Any) -> dict[str, Any]:
    if not rows:
        raise RequestRefused("There is no such job, or this key may not see it.")
    return dict(rows[0])


def _same(job: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The job, if it is the one that was wanted, as JSON writes it."""
    plain = json.loads(json.dumps(wanted))
    differing = [name for name in plain if job[name] != plain[name]]
    if differing:
        raise RequestRefused(
            f"The idempotency key names another job, {job['id']}, with other {' and '.join(differing)}.",
            hint="Give each job a key of its own, best a random UUID.",
        )
    return job
