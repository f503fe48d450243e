"""The progress bar, and what strangers' texts may do to a terminal."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
from rich.console import Console

from agent.show import PhaseBar, printable


def shown(*updates: tuple[Mapping[str, Any], str | None], width: int = 80) -> str:
    """The bar's last state, as a terminal shows it."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None)
    with PhaseBar(console) as bar:
        for job, waiting_for in updates:
            bar.update_job(job, waiting_for)
        console.file.seek(0)
        console.file.truncate()
        bar._bar.refresh()
        return out.getvalue()


PENDING = {"status": "pending", "progress": None}
TIMING = {"status": "running", "progress": {"phase": "single_stream", "fraction": 0.42}}


def test_a_pending_job_shows_what_it_waits_for() -> None:
    text = shown((PENDING, "No running agent can run detectron2."))
    assert "No running agent can run detectron2." in text
    assert "waiting for an agent" not in text


def test_a_pending_job_of_an_older_database_waits_for_an_agent() -> None:
    assert "waiting for an agent" in shown((PENDING, None))


def test_a_running_job_shows_its_phase() -> None:
    text = shown((PENDING, "Waits for its turn."), (TIMING, None))
    assert "timing one by one" in text
    assert "42 %" in text
    assert "Waits for its turn." not in text


def test_a_job_that_was_given_back_waits_again() -> None:
    text = shown((TIMING, None), (PENDING, "No agent is running."))
    assert "No agent is running." in text
    assert "%" not in text
    assert "timing one by one" not in text


def test_a_running_job_whose_agent_has_gone_silent_says_so_until_it_is_taken_over() -> None:
    silent = (TIMING, "Its agent has gone silent; another takes it over.")
    text = shown((TIMING, None), silent)
    assert "Its agent has gone silent; another takes it over." in text
    assert "%" not in text
    assert "━" not in text
    text = shown((TIMING, None), silent, ({"status": "running", "progress": {"phase": "claimed"}}, None))
    assert "claimed by an agent" in text
    assert "0 %" in text
    assert "silent" not in text


def test_a_long_sentence_is_shown_whole_as_it_stands() -> None:
    sentence = "No running agent can run both efficientnet_b0 and [red]Trained_yolov8."
    text = shown((PENDING, sentence), width=90)
    assert sentence in text
    assert "━" not in text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\nlines", "two lines"),
        ("\x1b[31mred\x1b]0;title\x07", " [31mred ]0;title "),
        ("é 車 ✓", "é 車 ✓"),
        (7, "7"),
    ],
)
def test_what_is_printed_cannot_steer_the_terminal(text: object, line: str) -> None:
    assert printable(text) == line
