import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark import ModelEntry, UnknownModel, WeightsFile, load_catalogue, model_state
from benchmark.models.family import Family
from benchmark.models.weights import file_sha256

CONTENT = b"weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def entry(tmp_path: Path) -> ModelEntry:
    """A model whose weights are in its catalogue's folder."""
    (tmp_path / "own.pt").write_bytes(CONTENT)
    return replace(
        load_catalogue()["Trained_yolov8"],
        folder=tmp_path,
        adapter=Family("json"),
        weights=WeightsFile("own.pt", (SHA256,), "https://example.org/own.pt"),
    )


def test_a_model_with_all_it_needs_is_ready(entry: ModelEntry) -> None:
    state = model_state(entry)
    assert (state.state, state.ready, state.reason) == ("ready", True, None)


def test_weights_are_looked_for_in_the_folders_too(entry: ModelEntry, tmp_path: Path) -> None:
    (tmp_path / "pod").mkdir()
    (tmp_path / "own.pt").rename(tmp_path / "pod" / "own.pt")
    missing = model_state(entry, [tmp_path / "else"])
    assert (missing.state, missing.ready, missing.fetchable) == ("weights_to_download", False, True)
    assert missing.notes == (f"They were looked for at {tmp_path}/own.pt and {tmp_path}/else/own.pt.",)
    assert model_state(entry, [tmp_path / "else", tmp_path / "pod"]).ready


def test_weights_that_nobody_publishes_are_missing(entry: ModelEntry) -> None:
    missing = model_state(replace(entry, weights=WeightsFile("none.pt", (SHA256,))))
    assert (missing.state, missing.fetchable) == ("weights_missing", False)
    assert missing.reason == "The weights of Trained_yolov8 are not here: put none.pt into the weights folder."


def test_weights_can_be_named_by_an_absolute_path(entry: ModelEntry, tmp_path: Path) -> None:
    elsewhere = replace(entry, folder=tmp_path / "else", weights=WeightsFile(str(tmp_path / "own.pt"), (SHA256,)))
    assert model_state(elsewhere).ready


def test_other_weights_than_the_catalogues_are_not_opened(entry: ModelEntry, tmp_path: Path) -> None:
    (tmp_path / "own.pt").write_bytes(b"other weights")
    state = model_state(entry)
    assert state.state == "weights_mismatch"
    assert str(tmp_path) not in (state.reason or "")
    found = hashlib.sha256(b"other weights").hexdigest()
    assert state.notes == (f"The file is {tmp_path}/own.pt. Its sha256 is {found}, not {SHA256}.",)


def test_weights_of_unknown_hash_are_not_opened_and_the_line_to_add_is_given(entry: ModelEntry) -> None:
    state = model_state(replace(entry, weights=WeightsFile("own.pt")))
    assert state.state == "weights_mismatch"
    [note] = state.notes
    assert note.endswith(f'own.pt, add to [models.Trained_yolov8.weights]: sha256 = "{SHA256}"')


def test_one_of_several_hashes_is_enough(entry: ModelEntry) -> None:
    assert model_state(replace(entry, weights=WeightsFile("own.pt", ("0" * 64, SHA256)))).ready


def test_a_hash_is_read_anew_when_the_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"one")
    first = file_sha256(path)
    path.write_bytes(b"three")
    assert first == hashlib.sha256(b"one").hexdigest()
    assert file_sha256(path) == hashlib.sha256(b"three").hexdigest()


def test_a_missing_library_names_the_extra(entry: ModelEntry) -> None:
    state = model_state(replace(entry, adapter=Family("json", ("numpy", "no_such_library"), "yolo")))
    assert state.state == "library_missing"
    assert "no_such_library is not installed. Run in the project's folder: uv pip install -e '.[yolo]'" in (
        state.reason or ""
    )


def test_a_family_without_an_adapter_says_so(entry: ModelEntry) -> None:
    assert model_state(replace(entry, adapter=Family("benchmark.models.no_such_adapter"))).state == "family_missing"
    assert model_state(replace(entry, adapter=None)).state == "family_missing"


def test_a_speech_model_cannot_detect_cars() -> None:
    state = model_state(load_catalogue()["wav2vec2"])
    assert (state.state, state.reason) == (
        "cannot_detect_cars",
        "wav2vec2 is a speech model and cannot detect cars.",
    )


def test_the_catalogues_states_are_found_without_loading_anything(tmp_path: Path) -> None:
    states = {entry.id: model_state(entry, [tmp_path]).state for entry in load_catalogue()}
    assert states["Trained_yolov8"] in {"weights_to_download", "library_missing"}
    assert states["detectron2"] in {"library_missing", "weights_to_download"}
    with pytest.raises(UnknownModel):
        load_catalogue()["nonesuch"]
