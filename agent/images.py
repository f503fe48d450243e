"""Brings a job's images to the local disk."""

import asyncio
import ipaddress
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from agent.errors import ImageRefused, ImageUnreachable
from agent.job import JobImage
from agent.log import scrub
from agent.settings import Settings
from agent.stopping import run_at_once, unless_stopped

_AT_ONCE = 8
_CHUNK_BYTES = 1 << 16
_CONNECT_SECONDS = 5.0


class ImageSource:
    """Fetches images over http(s), or finds them under the agent's own image root.

    Redirects are not followed, and a host with an address that is not public is refused
    unless ``ARENA_IMAGE_HOSTS`` names it: the paths are written by strangers.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def fetch(
        self, images: Sequence[JobImage], folder: Path, should_stop: Callable[[], bool] = lambda: False
    ) -> list[Path]:
        """Files of ``images`` in order; downloads go into ``folder``.

        Raises ImageUnreachable (transient) or ImageRefused, naming the first image at fault,
        or Cancelled within a second after ``should_stop`` said so.
        """
        return run_at_once(_Download(self._settings, folder).run(images, should_stop))


class _Download:
    """The images of one job; asynchronous, since only so can a download be broken off."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(settings.image_timeout_seconds, connect=_CONNECT_SECONDS),
            trust_env=False,
            follow_redirects=False,
        )

    async def run(self, images: Sequence[JobImage], should_stop: Callable[[], bool]) -> list[Path]:
        async with self._http:
            tasks = [asyncio.create_task(self._one(i, image.image_path)) for i, image in enumerate(images)]
            return await unless_stopped(tasks, should_stop)

    async def _one(self, index: int, path: str) -> Path:
        async with self._slots:
            scheme, is_url, _ = path.partition("://")
            if is_url and scheme.lower() in {"http", "https"}:
                await self._require_public(path, _host(path))
                return await self._download(path, self._folder / f"{index:05d}")
            if is_url:
                raise ImageRefused(f"{scrub(path)}: this agent reads https:// and http:// images only.")
            return self._under_root(path)

    def _under_root(self, path: str) -> Path:
        root = self._settings.image_root
        if root is None:
            raise ImageRefused(
                f"{path} is not a URL, and this agent reads no local files.",
                hint="Give https:// addresses, or set ARENA_IMAGE_ROOT on the agent.",
            )
        try:
            file = (root / path).resolve()
            inside, found = file.is_relative_to(root.resolve()), file.is_file()
        except (OSError, ValueError, RuntimeError) as error:
            raise ImageRefused(f"{path[:80]} is not a path that can be read.") from error
        if not inside:
            raise ImageRefused(f"{path} lies outside the agent's ARENA_IMAGE_ROOT.")
        if not found:
            raise ImageRefused(f"{path} is not among the agent's local images.")
        return file

    async def _require_public(self, url: str, host: str) -> None:
        if host in self._settings.image_hosts:
            return
        try:
            found = {info[4][0] for info in await asyncio.get_running_loop().getaddrinfo(host, None)}
        except (OSError, UnicodeError) as error:
            raise ImageUnreachable(f"{scrub(url)}: the host {host!r} is not known.") from error
        if not all(ipaddress.ip_address(str(a).split("%")[0]).is_global for a in found):
            raise ImageRefused(
                f"{scrub(url)}: the host {host!r} is not on the public internet.",
                hint="The agent's owner can allow it with ARENA_IMAGE_HOSTS.",
            )

    @retry(
        retry=retry_if_exception_type(ImageUnreachable),
        wait=wait_random_exponential(multiplier=1.0, max=4.0),
        stop=stop_after_attempt(3),
        reraise=True,
    )
    async def _download(self, url: str, target: Path) -> Path:
        patience = self._settings.image_timeout_seconds
        try:
            async with asyncio.timeout(patience), self._http.stream("GET", url) as response:
                _check_status(url, response)
                await self._save(url, response, target)
        except httpx.HTTPError as error:
            raise ImageUnreachable(f"{scrub(url)}: {type(error).__name__}.") from error
        except TimeoutError as error:
            raise ImageUnreachable(f"{scrub(url)} did not arrive within {patience:g} s.") from error
        return target

    async def _save(self, url: str, response: httpx.Response, target: Path) -> None:
        limit = int(self._settings.image_max_mb * 1e6)
        size = 0
        with target.open("wb") as file:
            async for chunk in response.aiter_bytes(_CHUNK_BYTES):
                size += len(chunk)
                if size > limit:
                    raise ImageRefused(
                        f"{scrub(url)} is larger than {self._settings.image_max_mb:g} MB.",
                        hint="The agent's owner can raise ARENA_IMAGE_MAX_MB.",
                    )
                file.write(chunk)


def _host(url: str) -> str:
    """The host that httpx would go to; another parser might see another one."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ImageRefused(f"{scrub(url)} is not an address that can be read.") from error
    if not 0 < (address.port or 80) < 65536:
        raise ImageRefused(f"{scrub(url)}: there is no port {address.port}.")
    return address.host.lower()


def _check_status(url: str, response: httpx.Response) -> None:
    status = response.status_code
    if status in {408, 425, 429} or status >= 500:
        raise ImageUnreachable(f"{scrub(url)}: the server answered {status}.")
    if status != 200:
        raise ImageRefused(f"{scrub(url)}: the server answered {status}, not 200.")
