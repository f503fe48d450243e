"""What two parts must agree on, asked of both."""

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from benchmark import InvalidOptions, Options
from local import LocalStack

INSERT = "insert into jobs (model_a, model_b, images, options) values ('Trained_yolov5', 'Trained_yolov8', %s, %s)"
IMAGES = [{"image_path": "street.jpg", "car_count": 1}]

SOUND: list[dict[str, Any]] = [
    {},
    {"confidence": 0.001}, {"confidence": 0.999}, {"min_seconds": 0.1}, {"min_seconds": 600},
    {"window_seconds": 0.5}, {"window_seconds": 120}, {"windows": 1}, {"windows": 20},
    {"batch_size": 1}, {"batch_size": 256}, {"cpu_fallback": True}, {"cpu_fallback": False},
    {"seed": 0}, {"seed": 2**31 - 1},
    {"weights": {"accuracy": 1}}, {"weights": {"memory": 1000, "speed": 0}}, {"classes": ["car", "truck"]},
]  # fmt: skip
WRONG: list[dict[str, Any]] = [
    {"conf": 0.5},
    {"confidence": 0}, {"confidence": 1}, {"confidence": "0.5"}, {"min_seconds": 0}, {"min_seconds": 601},
    {"window_seconds": 0.4}, {"window_seconds": 121}, {"windows": 0}, {"windows": 21}, {"windows": 1.5},
    {"batch_size": 0}, {"batch_size": 257}, {"cpu_fallback": 1}, {"cpu_fallback": "yes"}, {"cpu_fallback": None},
    {"seed": -1}, {"seed": 2**31},
    {"weights": {}}, {"weights": {"accuracy": 0}}, {"weights": {"beauty": 1}}, {"weights": {"speed": -1}},
    {"weights": {"speed": 1001}}, {"classes": []}, {"classes": "car"}, {"classes": [1]},
]  # fmt: skip


def insert(stack: LocalStack, options: dict[str, Any]) -> None:
    with psycopg.connect(stack.database_url) as connection:
        connection.execute(INSERT, [Jsonb(IMAGES), Jsonb(options)])
        connection.rollback()


@pytest.mark.parametrize("options", SOUND, ids=str)
def test_options_that_the_database_takes_are_ones_the_benchmark_understands(
    stack: LocalStack, options: dict[str, Any]
) -> None:
    insert(stack, options)
    Options.parse(options)


@pytest.mark.parametrize("options", WRONG, ids=str)
def test_options_that_the_benchmark_would_refuse_do_not_get_into_the_queue(
    stack: LocalStack, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidOptions):
        Options.parse(options)
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        insert(stack, options)
