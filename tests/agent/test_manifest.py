"""The list of images."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.errors import ManifestError
from agent.manifest import local_images, read_manifest

GOOD = {"image_path": "images/1.jpg", "car_count": 1, "boxes": [[1, 2, 3, 4]], "description": "a car"}


def write(folder: Path, content: Any) -> Path:
    Path(folder, "manifest.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_a_folder_and_its_manifest_are_the_same(tmp_path: Path) -> None:
    write(tmp_path, [GOOD])
    assert read_manifest(tmp_path) == read_manifest(tmp_path / "manifest.json") == (tmp_path, [GOOD])


def test_the_images_lie_beside_the_manifest(tmp_path: Path) -> None:
    Path(tmp_path, "images").mkdir()
    Path(tmp_path, "images", "1.jpg").write_bytes(b"")
    ((file, image),) = local_images(write(tmp_path, [GOOD]))
    assert file == tmp_path / "images" / "1.jpg"
    assert (image.car_count, image.boxes, image.description) == (1, ((1.0, 2.0, 3.0, 4.0),), "a car")


def test_no_manifest_is_said_with_the_form_it_should_have(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"manifest.json does not exist.*image_path"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("content", ["not json", "[", b"\xff".decode("latin-1") * 3])
def test_what_is_not_json_is_said(tmp_path: Path, content: str) -> None:
    with pytest.raises(ManifestError, match="is not JSON"):
        read_manifest(write(tmp_path, content))


@pytest.mark.parametrize("content", [[], {}, "null", '"text"', {"images": [GOOD]}])
def test_a_manifest_without_images_is_said(tmp_path: Path, content: Any) -> None:
    with pytest.raises(ManifestError, match="lists no images"):
        read_manifest(write(tmp_path, content))


@pytest.mark.parametrize(
    "change",
    [
        {"car_count": -1},
        {"car_count": 2.5},
        {"car_count": None},
        {"car_count": "many"},
        {"car_count": True},
        {"boxes": [[1, 2, 3]]},
        {"boxes": [["a", 2, 3, 4]]},
        {"boxes": 7},
    ],
)
def test_an_odd_image_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(ManifestError, match=r"images/1\.jpg.*car_count of 0 or more"):
        local_images(write(tmp_path, [{**GOOD, **change}]))


@pytest.mark.parametrize("item", [{"image_path": "1.jpg"}, {"car_count": 1}, "1.jpg", None, 3, [1]])
def test_an_image_without_what_is_needed_is_refused(tmp_path: Path, item: Any) -> None:
    with pytest.raises(ManifestError, match="An image cannot be read"):
        local_images(write(tmp_path, [item]))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"images/1\.jpg does not exist"):
        local_images(write(tmp_path, [GOOD]))
