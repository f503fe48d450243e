"""Where weights are looked for, and which of them are opened."""

import hashlib
import json
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark import (
    ModelEntry,
    WeightsFile,
    WeightsMismatch,
    WeightsMissing,
    WeightsNotFetched,
    WeightsUnreadable,
    load_catalogue,
    resolve_weights,
    weights_place,
)

CONTENT = b"weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
URL = "https://user:hunter2@example.org/own.pt?token=secret"
PUBLISHED = WeightsFile("own.pt", (SHA256,), URL)
NOBODY = 65534


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    return tmp_path / "volume"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def entry(tmp_path: Path) -> ModelEntry:
    return replace(load_catalogue()["Trained_yolov8"], folder=tmp_path / "catalogue", weights=PUBLISHED)


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def safetensors(header: bytes = b'{"__metadata__":{}}') -> bytes:
    return len(header).to_bytes(8, "little") + header


def test_the_catalogues_folder_goes_before_the_volume_and_that_before_the_cache(
    entry: ModelEntry, volume: Path, cache: Path
) -> None:
    for folder in (cache, volume, entry.folder):
        path = put(folder / "own.pt")
        found = resolve_weights(entry, [volume, cache])
        assert (found.path, found.sha256) == (path, SHA256)


def test_an_absolute_path_goes_before_all_and_what_is_fetched_for_it_has_its_name(
    entry: ModelEntry, volume: Path, tmp_path: Path
) -> None:
    there = replace(entry, weights=replace(PUBLISHED, file=str(tmp_path / "else" / "own.pt")))
    fetched = put(volume / "own.pt")
    assert resolve_weights(there, [volume]).path == fetched
    given = put(tmp_path / "else" / "own.pt")
    assert resolve_weights(there, [volume]).path == given


def test_two_models_of_one_file_name_are_told_apart_by_their_folders(entry: ModelEntry, volume: Path) -> None:
    for name in ("first", "second"):
        content = name.encode()
        path = put(volume / name / "best.pt", content)
        mine = WeightsFile(f"{name}/best.pt", (hashlib.sha256(content).hexdigest(),))
        assert resolve_weights(replace(entry, weights=mine), [volume]).path == path


@pytest.mark.parametrize("file", ["../own.pt", "a/../../own.pt", "/elsewhere/own.pt"])
def test_nothing_lies_outside_of_a_weights_folder(file: str, volume: Path) -> None:
    assert weights_place(WeightsFile(file), volume) == volume / "own.pt"


@pytest.mark.parametrize("first", ["catalogue", "volume"])
def test_a_wrong_file_is_not_passed_over_for_a_right_one(
    entry: ModelEntry, tmp_path: Path, volume: Path, cache: Path, first: str
) -> None:
    put(cache / "own.pt")
    wrong = put(tmp_path / first / "own.pt", b"other weights")
    with pytest.raises(WeightsMismatch, match="its sha256 is another one") as caught:
        resolve_weights(entry, [volume, cache])
    assert str(wrong) in caught.value.__notes__[0]


def test_weights_that_can_be_downloaded_are_not_called_missing_for_good(entry: ModelEntry, volume: Path) -> None:
    with pytest.raises(WeightsNotFetched) as caught:
        resolve_weights(entry.variant("onnx"), [volume])
    assert str(caught.value) == (
        "The weights of Trained_yolov8@onnx are not on this machine yet. Run: arena models pull Trained_yolov8"
    )
    assert caught.value.code == "weights_to_download"
    assert caught.value.__notes__ == [f"They were looked for at {entry.folder}/own.pt and {volume}/own.pt."]


