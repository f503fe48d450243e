"""Downloads one file, whole or not at all."""

import asyncio
import ipaddress
import re
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
from tenacity import RetryCallState, retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from agent.errors import WeightsRefused, WeightsUnreachable
from agent.partial_file import PartialFile
from agent.retry_after import retry_after_s
from agent.stopping import run_at_once, unless_stopped
from benchmark import WeightsMismatch

OnBytes = Callable[[int, int | None], object]
"""Called with the bytes that are here and those there will be, where that is known; a few times a second."""

_ATTEMPTS = 6
_REDIRECTS = 5
_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 120.0
_TELL_SECONDS = 0.25
_CONTENT_RANGE = re.compile(r"bytes (\d+)-")
_backoff = wait_random_exponential(multiplier=1.0, max=30.0)


class DiskFull(OSError):
    """There is no room for the file."""


class Download:
    """Brings what ``url`` sends to ``target`` if its hash is one of ``sha256``.

    After a break it goes on where it was, in this process or a later one, if the server still has the same version
    of the file. Asks over https, over http only on this machine itself, and does not leave that by a redirect.
    """

    def __init__(
        self,
        url: str,
        sha256: Collection[str],
        target: Path,
        on_bytes: OnBytes = lambda _here, _all: None,
        silence_seconds: float = _SILENCE_SECONDS,
    ) -> None:
        self._url, self._sha256 = url, sha256
        self._part, self._name = PartialFile(target, url), target.name
        self._on_bytes, self._told_at = on_bytes, 0.0
        self._timeout = httpx.Timeout(silence_seconds, connect=_CONNECT_SECONDS)

    def run(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Do it; only the owner of a lock on ``target`` may.

        Raises WeightsUnreachable (transient; what has come stays for the next time); WeightsRefused, WeightsMismatch
        or OSError (of which DiskFull), which leave nothing; Cancelled within a second after ``should_stop`` said so.
        """
        try:
            run_at_once(self._run(should_stop))
        except (OSError, WeightsRefused, WeightsMismatch):
            with suppress(OSError):
                self._part.discard()
            raise

    async def _run(self, should_stop: Callable[[], bool]) -> None:
        async with _client(self._timeout) as self._http:
            await unless_stopped([asyncio.create_task(self._insist())], should_stop)
        self._part.publish()

    @retry(
        retry=retry_if_exception(lambda error: _worth_a_try(error)),
        wait=lambda state: _pause(state),
        stop=stop_after_attempt(_ATTEMPTS),
        reraise=True,
    )
    async def _insist(self) -> None:
        try:
            async with self._answer() as response:
                await self._receive(response)
        except httpx.InvalidURL as error:
            raise WeightsRefused(f"{public(self._url)} is not an address that can be read.") from error
        except httpx.HTTPError as error:
            raise WeightsUnreachable(
                f"{public(self._url)}: {type(error).__name__}.",
                hint=f"Check the network, or put {self._name} into the weights folder yourself.",
            ) from error

    @asynccontextmanager
    async def _answer(self) -> AsyncIterator[httpx.Response]:
        """The answer to a request for what is still missing, after all redirects."""
        request = self._http.build_request("GET", self._url, headers=self._headers())
        at_home = is_loopback(request.url)
        for _ in range(_REDIRECTS + 1):
            _check_address(request.url, at_home=at_home)
            response = await self._http.send(request, stream=True)
            try:
                if response.next_request is None:
                    yield response
                    return
                request = response.next_request
            finally:
                await response.aclose()
        raise WeightsRefused(f"{public(self._url)} is redirected more than {_REDIRECTS} times.")

    def _headers(self) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}
        version = self._part.version
        return headers | {"Range": f"bytes={self._part.size}-", "If-Range": version} if version else headers

    async def _receive(self, response: httpx.Response) -> None:
        """Write it down. Raises WeightsMismatch where it is the wrong one."""
        begun = self._part.size
        asked_for_rest = "Range" in response.request.headers
        if response.status_code != 416 or not asked_for_rest:  # which says that there is no more
            _check_status(response)
            begun = self._place_of(response)
            await self._write(response)
        self._check(begun)

    def _place_of(self, response: httpx.Response) -> int:
        """Bytes that are here already and before those of the answer."""
        if response.status_code == 200:
            self._part.start(_version(response))
            return 0
        place = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
        etag, version = response.headers.get("ETag"), self._part.version
        same = etag in (None, version) or not (version or "").startswith('"')
        if not place or int(place[1]) != self._part.size or not same:
            self._part.discard()
            raise WeightsUnreachable(
                f"{public(self._url)}: the server sent another part of the file than the missing one."
            )
        return self._part.size

    async def _write(self, response: httpx.Response) -> None:
        here, length = self._part.size, response.headers.get("Content-Length")
        total = here + int(length) if length else None
        if length and int(length) > self._part.room:
            raise DiskFull(f"it needs {megabytes(int(length))}, and {megabytes(self._part.room)} are free")
        with self._part.append() as file:
            async for chunk in response.aiter_raw():
                file.write(chunk)
                here += len(chunk)
                self._tell(here, total)
        self._on_bytes(here, total)

    def _tell(self, here: int, total: int | None) -> None:
        if (now := time.monotonic()) - self._told_at >= _TELL_SECONDS:
            self._told_at = now
            self._on_bytes(here, total)

    def _check(self, begun: int) -> None:
        found = self._part.sha256()
        if found in self._sha256:
            return
        self._part.discard()
        if begun:  # what was here before may be to blame, as after a power cut
            raise WeightsUnreachable(f"{public(self._url)}: the parts of the file do not fit together.")
        error = WeightsMismatch(
            f"What {public(self._url)} sends is not what the catalogue names: its sha256 is another one. "
            "It was not kept."
        )
        error.add_note(f"Its sha256 is {found}, not {' or '.join(self._sha256)}.")
        raise error


def _client(timeout: httpx.Timeout) -> httpx.AsyncClient:
    # What goes to this machine itself goes through no proxy.
    near = {f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")}
    try:
        return httpx.AsyncClient(timeout=timeout, follow_redirects=False, mounts=near)
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
        raise WeightsUnreachable(
            "Nothing can be downloaded: the proxy or the certificates that the environment names cannot be used.",
            hint="Check HTTPS_PROXY, ALL_PROXY (http:// and https:// work), SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from error


def public(url: str) -> str:
    """The address without password and query, for people; what is percent-encoded, like a line break, stays so."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return "The address"
    path = parsed.raw_path.partition(b"?")[0]
    return f"{parsed.scheme}://{(parsed.netloc + path).decode('ascii')}"


def is_loopback(url: httpx.URL) -> bool:
    """Whether it leads to this machine itself."""
    if url.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return False


def megabytes(size: int) -> str:
    """As people read it."""
    return f"{size / 1e6:.1f} MB" if size < 1e8 else f"{size / 1e6:.0f} MB"


def _check_address(url: httpx.URL, *, at_home: bool) -> None:
    near = is_loopback(url)
    if not 0 < (url.port or 443) < 65536:
        raise WeightsRefused(f"{public(str(url))}: there is no such port.")
    if not (url.scheme == "https" or (url.scheme == "http" and near)):
        raise WeightsRefused(f"{public(str(url))} is not an https:// address, so nothing is downloaded from it.")
    if near and not at_home:
        raise WeightsRefused(f"A redirect leads to {public(str(url))}, which is this machine itself.")


def _check_status(response: httpx.Response) -> None:
    status, where = response.status_code, public(str(response.url))
    if status in {408, 425, 429} or status >= 500:
        error = WeightsUnreachable(f"{where}: the server answered {status}.")
        error.retry_after_s = retry_after_s(response)
        raise error
    if status not in {200, 206}:
        raise WeightsRefused(f"{where}: the server answered {status}, not 200.")


def _version(response: httpx.Response) -> str | None:
    """Name of this version of the file, as If-Range takes it: a strong ETag, or else when it was changed."""
    etag: str = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _worth_a_try(error: BaseException) -> bool:
    return isinstance(error, WeightsUnreachable) and error.retry_after_s <= _LONGEST_PAUSE_SECONDS


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return max(getattr(error, "retry_after_s", 0.0), _backoff(state))
