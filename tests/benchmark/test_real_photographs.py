"""Real weights on real photographs, where they lie beside the repository."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark import Arena, BenchmarkSettings, Comparison, LabelledImage, Options, WeightsUnreadable, load_catalogue

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = [
    pytest.mark.long,
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the photographs are not beside the repository"),
]

WEIGHTS = {
    "v5n": ("yolov5nu_from_int8.pt", "2e47580351e0e7499a87881b8096cee517a1dcbacbf54494a3c4631f875450e5"),
    "v8n": ("yolov8n_from_int8.pt", "f86b7519ecf003718e53aeee429803681379f784ba7016c01e28ac59ffc445c5"),
    "old": ("yolov5n.pt", "4f180cf23ba0717ada0badd6c685026d73d48f184d00fc159c2641284b2ac0a3"),
}

#: AP50, AP, count accuracy and count MAE on `coco`, as an independent evaluator has them.
REFERENCE = {"v5n": (0.338, 0.201, 0.782, 0.96), "v8n": (0.338, 0.221, 0.796, 0.92)}


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    text = "".join(
        f'[models.{model_id}]\nname = "{model_id}"\nfamily = "ultralytics"\ntask = "object-detection"\n'
        f'can_detect_cars = true\ndescription = "COCO"\n'
        f'[models.{model_id}.weights]\nfile = "{file}"\nsha256 = "{sha256}"\n'
        for model_id, (file, sha256) in WEIGHTS.items()
    )
    path = tmp_path_factory.mktemp("catalogue") / "catalogue.toml"
    path.write_text(text)
    with Arena(load_catalogue(path), [DATA / "weights"], BenchmarkSettings(country="DEU")) as opened:
        yield opened


@pytest.fixture(scope="module")
def result(arena: Arena) -> Comparison:
    """Both nano models on all images of `coco`."""
    options = Options(min_seconds=0.1, window_seconds=1.0, windows=1, batch_size=1)
    return arena.compare("v5n", "v8n", photographs("coco"), options)


def photographs(folder: str, most: int | None = None) -> list[LabelledImage]:
    root = DATA / "cars" / folder
    entries = json.loads((root / "manifest.json").read_text())
    return [
        LabelledImage(
            root / each["image_path"], each["image_path"], each["car_count"], tuple(map(tuple, each["boxes"]))
        )
        for each in entries[:most]
    ]


def test_scores_are_those_of_an_independent_evaluator(result: Comparison) -> None:
    for metrics, reference in ((result.model_a_metrics, "v5n"), (result.model_b_metrics, "v8n")):
        ap50, ap, accuracy, mae = REFERENCE[reference]
        assert metrics["ap50"] == pytest.approx(ap50, abs=0.01)
        assert metrics["ap50_95"] == pytest.approx(ap, abs=0.01)
        assert metrics["accuracy"] == pytest.approx(accuracy, abs=0.01)
        assert metrics["count_mae"] == pytest.approx(mae, abs=0.03)


def test_everything_that_can_be_measured_here_is(result: Comparison) -> None:
    for metrics in (result.model_a_metrics, result.model_b_metrics):
        assert 2_500_000 < metrics["parameters"] < 3_300_000
        assert 100 < metrics["memory_mb"] < 4000
        assert metrics["inference_ms"] > metrics["postprocess_ms"] > 0
        assert metrics["carbon_emissions"] > 0
        assert metrics["p90_ms"] is not None


def test_weights_of_the_old_repository_are_recognised(arena: Arena) -> None:
    with pytest.raises(WeightsUnreadable, match=r"yolov5n\.pt .*old YOLOv5 repository"):
        arena.compare("old", "v8n", photographs("coco", most=2), Options())
