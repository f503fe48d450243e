"""The benches of real models still run, with so little to do that their times mean nothing."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("YOLO_CONFIG_DIR", tempfile.mkdtemp(prefix="arena-yolo-"))
os.environ.setdefault("YOLO_OFFLINE", "1")

import numpy as np
import pytest

pytest.importorskip("ultralytics")

from benchmark import Options
from tests.bench.measurement.demo_models import MODEL_A, MODEL_B, demo_scenes, demo_weights, photographs, twin_catalogue
from tests.bench.measurement.overhead import ComparisonOverhead, OfflineOverhead, SingleStreamOverhead
from tests.bench.measurement.ratio import Ratio
from tests.bench.measurement.twins import Twins
from tests.bench.measurement.warm import Warm
from tests.benchmark.conftest import fake_catalogue

TINY = Options(min_seconds=0.1, window_seconds=0.5, windows=2, batch_size=2)


def test_a_ratio_is_taken_round_by_round() -> None:
    """The machine is twice as slow in the second half, which hits both."""
    peer = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    assert str(Ratio.of(list(1.1 * peer), list(peer))) == "1.100 [1.100, 1.100]"
    assert str(Ratio.of([1.1], [1.0])) == "1.100", "A single round has no interval."
    wide = Ratio.of([1.0, 1.2, 0.9, 1.1], [1.0] * 4)
    assert wide.low is not None
    assert wide.high is not None
    assert wide.low < wide.value < wide.high


def test_single_predictions_are_timed_beside_bare_loops() -> None:
    table = SingleStreamOverhead(demo_weights(), demo_scenes(6), rounds=2).table()
    assert [row[0] for row in table.rows[:3]] == ["bare loop", "speed_ms", "YOLO.predict"]
    assert table.rows[0][-1] == "1.000 [1.000, 1.000]"
    assert all(float(row[1]) > 0 for row in table.rows)


def test_windows_are_timed_beside_a_bare_loop() -> None:
    table = OfflineOverhead(demo_weights(), demo_scenes(4), rounds=2, batch_size=2, seconds=0.2).table()
    assert [row[0] for row in table.rows] == ["bare loop", "throughput_fps"]
    assert all(float(row[1]) > 0 for row in table.rows)


def test_comparisons_are_timed_beside_a_bare_loop_in_another_process() -> None:
    table = ComparisonOverhead(demo_scenes(6), rounds=1, options=TINY, passes=1).table()
    assert [row[0] for row in table.rows] == ["Trained_yolov5", "Trained_yolov8"]
    assert all(float(time_ms) > 0 for row in table.rows for time_ms in row[1:3])


def test_twins_are_compared_and_their_offsets_summed_up() -> None:
    with twin_catalogue(demo_weights()) as catalogue:
        table = Twins(catalogue, demo_scenes(6), count=1, options=TINY).table()
    assert [row[0] for row in table.rows] == ["1", "median", "spread (sd of log)", "largest offset"]
    assert {row[1] for row in table.rows[:1]} <= {"first", "second", "tie"}
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_the_time_to_the_first_prediction_is_taken_cold_and_warm(tmp_path: Path) -> None:
    fakes = fake_catalogue(tmp_path, {MODEL_A: {}, MODEL_B: {}})
    with photographs(2, width=64, height=48) as images:
        rows = Warm("two photographs", images, repeats=1, options=TINY, catalogue=fakes).table().rows
    assert [row[0] for row in rows] == ["cold", "warm 1"]
    assert all(0 < float(first) < float(timed) for _, first, timed in rows)
