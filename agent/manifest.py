"""A folder of images with a ``manifest.json``: the array that also goes into ``jobs.images``."""

import json
from pathlib import Path
from typing import Any

from agent.errors import InvalidJob, ManifestError
from agent.job import JobImage

FORM = '[{"image_path": "images/000.jpg", "car_count": 3, "boxes": [[x1, y1, x2, y2], …]}, …]'


def read_manifest(path: Path) -> tuple[Path, list[dict[str, Any]]]:
    """The folder that image paths are relative to, and the items.

    ``path`` is the manifest or the folder that holds it. Raises ManifestError.
    """
    file = path / "manifest.json" if path.is_dir() else path
    if not file.is_file():
        raise ManifestError(f"{file} does not exist.", hint=f"It holds what the images show: {FORM}")
    try:
        items = json.loads(file.read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise ManifestError(f"{file} is not JSON: {error}.", hint=f"It should be {FORM}") from error
    if not isinstance(items, list) or not items:
        raise ManifestError(f"{file} lists no images.", hint=f"It should be {FORM}")
    return file.parent, items


def local_images(path: Path) -> list[tuple[Path, JobImage]]:
    """Each image's file and what is known of it; raises ManifestError."""
    folder, items = read_manifest(path)
    try:
        images = [JobImage.from_json(item) for item in items]
    except InvalidJob as error:
        raise ManifestError(f"{path}: {error}", hint=f"It should be {FORM}") from error
    return [(_existing(folder / image.image_path), image) for image in images]


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise ManifestError(f"{file} does not exist.")
    return file
