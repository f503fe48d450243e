"""What a check has found."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "problem", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's answer, in sentences for whoever runs the machine."""

    state: State
    #: What is.
    found: str
    #: What should be, unless that goes without saying.
    expected: str | None = None
    #: What to do about it: commands in backticks. None where nothing is to be done.
    mend: str | None = None


def ok(found: str) -> Finding:
    """All is as it should be."""
    return Finding("ok", found)


def skipped(found: str) -> Finding:
    """It was not looked at, and why."""
    return Finding("skipped", found)


def warning(found: str, mend: str, expected: str | None = None) -> Finding:
    """An agent can work like this, but not as well as it could."""
    return Finding("warning", found, expected, mend)


def problem(found: str, mend: str, expected: str | None = None) -> Finding:
    """An agent cannot work like this."""
    return Finding("problem", found, expected, mend)
