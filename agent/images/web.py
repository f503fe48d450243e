"""Images at addresses that strangers wrote."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from agent.errors import ImageRefused, ImageUnreachable
from agent.images.patience import patience
from agent.images.pinned import HostNotPublic, HostUnknown, PinnedTransport, Resolve, resolve
from agent.retry_after import retry_after_s
from agent.settings import Settings

_REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}
_ALLOW_HINT = "The agent's owner can allow it with ARENA_IMAGE_HOSTS."


class Web:
    """Asks only what is on the public internet, or what the agent's owner allows by name."""

    #: Before a path, makes it the name of one thing in the world.
    origin = ""

    def __init__(self, settings: Settings, certificates: ssl.SSLContext, resolve: Resolve = resolve) -> None:
        self._settings = settings
        self._http = httpx.AsyncClient(
            transport=PinnedTransport(self._is_allowed, certificates, resolve),
            timeout=patience(settings),
            headers={"User-Agent": "vision-arena"},
            trust_env=False,
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # one job's are no business of another's
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    @asynccontextmanager
    async def open(self, path: str, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """The answer, after at most 3 redirects, each of them checked like the first address.

        Raises ImageRefused or ImageUnreachable.
        """
        url = self._checked(path, path, "It")
        for _ in range(_REDIRECTS + 1):
            async with self._ask(path, url, headers) as response:
                if not response.has_redirect_location:
                    yield response
                    return
                url = self._redirected(path, url, response.headers["location"])
        raise ImageRefused(path, f"It is redirected more than {_REDIRECTS} times.")

    def _redirected(self, path: str, url: httpx.URL, location: str) -> httpx.URL:
        try:
            target = url.join(location)
        except (httpx.InvalidURL, ValueError) as error:
            raise ImageRefused(path, "It is redirected to an address that cannot be read.") from error
        return self._checked(path, str(target), "It is redirected to an address that")

    @asynccontextmanager
    async def _ask(self, path: str, url: httpx.URL, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        request = self._http.build_request("GET", url, headers={**headers, "Accept-Encoding": "identity"})
        try:
            response = await self._http.send(request, stream=True)
        except HostNotPublic as error:
            raise ImageRefused(path, "Its host is not on the public internet.", hint=_ALLOW_HINT) from error
        except HostUnknown as error:
            raise ImageUnreachable(path, "Its host is not known.") from error
        except UnicodeError as error:  # httpx reads where it is redirected to
            raise ImageRefused(path, "It is redirected to an address that cannot be read.") from error
        try:
            yield response
        finally:
            await response.aclose()

    def _checked(self, path: str, address: str, subject: str) -> httpx.URL:
        """Read by the same parser that connects: another might see another host in it."""
        try:
            url = httpx.URL(address)
            port = _PORTS.get(url.scheme, 0) if url.port is None else url.port
            allowed = bool(url.host) and self._is_allowed(url.raw_host.decode("ascii"), port)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise ImageRefused(path, f"{subject} cannot be read as an address.") from error
        if url.scheme not in _PORTS or not url.host:
            raise ImageRefused(path, f"{subject} is not an https:// address.")
        if url.userinfo:
            raise ImageRefused(path, f"{subject} holds a user name or a password.")
        if url.scheme == "http" and not (allowed or self._settings.image_http):
            raise ImageRefused(
                path, f"{subject} is an http:// address.", hint="The agent's owner can allow it with ARENA_IMAGE_HTTP."
            )
        if not 0 < port < 65536:
            raise ImageRefused(path, f"{subject} asks for a port that there is not.")
        if not allowed and port not in _PORTS.values():
            raise ImageRefused(path, f"{subject} asks for port {port}; only 80 and 443 are open.", hint=_ALLOW_HINT)
        return url

    def _is_allowed(self, host: str, port: int) -> bool:
        shown = f"[{host}]" if ":" in host else host
        return not self._settings.image_hosts.isdisjoint({host, shown, f"{shown}:{port}"})


def check_status(path: str, response: httpx.Response, *, may_be_unchanged: bool) -> None:
    """Raises ImageUnreachable where the server may answer better later, ImageRefused where it will not."""
    status = response.status_code
    if status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS} or status >= 500:
        error = ImageUnreachable(path, f"The server answered {status}.")
        error.retry_after_s = retry_after_s(response)
        raise error
    if status != HTTPStatus.OK and not (may_be_unchanged and status == HTTPStatus.NOT_MODIFIED):
        raise ImageRefused(path, f"The server answered {status}, not 200.")
