"""Which devices the workers of one process are for."""

import re
from collections.abc import Callable

from agent.errors import SettingsError
from benchmark import DeviceReport

ALL = "all"


def devices(wanted: str | None, default: str, look: Callable[[str], DeviceReport]) -> list[str]:
    """``all`` GPUs that torch sees, or those of a list like ``0,2``; ``default`` where nothing is wanted.

    Where there is no GPU at all it is ``cuda``, whose worker then says why nothing can be done. Raises SettingsError.
    """
    if wanted is None:
        return [default]
    if wanted.strip().lower() == ALL:
        return [f"cuda:{gpu.index}" for gpu in look("cuda").gpus] or ["cuda"]
    named = [_device(word) for word in wanted.split(",")]
    if len(set(named)) < len(named):
        raise SettingsError("--devices names a GPU twice.", hint="Two workers on one GPU would measure each other.")
    return named


def _device(word: str) -> str:
    match = re.fullmatch(r"\s*(?:cuda:)?(\d+)\s*", word)
    if not match:
        raise SettingsError(
            f"--devices cannot be read: {word.strip()!r} is no GPU.", hint="Give all, or numbers like 0,2."
        )
    return f"cuda:{int(match[1])}"
