"""What a queue has to offer to take part."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from tests.bench.queue.postgres import BenchPostgres


@dataclass(frozen=True)
class Contender(ABC):
    """One queue in one configuration, in a database of its own. Sent to the workers' processes."""

    name: str
    database: str
    #: SQL: how many jobs are not finished yet.
    unfinished: ClassVar[str]
    #: Jobs in a run, as a multiple of what the others get: for those so fast that a run would be over at once.
    stretch: ClassVar[int] = 1

    @abstractmethod
    def install(self, postgres: BenchPostgres) -> None:
        """Make the database and the schema."""

    @abstractmethod
    def fill(self, uri: str, jobs: int) -> None:
        """Empty the queue and its history, then put in empty jobs."""

    @abstractmethod
    def work(self, uri: str) -> None:
        """Be one worker until the queue is empty. Runs in a process of its own."""
