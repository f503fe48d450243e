"""The seam between the agent and the queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from uuid import UUID

from agent.job import Lease
from benchmark import Rating, Tally

Renewal = Literal["renewed", "cancelled", "lost"]
Completion = Literal["completed", "cancelled", "lost"]
Failure = Literal["retrying", "failed", "cancelled", "lost"]
Release = Literal["released", "cancelled", "lost"]
AgentStatus = Literal["idle", "stopped"]

#: What this agent and a database may ask of each other, as a number; docs/upgrades.md has the others.
CONTRACT = 2


@dataclass(frozen=True)
class AgentCard:
    """Who an agent is and which models it can run, for the row in ``agents``."""

    id: UUID
    name: str
    version: str
    hardware: Mapping[str, Any]
    models: Sequence[str]


class JobStore(Protocol):
    """Everything one agent may do to a job. Every call can be repeated without harm.

    All raise StoreUnavailable (try later), KeyRefused, NotMigrated or RequestRefused.
    """

    def register(self, status: AgentStatus = "idle", problem: str | None = None) -> None:
        """Make or refresh the agent's row.

        `problem` says in a sentence why the agent cannot work, None that it can; with one, no model counts as its own.
        """

    def claim(self, request_id: UUID) -> Lease | None:
        """Take the next job whose models this agent can run; the same ``request_id`` gives the same claim."""

    def renew(self, lease: Lease, progress: Mapping[str, Any] | None) -> Renewal:
        """Extend the lease by its length and publish progress."""

    def complete(self, lease: Lease, result: Mapping[str, Any], images: Sequence[Mapping[str, Any]]) -> Completion:
        """Write the result and end the job, in one transaction."""

    def fail(self, lease: Lease, error: Mapping[str, Any], *, transient: bool) -> Failure:
        """End the attempt; a transient failure is tried again while attempts are left."""

    def release(self, lease: Lease) -> Release:
        """Give the job back without spending an attempt."""


@dataclass(frozen=True)
class StaleTallies:
    """What a machine's ratings are to be made of."""

    machine: str
    version: int
    tallies: Sequence[Tally]


class RatingStore(Protocol):
    """The battles' tallies and the ratings. Raises as JobStore does."""

    def stale_tallies(self) -> Sequence[StaleTallies]:
        """Of the machines whose ratings are older than their results."""

    def put_ratings(self, of: StaleTallies, ratings: Sequence[Rating]) -> bool:
        """Replace a machine's ratings; False where newer ones are there already, or the machine is being tallied."""
