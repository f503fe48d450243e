"""Errors of the local stack.

LocalError
├── InstallFailed
├── PortTaken
└── StartupFailed
"""


class LocalError(Exception):
    """The local stack failed."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class InstallFailed(LocalError):
    """The packages of the local stack could not be installed."""


class PortTaken(LocalError):
    """The port is in use by another program: choose another one, or none to get a free one."""


class StartupFailed(LocalError):
    """A process of the local stack did not start."""
