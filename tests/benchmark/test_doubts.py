from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmark import LabelledImage, Options
from benchmark.doubts import result_warnings
from benchmark.evidence import Evidence
from benchmark.measure.messages import Detected, Energy, Idle, Loaded, Memory, Sample, Window
from benchmark.model import ModelInfo
from benchmark.record import Record

QUIET = Record(
    options=Options(),
    country=None,
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
    duration_s=60.0,
    phase_s={},
    machine_states={"before": {"gpus": []}, "after": {"gpus": []}},
    other_load_cores=0.1,
    waiting_cores=(0.0, 0.01),
    idle=Idle(None, None),
    wanted_batch_size=4,
    batch_size=4,
    batch_limited_by_memory=False,
    energy_sources_differ=False,
    images_sha256="0" * 64,
    left_out={},
    fallback=None,
)
MODEL = Evidence(
    model_id="a",
    weights_sha256="0" * 64,
    options=Options(),
    truth=[LabelledImage(Path("x"), "x", 0)] * 3,
    indices=[0, 1, 2],
    sizes=[(9, 9)] * 3,
    loaded=Loaded(ModelInfo(7, "fp32", "cpu", ("car",)), 1.0, None, None, 1),
    detected=Detected(((), (), ()), settled=True),
    samples=[Sample(0, 1.0, 1.0, 8.0, 1.0)],
    changed_images=frozenset(),
    windows=[Window(4, 5, 1.0, 2, Energy())],
    memory=Memory(100.0),
    sampled_mb=90.0,
    by_boxes=True,
)


def throttled(*reasons: str) -> Mapping[str, Any]:
    return {"before": {"gpus": [{"throttle_reasons": []}]}, "after": {"gpus": [{"throttle_reasons": list(reasons)}]}}


def shared(foreign: int | None, own: int | None = 2) -> Mapping[str, Any]:
    return {"before": {"gpus": []}, "after": {"gpus": [{"own_processes": own, "foreign_processes": foreign}]}}


def said(record: Record = QUIET, model: Evidence = MODEL) -> dict[str, str]:
    return {each.code: each.message for each in result_warnings([model, MODEL], record)}


def test_where_all_is_well_nothing_is_said() -> None:
    assert said() == {}


@pytest.mark.parametrize(
    ("record", "code", "words"),
    [
        (replace(QUIET, other_load_cores=1.26), "other_load", "1.3 cores busy"),
        (replace(QUIET, waiting_cores=(0.0, 0.9)), "waiting_load", "0.90 cores"),
        (replace(QUIET, batch_size=1), "batch_halved", "from 4 to 1 images"),
        (replace(QUIET, batch_limited_by_memory=True), "batch_limited", "more than 4 images did not fit"),
        (replace(QUIET, energy_sources_differ=True), "energy_sources_differ", "different sources"),
        (replace(QUIET, machine_states=shared(2)), "gpu_shared", "Other programs used the GPU"),
        (replace(QUIET, fallback="No room."), "cpu_fallback", "on the processor: No room."),
        (replace(QUIET, machine_states=throttled("idle", "heat")), "slowed_down", "held itself back: heat"),
    ],
)
def test_what_the_record_shows_is_said(record: Record, code: str, words: str) -> None:
    assert list(said(record)) == [code]
    assert words in said(record)[code]


def test_an_idle_gpu_and_an_unknown_load_are_no_doubt() -> None:
    assert said(replace(QUIET, machine_states=throttled("idle"), other_load_cores=None)) == {}
    assert said(replace(QUIET, machine_states=shared(0))) == said(replace(QUIET, machine_states=shared(None))) == {}


def test_a_gpu_that_we_are_not_known_to_use_is_no_doubt() -> None:
    assert said(replace(QUIET, machine_states=shared(3, own=0))) == {}


def test_a_model_that_changes_its_mind_is_named() -> None:
    changed = said(model=replace(MODEL, model_id="b", changed_images=frozenset({0, 2})))
    assert changed["detections_changed"].startswith("b found something else")
    assert "in 2 of 3 images" in changed["detections_changed"]


def test_a_model_that_sees_otherwise_in_batches_is_named() -> None:
    windows = [replace(MODEL.windows[0], changed=changed) for changed in ((0, 1), (1,))]
    assert "a found something else in 2 images" in said(model=replace(MODEL, windows=windows))["batches_differ"]


def test_times_that_had_not_settled_are_told() -> None:
    unsettled = replace(MODEL, detected=replace(MODEL.detected, settled=False))
    assert "a had not settled" in said(model=unsettled)["unsettled"]
