from pathlib import Path
from typing import Any

import pytest
import torch

from demo import evaluate
from demo.scenes import Scene, make_scenes


class Oracle:
    """Finds what it is told to, picture by picture; stands where ultralytics' model does."""

    def __init__(self, answers: list[list[list[float]]]) -> None:
        self.answers = iter(answers)

    def predict(self, *_: Any, **__: Any) -> list[Any]:
        rows = next(self.answers)
        boxes = type("Boxes", (), {"data": torch.tensor(rows).reshape(-1, 6)})
        return [type("Result", (), {"boxes": boxes})]


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return list(make_scenes(8, seed=601))


def measured(scenes: list[Scene], answers: list[list[list[float]]], monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr("ultralytics.models.YOLO", lambda _: Oracle(answers))
    return evaluate.ap50(Path("oracle.pt"), scenes)


def truth(scene: Scene, score: float = 0.9) -> list[list[float]]:
    return [[*map(float, box), score, 0.0] for box in scene.boxes]


def test_finding_every_car_and_nothing_else_scores_1(scenes: list[Scene], monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured(scenes, [truth(scene) for scene in scenes], monkeypatch) == pytest.approx(1)


def test_finding_nothing_scores_0(scenes: list[Scene], monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured(scenes, [[] for _ in scenes], monkeypatch) == 0


def test_confident_false_alarms_cost_precision(scenes: list[Scene], monkeypatch: pytest.MonkeyPatch) -> None:
    alarms = [[*truth(scene), [0.0, 0.0, 30.0, 30.0, 0.99, 0.0]] for scene in scenes]
    assert 0.5 < measured(scenes, alarms, monkeypatch) < 0.95


def test_missing_the_cars_of_half_the_scenes_costs_recall(scenes: list[Scene], monkeypatch: pytest.MonkeyPatch) -> None:
    half = [truth(scene) if index % 2 else [] for index, scene in enumerate(scenes)]
    cars = [len(scene.boxes) for scene in scenes]
    assert measured(scenes, half, monkeypatch) == pytest.approx(sum(cars[1::2]) / sum(cars), abs=0.02)
