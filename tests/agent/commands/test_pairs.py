"""Which battles a demo fights, and what becomes of those that it cannot."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

import demo
from agent.commands.pairs import PAIRS, Outcome, Pairs, fight, outcomes_table
from agent.errors import AgentError, JobEnded, RequestRefused
from agent.front_end import JobResult
from benchmark import Catalogue, ModelEntry, load_catalogue
from benchmark.models.family import Family
from tests.agent.rows import winner_row

REFUSED = "wav2vec2 is a speech model and cannot detect cars. Choose one of: Trained_yolov5, Trained_yolov8."
RESULT = JobResult(winner_row(), {}, "realtime", 3.0)


@pytest.fixture
def catalogue() -> Catalogue:
    """Two models whose weights are there, and one whose library is not."""
    known = load_catalogue(Path(demo.__file__).parent / "catalogue.toml")
    missing = replace(known["detectron2"], adapter=Family("json", ("no_such_library",), advice="Build it."))
    ready: dict[str, ModelEntry] = {
        model_id: replace(known[model_id], adapter=Family("json")) for model_id in ("Trained_yolov5", "Trained_yolov8")
    }
    return Catalogue({**ready, "detectron2": missing})


def battle(answer: JobResult | Exception) -> Callable[[str, str], JobResult]:
    def fought(model_a: str, model_b: str) -> JobResult:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return fought


def outcome(catalogue: Catalogue, model_b: str, answer: JobResult | Exception) -> Outcome:
    return fight("Trained_yolov5", model_b, catalogue, [], battle(answer))


def test_the_tutorials_six_pairs_are_those() -> None:
    assert len(PAIRS[Pairs.TUTORIAL]) == 6
    assert {model for pair in PAIRS[Pairs.TUTORIAL] for model in pair} == set(load_catalogue().models)


def test_the_demo_has_every_detector_of_the_tutorial() -> None:
    ours = load_catalogue(Path(demo.__file__).parent / "catalogue.toml").models
    detectors = {model_id for model_id, entry in load_catalogue().models.items() if entry.can_detect_cars}
    assert {model for pair in PAIRS[Pairs.TUTORIAL] for model in pair} & detectors <= set(ours)


def test_what_is_not_among_the_demos_models_is_not_inserted_either(catalogue: Catalogue) -> None:
    kept = outcome(catalogue, "efficientnet_b0", AssertionError("it was inserted"))
    assert kept.said == "There is no efficientnet_b0 among the demo's models."


def test_a_pair_that_was_fought_has_its_sentence(catalogue: Catalogue) -> None:
    fought = outcome(catalogue, "Trained_yolov8", RESULT)
    assert (fought.result, fought.reason) == (RESULT, "")
    assert fought.said.startswith("Trained_yolov8 wins")
    assert fought.to_row()["result"] == RESULT.row


@pytest.mark.parametrize("error", [RequestRefused(REFUSED), JobEnded("The job failed: no memory.")])
def test_what_was_refused_or_failed_says_so(catalogue: Catalogue, error: Exception) -> None:
    refused = outcome(catalogue, "wav2vec2", error)
    assert (refused.result, refused.said) == (None, str(error))
    assert refused.to_row() == {
        "model_a": "Trained_yolov5", "model_b": "wav2vec2", "reason": str(error), "result": None,
    }  # fmt: skip


def test_what_cannot_run_here_is_not_even_inserted(catalogue: Catalogue) -> None:
    kept = outcome(catalogue, "detectron2", AssertionError("it was inserted"))
    assert kept.said == "detectron2 cannot run: no_such_library is not installed. Build it."


def test_an_agent_that_died_ends_the_demo(catalogue: Catalogue) -> None:
    with pytest.raises(AgentError, match="has ended"):
        outcome(catalogue, "Trained_yolov8", AgentError("The agent has ended."))


def test_all_pairs_are_told_in_a_line_each(catalogue: Catalogue) -> None:
    outcomes = [
        outcome(catalogue, "Trained_yolov8", RESULT),
        outcome(catalogue, "wav2vec2", RequestRefused("[bold]no[/]")),
    ]
    console = Console(file=io.StringIO(), width=80, color_system=None)
    with console.capture() as captured:
        console.print(outcomes_table(outcomes))
    shown = captured.get()
    assert "✓  Trained_yolov5       Trained_yolov8 wins: 6.1 points better" in shown
    assert "with wav2vec2" in shown
    assert "[bold]no[/]" in shown
