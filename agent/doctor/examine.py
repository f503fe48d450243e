"""Runs the checks, none of which hides another, and none of which waits for ever."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from agent.doctor.finding import Finding, problem
from agent.doctor.place import Place
from agent.errors import AgentError
from agent.log import scrub
from benchmark import BenchmarkError

#: All checks together.
LIMIT_SECONDS = 60.0
#: What is kept for each check, however long those before it hang; most need a few milliseconds.
_LEAST_SECONDS = 0.5
_AS_IT_SAYS = "Mend what it says, and look again."


@dataclass(frozen=True)
class Check:
    """Something that can be wrong."""

    name: str
    look: Callable[[Place], Finding]
    #: After so many seconds it is given up: a name that is looked up, a disk that is gone, cannot be broken off.
    seconds: float = 15.0

    def run(self, place: Place, seconds: float) -> Finding:
        """What there is to be found within so many seconds; an error of the check is a finding too."""
        answers: queue.Queue[Finding] = queue.Queue()
        threading.Thread(target=lambda: answers.put(_looked(self.look, place)), name=self.name, daemon=True).start()
        try:
            return _scrubbed(answers.get(timeout=seconds))
        except queue.Empty:
            return problem(
                f"No answer within {seconds:.2g} s.", "What it waits for hangs: the network, a disk or a driver."
            )


@dataclass(frozen=True, slots=True)
class Examined:
    """A check and what it found."""

    name: str
    finding: Finding


def examine(
    checks: Sequence[Check],
    place: Place,
    before: Callable[[str], object] = lambda _: None,
    limit_seconds: float = LIMIT_SECONDS,
    least_seconds: float = _LEAST_SECONDS,
) -> Iterator[Examined]:
    """Run them in order, within `limit_seconds`; `before` is told the name of each as it begins.

    A check has its own seconds, but leaves `least_seconds` for each that follows.
    """
    ends_at = time.monotonic() + limit_seconds
    for following, check in reversed(list(enumerate(reversed(checks)))):
        before(check.name)
        left = ends_at - time.monotonic() - following * least_seconds
        yield Examined(check.name, check.run(place, min(check.seconds, max(left, least_seconds))))


def to_json(examined: Sequence[Examined]) -> dict[str, Any]:
    """For programs; docs/doctor.md has the keys."""
    states = [each.finding.state for each in examined]
    return {
        "checks": [{"name": each.name, **asdict(each.finding)} for each in examined],
        "problems": states.count("problem"),
        "warnings": states.count("warning"),
    }


def _looked(look: Callable[[Place], Finding], place: Place) -> Finding:
    try:
        return look(place)
    except AgentError as error:
        return problem(error.message, error.hint or _AS_IT_SAYS)
    except BenchmarkError as error:
        return problem(str(error), _AS_IT_SAYS)
    except Exception as error:
        return problem(f"The check itself failed: {type(error).__name__}: {error}", "That is a bug: please report it.")


def _scrubbed(finding: Finding) -> Finding:
    """Without keys, passwords and query strings, whoever's words they are in."""
    expected, mend = (text and scrub(text) for text in (finding.expected, finding.mend))
    return Finding(finding.state, scrub(finding.found), expected, mend)
