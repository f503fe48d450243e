from typing import Any

import pytest

from benchmark import InvalidOptions, Options, Weights


def test_nothing_given_is_the_default() -> None:
    assert Options.parse({}) == Options()


def test_every_key_of_a_job_is_read() -> None:
    given = {
        "confidence": 0.4,
        "min_seconds": 2,
        "window_seconds": 6.5,
        "windows": 3,
        "batch_size": 8,
        "cpu_fallback": True,
        "weights": {"accuracy": 3, "memory": 1},
        "seed": 7,
        "classes": ["car", "truck"],
    }
    assert Options.parse(given) == Options(
        confidence=0.4,
        min_seconds=2.0,
        window_seconds=6.5,
        windows=3,
        batch_size=8,
        cpu_fallback=True,
        weights=Weights(accuracy=0.75, speed=0.0, green=0.0, memory=0.25),
        seed=7,
        classes=("car", "truck"),
    )


def test_what_was_parsed_can_be_parsed_again() -> None:
    options = Options.parse({"weights": {"accuracy": 2, "speed": 1}, "classes": ["car"], "batch_size": None})
    assert Options.parse(options.as_dict()) == options


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"confidnce": 0.5}, "confidnce"),
        ({"confidence": 1.5}, "confidence must be from 0.001 to 0.999"),
        ({"confidence": "high"}, "confidence must be a number"),
        ({"confidence": True}, "confidence must be a number"),
        ({"min_seconds": float("nan")}, "min_seconds must be a number"),
        ({"windows": 0}, "windows must be from 1"),
        ({"windows": 2.5}, "windows must be a whole number"),
        ({"batch_size": -1}, "batch_size must be from 1"),
        ({"cpu_fallback": 1}, "cpu_fallback must be true or false"),
        ({"seed": -1}, "seed must be from 0"),
        ({"classes": []}, "classes must be a list"),
        ({"classes": "car"}, "classes must be a list"),
        ({"weights": {"colour": 1}}, "unknown names colour"),
        ({"weights": {"speed": -1}}, "weights.speed must be from 0"),
        ({"weights": {"speed": 0}}, "all 0"),
        ({"weights": 3}, "weights must be an object"),
        ([], "options must be an object"),
    ],
)
def test_a_wrong_option_is_named(given: Any, said: str) -> None:
    with pytest.raises(InvalidOptions, match=said):
        Options.parse(given)
