"""Images in Supabase Storage."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote, unquote

import httpx

from agent.errors import ImageRefused
from agent.images.patience import patience
from agent.settings import Settings

SCHEME = "storage://"


class Storage:
    """Reads the buckets that the agent's owner names, with the agent's key, from its own project only."""

    def __init__(self, settings: Settings, certificates: ssl.SSLContext) -> None:
        self._settings = settings
        #: Before a path, makes it the name of one thing in the world.
        self.origin = f"{settings.url} "
        self._http = httpx.AsyncClient(
            verify=certificates,
            timeout=patience(settings),
            trust_env=False,
            follow_redirects=False,
            headers=settings.credentials.headers(),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    @asynccontextmanager
    async def open(self, path: str, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """The answer of `storage://bucket/path`; raises ImageRefused."""
        url = f"{self._settings.url}/storage/v1/object/authenticated/{quote(self._object(path), safe='/')}"
        async with self._http.stream("GET", url, headers={**headers, "Accept-Encoding": "identity"}) as response:
            if response.status_code in {400, 404}:  # Storage answers 400 to what is not there
                raise ImageRefused(
                    path, "It is not in the bucket, or the agent may not read it.", hint="docs/security.md says how."
                )
            yield response

    def _object(self, path: str) -> str:
        """`bucket/path`; raises ImageRefused where that is not of an allowed bucket."""
        name = path[len(SCHEME) :]
        bucket, _, rest = name.partition("/")
        if bucket not in self._settings.storage_buckets:
            raise ImageRefused(
                path,
                "This agent does not read that bucket.",
                hint="The agent's owner can allow it with ARENA_STORAGE_BUCKETS.",
            )
        parts = unquote(unquote(rest)).replace("\\", "/").split("/")
        if any(part in {"", ".", ".."} for part in parts) or not "".join(parts).isprintable():
            raise ImageRefused(path, "It names no object in a bucket.")
        return name