@pytest.mark.parametrize("lacking", ["url", "sha256"])
def test_weights_are_not_to_be_downloaded_unless_address_and_hash_are_known(entry: ModelEntry, lacking: str) -> None:
    known = replace(PUBLISHED, url=None) if lacking == "url" else replace(PUBLISHED, sha256=())
    with pytest.raises(WeightsMissing, match=r"put own\.pt into the weights folder") as caught:
        resolve_weights(replace(entry, weights=known), [])
    assert caught.value.code == "weights_missing"
    assert ("https://example.org/own.pt, but is not downloaded" in str(caught.value)) == (lacking == "sha256")
    assert not {"hunter2", "secret"} & set(str(caught.value).replace(":", " ").replace("=", " ").split())


def test_missing_weights_are_to_be_put_where_they_are_looked_for(entry: ModelEntry, volume: Path) -> None:
    lacking = replace(entry, weights=WeightsFile("ours/best.pt"))
    with pytest.raises(WeightsMissing, match=r"put ours/best\.pt into the weights folder") as caught:
        resolve_weights(lacking, [volume])
    assert f"{volume}/ours/best.pt" in caught.value.__notes__[0]


def test_a_model_without_weights_says_where_to_add_them(entry: ModelEntry) -> None:
    with pytest.raises(WeightsMissing, match=r"add \[models\.Trained_yolov8\.weights\]"):
        resolve_weights(replace(entry.variant("onnx"), weights=None), [])


def test_safetensors_of_unknown_hash_are_opened_since_they_hold_no_code(entry: ModelEntry) -> None:
    content = safetensors()
    path = put(entry.folder / "own.safetensors", content)
    found = resolve_weights(replace(entry, weights=WeightsFile("own.safetensors")), [])
    assert (found.path, found.sha256) == (path, hashlib.sha256(content).hexdigest())


def test_safetensors_must_have_the_hash_that_the_catalogue_has(entry: ModelEntry) -> None:
    put(entry.folder / "own.safetensors", safetensors())
    with pytest.raises(WeightsMismatch, match="its sha256 is another one"):
        resolve_weights(replace(entry, weights=WeightsFile("own.safetensors", (SHA256,))), [])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("own.pt", safetensors()),
        ("own.pkl", pickle.dumps({})),
        ("own.onnx", b"onnx"),
        ("own.safetensors", pickle.dumps({"renamed": True})),
        ("own.safetensors", b"PK\x03\x04 as torch.save writes it"),
        ("own.safetensors", safetensors(json.dumps(["no", "table"]).encode())),
        ("own.safetensors", b""),
    ],
)
def test_what_may_hold_code_is_not_opened_before_its_hash_is_known(
    entry: ModelEntry, name: str, content: bytes
) -> None:
    put(entry.folder / name, content)
    with pytest.raises(WeightsMismatch, match="has no sha256 for the weights of Trained_yolov8") as caught:
        resolve_weights(replace(entry, weights=WeightsFile(name)), [])
    assert hashlib.sha256(content).hexdigest() in caught.value.__notes__[0]


def test_a_folder_in_place_of_the_file_is_said(entry: ModelEntry, volume: Path) -> None:
    (volume / "own.pt").mkdir(parents=True)
    with pytest.raises(WeightsUnreadable, match=r"own\.pt is no file\. Move it away\.") as caught:
        resolve_weights(entry, [volume])
    assert caught.value.__notes__ == [f"It is {volume}/own.pt."]


def test_a_file_that_cannot_be_read_is_said(entry: ModelEntry) -> None:
    with pytest.raises(WeightsUnreadable, match=r"Trained_yolov8 cannot be opened: mem: input/output error"):
        resolve_weights(replace(entry, weights=WeightsFile("/proc/self/mem", (SHA256,))), [])


def test_a_folder_that_may_not_be_entered_is_said(entry: ModelEntry) -> None:
    put(entry.folder / "own.pt")
    entry.folder.chmod(0)
    try:
        with without_privileges(), pytest.raises(WeightsUnreadable, match="permission denied"):
            resolve_weights(entry, [])
    finally:
        entry.folder.chmod(0o700)


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may enter any folder."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)
