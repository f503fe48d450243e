"""Brings a job's images to the local disk."""

import ipaddress
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from agent.errors import ImageRefused, ImageUnreachable
from agent.job import JobImage
from agent.log import scrub
from agent.settings import Settings

_WORKERS = 8
_CHUNK_BYTES = 1 << 16


class ImageSource:
    """Fetches images over http(s), or finds them under the agent's own image root.

    Redirects are not followed, and a host with an address that is not public is refused
    unless ``ARENA_IMAGE_HOSTS`` names it: the paths are written by strangers.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = httpx.Client(
            timeout=httpx.Timeout(settings.image_timeout_seconds, connect=5.0),
            trust_env=False,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def fetch(self, images: Sequence[JobImage], folder: Path) -> list[Path]:
        """Files of ``images`` in order; downloads go into ``folder``.

        Raises ImageUnreachable (transient) or ImageRefused, naming the first image at fault.
        """
        with ThreadPoolExecutor(_WORKERS) as pool:
            names = [folder / f"{i:05d}" for i in range(len(images))]
            return list(pool.map(self._fetch_one, images, names))

    def _fetch_one(self, image: JobImage, target: Path) -> Path:
        if urlsplit(image.image_path).scheme in {"http", "https"}:
            self._require_public(image.image_path)
            return self._download(image.image_path, target)
        if "://" in image.image_path:
            raise ImageRefused(f"{scrub(image.image_path)}: this agent reads https:// and http:// images only.")
        return self._under_root(image.image_path)

    def _under_root(self, path: str) -> Path:
        root = self._settings.image_root
        if root is None:
            raise ImageRefused(
                f"{path} is not a URL, and this agent reads no local files.",
                hint="Give https:// addresses, or set ARENA_IMAGE_ROOT on the agent.",
            )
        file = (root / path).resolve()
        if not file.is_relative_to(root.resolve()):
            raise ImageRefused(f"{path} lies outside the agent's ARENA_IMAGE_ROOT.")
        if not file.is_file():
            raise ImageRefused(f"{path} is not among the agent's local images.")
        return file

    def _require_public(self, url: str) -> None:
        host = (urlsplit(url).hostname or "").lower()
        if host in self._settings.image_hosts:
            return
        try:
            found = {info[4][0] for info in socket.getaddrinfo(host, None)}
        except (OSError, UnicodeError) as error:
            raise ImageUnreachable(f"{scrub(url)}: the host {host!r} is not known.") from error
        if not all(ipaddress.ip_address(str(a).split("%")[0]).is_global for a in found):
            raise ImageRefused(
                f"{scrub(url)}: the host {host!r} is not on the public internet.",
                hint="The agent's owner can allow it with ARENA_IMAGE_HOSTS.",
            )

    @retry(
        retry=retry_if_exception_type(ImageUnreachable),
        wait=wait_exponential_jitter(initial=0.5, max=4.0),
        stop=stop_after_attempt(3),
        reraise=True,
    )
    def _download(self, url: str, target: Path) -> Path:
        try:
            with self._http.stream("GET", url) as response:
                self._check_status(url, response)
                self._save(url, response, target)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ImageUnreachable(f"{scrub(url)}: {type(error).__name__}.") from error
        return target

    def _check_status(self, url: str, response: httpx.Response) -> None:
        status = response.status_code
        if status in {408, 425, 429} or status >= 500:
            raise ImageUnreachable(f"{scrub(url)}: the server answered {status}.")
        if status != 200:
            raise ImageRefused(f"{scrub(url)}: the server answered {status}, not 200.")

    def _save(self, url: str, response: httpx.Response, target: Path) -> None:
        limit = int(self._settings.image_max_mb * 1e6)
        size = 0
        with target.open("wb") as file:
            for chunk in response.iter_bytes(_CHUNK_BYTES):
                size += len(chunk)
                if size > limit:
                    raise ImageRefused(
                        f"{scrub(url)} is larger than {self._settings.image_max_mb:g} MB.",
                        hint="The agent's owner can raise ARENA_IMAGE_MAX_MB.",
                    )
                file.write(chunk)
