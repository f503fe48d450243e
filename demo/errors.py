"""What can go wrong when scenes are made.

DemoError
└── SceneError
"""


class DemoError(Exception):
    """The demo's data could not be made."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class SceneError(DemoError):
    """A street shows 0 to 12 cars; ask for a number between these."""
