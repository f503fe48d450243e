"""The bench of models still runs, with so little to do that its times mean nothing."""

import os
import tempfile

os.environ.setdefault("YOLO_CONFIG_DIR", tempfile.mkdtemp(prefix="arena-yolo-"))
os.environ.setdefault("YOLO_OFFLINE", "1")

import pytest

pytest.importorskip("ultralytics")
pytest.importorskip("onnxruntime")
pytest.importorskip("openvino")

from benchmark import Options
from tests.bench.measurement.demo_models import DEMO, demo_scenes
from tests.bench.models.cells import times_as_good
from tests.bench.models.demo_scenes import DemoBench
from tests.bench.models.markdown import circumstances, markdown
from tests.bench.models.networks import NetworkBench
from tests.bench.models.photographs import Weights, catalogue_of
from tests.bench.models.runtimes import RuntimeBench
from tests.bench.queue.table import Table

TINY = Options(min_seconds=0.1, window_seconds=0.5, windows=2, batch_size=2)
WEIGHTS = Weights(DEMO / "weights" / "yolov8n_cars.pt", 320)


def test_a_runtime_is_compared_with_torch() -> None:
    with catalogue_of({"cars": WEIGHTS}) as catalogue:
        bench = RuntimeBench(catalogue, demo_scenes(6), "six scenes", TINY, ("openvino", "tensorrt"))
        found, fast = bench.tables()
    assert [row[0] for row in found.rows] == [row[0] for row in fast.rows] == ["cars", "cars@openvino"]
    assert found.rows[0][1:6] == found.rows[1][1:6], "The same boxes have the same scores."
    matched, _, of = str(found.rows[1][6]).split()
    assert int(matched) == int(of) > 10
    assert found.note.startswith("@tensorrt: cars@tensorrt cannot run: ")
    assert float(str(fast.rows[1][1]).split()[0]) > 0
    assert all(len(row) == len(table.columns) for table in (found, fast) for row in table.rows)


def test_networks_are_timed_beside_a_product_of_matrices() -> None:
    rows = NetworkBench("cars", WEIGHTS, settings=((1, 2),), rounds=2).table().rows
    assert [row[1] for row in rows] == [
        *("torch", "torch, channels last", "onnx", "openvino", "openvino in bfloat16", "product of matrices")
    ]
    assert rows[0][2] == "1.00 [1.00, 1.00]"
    assert rows[-1][2:] == ("", rows[-1][3], "100%")
    assert all(float(str(row[3])) > 0 for row in rows)


def test_a_yolo_of_the_demo_is_compared_with_the_classifier() -> None:
    table = DemoBench(scenes=6, yolos=("Trained_yolov8",), options=TINY).table()
    assert [row[0] for row in table.rows] == ["Trained_yolov8"]
    assert all(float(str(row[1])) < float(str(row[2])) for row in table.rows), "A YOLO counts better."
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_ratios_say_how_many_times_as_good_the_second_is() -> None:
    entry = {"ratio": 2.0, "ratio_low": 1.6, "ratio_high": 2.5}
    assert times_as_good(entry, more_is_better=False) == "2.00 [1.60, 2.50]"
    assert times_as_good(entry, more_is_better=True) == "0.50 [0.40, 0.62]"
    assert times_as_good(dict.fromkeys(entry), more_is_better=True) == "–"


def test_tables_are_printed_as_markdown() -> None:
    table = Table("Cars", ("model", "found"), (("a", 1), ("b", "2 of 3")), "As it is.")
    assert markdown(table) == ("**Cars**\n\n| model | found |\n| --- | --: |\n| a | 1 |\n| b | 2 of 3 |\n\nAs it is.\n")
    assert "torch" in circumstances()
