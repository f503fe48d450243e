"""What the Examiner makes of damaged images."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmark import BadImage, Box
from benchmark.decoding import Examiner


@dataclass(frozen=True)
class Damaged:
    """One of them."""

    path: Path
    image_path: str
    boxes: tuple[Box, ...] = ()


@dataclass
class Sweep:
    """What was seen."""

    #: How many ended as an image, or as an error that says so.
    ends: Counter[str] = field(default_factory=Counter)
    #: Ends of the child process.
    deaths: int = 0
    longest_s: float = 0.0
    #: Most resident memory of the child, in MiB.
    peak_mb: float = 0.0


def sweep(images: Iterable[bytes], folder: Path) -> Sweep:
    """Examine each; those that cost the process its life stay in `folder`."""
    seen, path = Sweep(), folder / "image"
    with Examiner() as examiner:
        for number, content in enumerate(images):
            path.write_bytes(content)
            before, start = examiner.pid, time.perf_counter()
            (finding,) = examiner.examine([Damaged(path, "x")])
            if number:  # the first one waits for the process
                seen.longest_s = max(seen.longest_s, time.perf_counter() - start)
            seen.ends[_end(finding)] += 1
            if before is not None and examiner.pid != before:
                seen.deaths += 1
                path.rename(folder / f"deadly-{number}")
            else:
                seen.peak_mb = max(seen.peak_mb, _peak_mb(examiner.pid))
    return seen


def _end(finding: object) -> str:
    if isinstance(finding, tuple):
        return "an image"
    assert isinstance(finding, BadImage), finding
    return finding.reason.split(";")[0] if "pixels" not in finding.reason else "It has too many pixels."


def _peak_mb(pid: int | None) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
