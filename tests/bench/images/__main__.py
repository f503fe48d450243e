"""How long a job's images take to come: ``python -m tests.bench.images``."""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx

from agent.images import ImageSource
from agent.job import JobImage
from agent.settings import load_settings


def main() -> None:
    """Print medians and ratios: one after another, eight at once, and again from the cache."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--kilobytes", type=int, default=200)
    parser.add_argument("--delay-ms", type=float, default=50.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with far_server(arguments.kilobytes * 1000, arguments.delay_ms / 1e3) as server:
        rounds = [measure(server, arguments.images) for _ in range(arguments.rounds)]
    plain_s, fetched_s, again_s = (median(each[number] for each in rounds) for number in range(3))
    say(f"{arguments.images} images of {arguments.kilobytes} kB, {arguments.delay_ms:g} ms away; medians:")
    say(f"  one after another  {plain_s:6.2f} s")
    say(f"  ours               {fetched_s:6.2f} s  {median(p / f for p, f, _, _ in rounds):5.1f} times as fast")
    say(f"  ours again         {again_s:6.2f} s  {median(p / a for p, _, a, _ in rounds):5.1f} times as fast")
    again_kb, all_kb = median(sent for *_, sent in rounds) / 1e3, arguments.images * arguments.kilobytes
    say(f"  sent again: {again_kb:.1f} kB of {all_kb} kB")


def measure(server: str, images: int) -> tuple[float, float, float, int]:
    """Seconds one after another, ours, and ours again; and the bytes that were sent then."""
    urls = [f"{server}/{number}" for number in range(images)]
    with tempfile.TemporaryDirectory() as folder:
        plain_s = seconds(lambda: one_after_another(urls, Path(folder)))
        fetched_s = seconds(lambda: ours(urls, Path(folder)))
        sent_before = sent_bytes(server)
        again_s = seconds(lambda: ours(urls, Path(folder)))
    return plain_s, fetched_s, again_s, sent_bytes(server) - sent_before


def one_after_another(urls: list[str], folder: Path) -> None:
    """As a script would, on one connection that is kept alive."""
    with httpx.Client(trust_env=False) as client:
        for number, url in enumerate(urls):
            Path(folder, f"plain-{number}").write_bytes(client.get(url).raise_for_status().content)


def ours(urls: list[str], folder: Path) -> None:
    settings = load_settings(
        SUPABASE_URL="http://127.0.0.1:9",
        SUPABASE_KEY="sb_secret_bench",
        ARENA_IMAGE_HOSTS="127.0.0.1",
        ARENA_CACHE_DIR=folder / "cache",
    )
    with tempfile.TemporaryDirectory(dir=folder) as downloads:
        found = ImageSource(settings).fetch([JobImage(url, 0) for url in urls], Path(downloads))
        assert all(isinstance(each, Path) for each in found), found


def sent_bytes(server: str) -> int:
    return int(httpx.get(f"{server}/sent", trust_env=False).text)


def seconds(work: object) -> float:
    start = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - start


@contextmanager
def far_server(image_bytes: int, delay_s: float) -> Iterator[str]:
    """Its address."""
    command = [sys.executable, "-m", "tests.bench.images.far_server", str(image_bytes), str(delay_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def say(line: str) -> None:
    print(line)  # noqa: T201 - a bench speaks to a person


if __name__ == "__main__":
    main()
