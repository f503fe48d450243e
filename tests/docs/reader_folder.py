"""What lies in the folder of somebody who has followed the documents: photographs, weights, a catalogue, `.env`."""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.agent.test_agent_key import jwk
from tests.benchmark.fake_catalogue import FAMILY, write_fake
from tests.docs.documents import ROOT, blocks

SUPABASE = ROOT / "docs" / "supabase.md"
QUICKSTART = ROOT / "docs" / "quickstart.md"
#: The ids that the documents name; what stands behind them here finds bright rectangles.
MODELS: dict[str, dict[str, Any]] = {
    "Trained_yolov5": {},
    "Trained_yolov8": {"miss_every": 2},
    "efficientnet_b0": {"points": 0.5},
    "our_yolo": {},
    "our_ssd": {"miss_every": 3},
}
_FAMILIES = f"""
{FAMILY}runtimes = ["torch", "onnx", "openvino"]
[families.peaks]
module = "tests.docs.bright_peaks"
has_thresholds = true
"""


def manifest_of(document: Path, holding: str) -> list[dict[str, Any]]:
    """The manifest that a document shows."""
    [block] = [each for each in blocks(document, "json") if holding in each.text]
    images: list[dict[str, Any]] = json.loads(block.text)
    return images


def make_folder(folder: Path) -> None:
    """All but `.env`; what is there already is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("benchmark/models", "demo", "dashboard", "adapters", "runs"):
        (folder / name).mkdir(parents=True)
    _write_catalogues(folder)
    (folder / "demo" / "scenes").symlink_to(folder / "photos")  # the drawings take a model that knows them
    (folder / "dashboard" / "dist").symlink_to(ROOT / "dashboard" / "dist")
    (folder / ".venv").symlink_to(Path(sys.prefix))
    (folder / ".env.example").write_bytes((ROOT / ".env.example").read_bytes())
    _take_photographs(folder / "photos", manifest_of(QUICKSTART, "crossing.jpg"))
    (folder / "street.json").write_text(json.dumps(manifest_of(SUPABASE, "street/crossing.jpg")))
    (folder / "signing-key.json").write_text(json.dumps(jwk()))


def _write_catalogues(folder: Path) -> None:
    """One catalogue under every name that the documents have for one."""
    for name in ("my.toml", "catalogue.toml", "demo/catalogue.toml", "benchmark/models/catalogue.toml"):
        beside = (folder / name).parent
        entries = [write_fake(beside, each, manners, _family_of(manners)) for each, manners in MODELS.items()]
        (folder / name).write_text("".join([_FAMILIES, *entries]))


def _family_of(manners: Mapping[str, Any]) -> str:
    return "peaks" if "points" in manners else "fake"


def _take_photographs(folder: Path, manifest: list[dict[str, Any]]) -> None:
    """Black, with a bright rectangle for each box."""
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for image in manifest:
        cv2.imwrite(str(folder / image["image_path"]), photograph(image))


def photograph(image: Mapping[str, Any]) -> Any:
    """480 pixels wide."""
    pixels = np.zeros((200, 480, 3), np.uint8)
    for x1, y1, x2, y2 in image.get("boxes", []):
        pixels[y1:y2, x1:x2] = 255
    return pixels
