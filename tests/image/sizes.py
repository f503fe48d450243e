"""What takes the space in an image."""

import os
import stat
from collections import Counter
from pathlib import Path

from tests.image.checks import PACKAGES

_MB = 1e6


def bytes_of(folder: Path) -> int:
    """Of the files below; mounts in it are left out, and so are links."""
    device, total = folder.lstat().st_dev, 0
    for path, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if Path(path, each).lstat().st_dev == device]
        statuses = (Path(path, each).lstat() for each in files)
        total += sum(status.st_size for status in statuses if stat.S_ISREG(status.st_mode))
    return total


def table(root: Path, rows: int = 16) -> list[str]:
    """Lines of Markdown: all of it, and the largest parts, in MB of 10⁶ bytes."""
    sizes: Counter[str] = Counter()
    for entry in (root / PACKAGES).iterdir():
        parts = entry.iterdir() if entry.name == "nvidia" else [entry]
        for part in parts:
            name = part.name.removesuffix(".libs").replace("opencv_python_headless", "cv2")
            prefix = "nvidia/" if part.parent.name == "nvidia" else ""
            sizes[prefix + name] += bytes_of(part) if part.is_dir() else part.stat().st_size
    total = bytes_of(root)
    largest = sizes.most_common(rows)
    rest = sum(sizes.values()) - sum(size for _, size in largest)
    base = total - sum(sizes.values())
    lines = [*largest, ("other packages", rest), ("Debian and Python", base), ("**all**", total)]
    return ["| part | MB |", "|---|---:|", *(f"| {name} | {size / _MB:,.0f} |" for name, size in lines)]
