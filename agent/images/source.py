"""Where a job's images come from."""

import asyncio
import hashlib
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import structlog
from tenacity import RetryCallState, retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from agent.errors import ImageError, ImageRefused, ImageUnreachable, SettingsError
from agent.images.body import pieces
from agent.images.budget import Budget
from agent.images.cache import ImageCache
from agent.images.local_root import local_file
from agent.images.pinned import Resolve, resolve
from agent.images.storage import SCHEME, Storage
from agent.images.watch import ImageWatch, NobodyCounts
from agent.images.web import Web, check_status
from agent.job import JobImage
from agent.settings import Settings
from agent.stopping import run_at_once, unless_stopped

_log = structlog.stdlib.get_logger(__name__)

_AT_ONCE = 8
_MOST_IMAGES = 2000
_ATTEMPTS = 3
_LONGEST_PAUSE_SECONDS = 30.0
_backoff = wait_random_exponential(multiplier=1.0, max=4.0)


class ImageSource:
    """Fetches images over http(s) or from Supabase Storage, or finds them under the agent's own image root.

    Needs no main thread. Raises SettingsError where the certificates that the environment names cannot be read.
    """

    def __init__(self, settings: Settings, resolve: Resolve = resolve, watch: ImageWatch | None = None) -> None:
        self._settings, self._resolve, self._watch = settings, resolve, watch or NobodyCounts()
        self._certificates = _certificates()

    def fetch(
        self, images: Sequence[JobImage], folder: Path, should_stop: Callable[[], bool] = lambda: False
    ) -> list[Path | ImageError]:
        """The file of each image in order, or why there is none; downloads go into ``folder``.

        Raises Cancelled within a second after ``should_stop`` said so.
        """
        return run_at_once(self._work(folder).run(images, should_stop))

    def _work(self, folder: Path) -> "_Fetch":
        web = Web(self._settings, self._certificates, self._resolve)
        return _Fetch(self._settings, web, Storage(self._settings, self._certificates), folder, self._watch)


@dataclass(frozen=True)
class _Found:
    """An image that is here, and which way it came."""

    file: Path
    way: str


class _Fetch:
    """The images of one job; asynchronous, since only so can a download be broken off."""

    def __init__(self, settings: Settings, web: Web, storage: Storage, folder: Path, watch: ImageWatch) -> None:
        self._settings, self._folder, self._watch = settings, folder, watch
        self._ends_at = time.monotonic() + settings.image_total_seconds
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._budget = Budget(settings.image_total_mb)
        self._cache = ImageCache(settings.cache_dir / "images", settings.image_cache_mb * 1e6)
        self._web, self._storage = web, storage

    async def run(self, images: Sequence[JobImage], should_stop: Callable[[], bool]) -> list[Path | ImageError]:
        async with AsyncExitStack() as stack:
            for source in (self._web, self._storage):
                stack.push_async_callback(source.aclose)
            tasks = [asyncio.create_task(self._one(i, image.image_path)) for i, image in enumerate(images)]
            found = await unless_stopped(tasks, should_stop)
        self._cache.trim()
        return found

    async def _one(self, index: int, path: str) -> Path | ImageError:
        async with self._slots:
            started = time.perf_counter()
            found = await self._found(index, path)
            if isinstance(found, ImageError):
                self._watch.failed(found.code)
                return found
            self._watch.fetched(found.way, _size(found.file), time.perf_counter() - started)
            return found.file

    async def _found(self, index: int, path: str) -> _Found | ImageError:
        try:
            if index >= _MOST_IMAGES:
                raise ImageRefused(path, f"A job may have {_MOST_IMAGES} images.")
            return await self._find(path, self._folder / f"{index:05d}")
        except ImageError as error:
            return error
        except Exception:  # a stranger's text met code that nobody wrote for it: still only one image
            _log.exception("unexpected error", action="image_failed")
            return ImageRefused(path, "The agent met an unexpected error; its log has more.")

    async def _find(self, path: str, target: Path) -> _Found:
        scheme, is_url, _ = path.partition("://")
        if not is_url:
            return _Found(local_file(self._settings.image_root, path), "local")
        if path.startswith(SCHEME):
            return await self._in_time(self._storage, path, target)
        if scheme.lower() in {"http", "https"}:
            return await self._in_time(self._web, path, target)
        raise ImageRefused(path, "This agent reads https:// and storage:// images only.")

    async def _in_time(self, source: Web | Storage, path: str, target: Path) -> _Found:
        """All attempts, with the pauses between them."""
        patience, left = self._settings.image_timeout_seconds, self._ends_at - time.monotonic()
        try:
            async with asyncio.timeout(min(patience, left)):
                return await self._download(source, path, target)
        except TimeoutError as error:
            if patience < left:
                raise ImageUnreachable(path, f"It did not arrive within {patience:g} s.") from error
            together = f"within {self._settings.image_total_seconds:g} s together."
            raise ImageUnreachable(path, f"The job's images did not arrive {together}") from error

    @retry(
        retry=retry_if_exception(lambda error: _worth_a_try(error)),
        wait=lambda state: _pause(state),
        stop=stop_after_attempt(_ATTEMPTS),
        reraise=True,
    )
    async def _download(self, source: Web | Storage, path: str, target: Path) -> _Found:
        key = source.origin + path
        validators = self._cache.validators(key)
        try:
            async with source.open(path, validators) as response:
                check_status(path, response, may_be_unchanged=bool(validators))
                is_new = await self._receive(path, key, response, target)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ImageUnreachable(path, f"It cannot be fetched: {type(error).__name__}.") from error
        except OSError as error:
            raise ImageUnreachable(path, f"It cannot be saved: {error.strerror}.") from error
        way = "storage" if source is self._storage else "web"
        return _Found(target, way if is_new else "cache")

    async def _receive(self, path: str, key: str, response: httpx.Response, target: Path) -> bool:
        """Whether it had to be sent; else it was in the cache."""
        if response.status_code != httpx.codes.NOT_MODIFIED:
            sha256 = await self._save(path, response, target)
            self._cache.keep(key, response.headers, target, sha256)
            return True
        await response.aread()  # there is nothing, but only then is the connection used again
        size = self._cache.take(key, target)
        if size is None:
            raise ImageUnreachable(path, "It was to be in the cache and is not.")
        self._budget.spend(path, size)
        return False

    async def _save(self, path: str, response: httpx.Response, target: Path) -> str:
        """Counts what is written, not what the server says; gives its sha256."""
        limit = size = int(self._settings.image_max_mb * 1e6)
        sha256 = hashlib.sha256()
        with target.open("wb") as file:
            async for chunk in pieces(path, response):
                size -= len(chunk)
                if size < 0:
                    raise ImageRefused(
                        path,
                        f"It is larger than {limit / 1e6:g} MB.",
                        hint="The agent's owner can raise ARENA_IMAGE_MAX_MB.",
                    )
                self._budget.spend(path, len(chunk))
                file.write(chunk)
                sha256.update(chunk)
        return sha256.hexdigest()


def _certificates() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise SettingsError("The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read.") from error


def _size(file: Path) -> int:
    """In bytes; 0 for one that has just gone, which is for whoever reads it to say."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _worth_a_try(error: BaseException) -> bool:
    return isinstance(error, ImageUnreachable) and error.retry_after_s <= _LONGEST_PAUSE_SECONDS


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return max(getattr(error, "retry_after_s", 0.0), _backoff(state))
