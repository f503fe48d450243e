"""How tests fetch images."""

from pathlib import Path
from typing import Any, Protocol

from agent.errors import ImageError


class Fetch(Protocol):
    """Gives the files; raises the error of the first image that has one."""

    def __call__(self, paths: list[str], should_stop: Any = ..., **settings: Any) -> list[Path]: ...


class FetchAll(Protocol):
    """Gives file or error of each."""

    def __call__(self, paths: list[str], should_stop: Any = ..., **settings: Any) -> list[Path | ImageError]: ...
