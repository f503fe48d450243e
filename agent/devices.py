"""Which devices the workers of one process are for."""

import re
from collections.abc import Callable, Sequence

from agent.errors import SettingsError
from benchmark import DeviceReport

ALL = "all"


def devices(
    wanted: str | None,
    default: str,
    look: Callable[[str], DeviceReport],
    listed: Callable[[], Sequence[str]],
) -> list[str]:
    """``all`` GPUs that torch sees, or those of a list like ``0,2``; ``default`` where nothing is wanted.

    Where torch sees none, it is those that the driver has ``listed``, and at least ``cuda``: their workers say why
    nothing can be done, and go on when it can. Raises SettingsError.
    """
    if wanted is None:
        return [default]
    if wanted.strip().lower() == ALL:
        count = len(look("cuda").gpus) or len(listed())
        return [f"cuda:{index}" for index in range(count)] or ["cuda"]
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
