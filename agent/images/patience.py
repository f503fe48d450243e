"""How long a server may take."""

import httpx

from agent.settings import Settings

_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 10.0


def patience(settings: Settings) -> httpx.Timeout:
    """For the connection and for each silence; so short that an image may be asked for again in its own time."""
    silence = min(_SILENCE_SECONDS, settings.image_timeout_seconds / 3)
    return httpx.Timeout(silence, connect=min(_CONNECT_SECONDS, silence))
