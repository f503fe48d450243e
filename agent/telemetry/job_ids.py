"""Ids of traces, so that all attempts at a job are one trace, whichever agents make them."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context


class JobIds(RandomIdGenerator):
    """Random ids, but for the root spans of jobs. For any thread."""

    def __init__(self) -> None:
        self._now = threading.local()

    @contextmanager
    def of(self, job_id: UUID) -> Iterator[None]:
        """The spans that this thread starts meanwhile are roots of this job's trace."""
        self._now.job_id = job_id
        try:
            yield
        finally:
            self._now.job_id = None

    def generate_trace_id(self) -> int:
        """The 128 bits of the job's id."""
        job_id: UUID | None = getattr(self._now, "job_id", None)
        return job_id.int if job_id else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """Another one that anybody can tell from the job's id."""
        job_id: UUID | None = getattr(self._now, "job_id", None)
        return root_span_id(job_id) if job_id else super().generate_span_id()


def root_span_id(job_id: UUID) -> int:
    """The id of a job's root span."""
    return int.from_bytes(hashlib.sha256(job_id.bytes).digest()[:8]) or 1


def below_root(job_id: UUID) -> Context:
    """Where a job's spans belong, before there is a root: whoever ends the job writes that."""
    root = SpanContext(job_id.int, root_span_id(job_id), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(root))
