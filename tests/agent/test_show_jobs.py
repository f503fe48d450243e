"""The queue and one job as they look in a terminal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console, RenderableType

from agent.show_jobs import JobTable, agents_view, ago, job_view, span

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
ID = "2bd49f8b-2686-49af-87a6-27d802f6e0e0"
AGENT = "00000000-0000-4000-8000-00000000000a"
HOSTILE = "\x1b[2Jgone\x07"
SILENT = "Its agent has gone silent; another takes it over."


def before(seconds: float) -> str:
    """Of now, as the database writes it."""
    return (NOW - timedelta(seconds=seconds)).isoformat()


def job(status: str = "pending", **columns: Any) -> dict[str, Any]:
    row = {
        "id": ID, "model_a": "Trained_yolov5", "model_b": "Trained_yolov8",
        "images": [{"image_path": "https://h/1.jpg", "car_count": 1}], "options": {}, "status": status, "priority": 0,
        "attempt": 1, "max_attempts": 3, "run_at": before(180), "progress": None, "error": None, "created_by": None,
        "idempotency_key": None, "created_at": before(180), "started_at": None, "finished_at": None, "waiting": None,
        "attempts": [], "result": None,
    }  # fmt: skip
    return {**row, **columns}


def attempt(number: int, outcome: str | None, **columns: Any) -> dict[str, Any]:
    row = {
        "attempt": number, "agent_id": AGENT, "agent": "gpu-pod", "started_at": before(100),
        "ended_at": before(70) if outcome else None, "outcome": outcome, "error": None, "refused_at": None,
    }  # fmt: skip
    return {**row, **columns}


def shown(what: RenderableType, width: int = 80) -> str:
    """As plain text, without the spaces at the ends of lines."""
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(what)
    text = captured.get()
    assert "\x1b" not in text
    assert "\x07" not in text
    assert all(len(line) <= width for line in text.splitlines())
    return "\n".join(line.rstrip() for line in text.splitlines())


def table(*jobs: dict[str, Any], width: int) -> str:
    return shown(JobTable(jobs, NOW), width)


def waiting(message: str) -> dict[str, Any]:
    return {"waiting_for": "models", "missing_models": ["detectron2"], "message": message}


def test_a_wide_terminal_has_a_line_for_each_job() -> None:
    assert table(job("running", progress={"phase": "load", "fraction": 0.5}), job("cancelled"), width=120) == (
        "id        models                           try  inserted   status\n"
        "2bd49f8b  Trained_yolov5 / Trained_yolov8  1/3  3 min ago  running    loading models, 50 %\n"
        "2bd49f8b  Trained_yolov5 / Trained_yolov8  1/3  3 min ago  cancelled"
    )


def test_a_narrow_terminal_has_lines_for_the_models_and_the_note() -> None:
    assert table(job(attempt=0, waiting=waiting("No running agent can run detectron2.")), width=80) == (
        "id        models          try  inserted   status\n"
        "2bd49f8b  Trained_yolov5  0/3  3 min ago  pending\n"
        "          Trained_yolov8                  No running agent can run detectron2."
    )


@pytest.mark.parametrize("width", [80, 120])
def test_a_running_job_whose_agent_has_gone_silent_is_listed_with_that_in_yellow(width: int) -> None:
    row = job("running", progress={"phase": "load", "fraction": 0.5}, waiting=waiting(SILENT))
    text = table(row, width=width)
    assert " ".join(text.replace("Trained_yolov8 ", "").split()).endswith(SILENT)
    assert "loading" not in text
    console = Console(width=200, color_system="standard", force_terminal=True)
    with console.capture() as captured:
        console.print(JobTable([row], NOW))
    assert f"\x1b[33m  {SILENT}" in captured.get()


@pytest.mark.parametrize(("width", "lines"), [(80, 3), (120, 2), (200, 2)])
def test_the_error_of_a_failed_job_is_cut_to_the_line(width: int, lines: int) -> None:
    text = table(job("failed", error={"code": "x", "message": "It went wrong. " * 20}), width=width)
    assert len(text.splitlines()) == lines
    assert "It went wrong." in text
    assert text.endswith("…")


def test_a_succeeded_job_says_how_long_it_took() -> None:
    assert table(job("succeeded", started_at=before(100), finished_at=before(58)), width=120).endswith("took 42 s")


def test_jobs_of_an_older_database_are_listed_too() -> None:
    assert table(job(waiting=None), width=120).endswith("pending")


def test_agents_are_listed_with_what_they_can_run() -> None:
    agents = [
        {"name": "pod-1", "status": "working", "models": ["Trained_yolov5", "detectron2"]},
        {"name": HOSTILE, "status": "idle", "models": []},
    ]
    assert shown(agents_view(agents)) == (
        "● pod-1      working  Trained_yolov5, detectron2\n●  [2Jgone   idle     no models"
    )


def test_that_no_agent_lives_is_said() -> None:
    assert "No agent is running. `arena agent` starts one." in shown(agents_view([]))


def test_a_pending_job_is_shown_with_what_it_waits_for() -> None:
    text = shown(job_view(job(attempt=1, waiting=waiting("No running agent can run detectron2.")), NOW))
    assert f"Job {ID}" in text
    assert "pending  2 of 3 attempts left" in text
    assert "waiting   No running agent can run detectron2." in text
    assert "owner     nobody: readable by all" in text
    assert text.endswith("No attempt yet.")
    assert "due" not in text


def test_a_running_job_is_shown_with_its_phase_and_its_wait() -> None:
    row = job("running", progress={"phase": "single_stream", "fraction": 0.421}, started_at=before(100))
    text = shown(job_view({**row, "attempts": [attempt(1, None)]}, NOW))
    assert "is at     timing one by one, 42 %" in text
    assert "started   2026-11-23 11:58:20 UTC  waited 80 s" in text
    assert "\n1  gpu-pod  11-23 11:58:20   100 s  running" in text


def test_a_running_job_whose_agent_has_gone_silent_is_shown_with_where_it_was_and_what_it_waits_for() -> None:
    progress = {"phase": "load", "fraction": 0.5}
    row = job("running", progress=progress, waiting=waiting(SILENT), started_at=before(100))
    text = shown(job_view(row, NOW), width=100)
    assert f"was at    loading models, 50 %\nwaiting   {SILENT}" in text


def test_attempts_are_counted_on_where_the_databases_number_went_down() -> None:
    error = {"code": "network", "message": "timed out"}
    outcomes = [(1, "retrying", error), (1, "released", None), (2, "failed", error), (1, None, None)]
    rows = [attempt(number, outcome, error=error) for number, outcome, error in outcomes]
    text = shown(job_view(job("running", started_at=before(100), attempts=rows), NOW), width=100)
    history, errors = text[text.index("#  agent") :].split("\n\n")
    assert [line.split()[0] for line in history.splitlines()] == ["#", "1", "2", "3", "4"]
    assert errors == "1  timed out  network\n3  timed out  network"


def test_a_failed_job_is_shown_with_every_attempts_error() -> None:
    errors = [{"code": "lease_expired", "message": "It fell silent."}, {"code": "host_died", "message": "It died."}]
    attempts = [
        attempt(1, "expired", error=errors[0], refused_at=before(60)),
        attempt(2, "failed", error=errors[1], agent=None),
    ]
    row = job("failed", attempt=2, error=errors[1], started_at=before(100), finished_at=before(70), attempts=attempts)
    text = shown(job_view(row, NOW), width=100)
    assert "failed  attempt 2 of 3" in text
    assert "error     It died.  host_died" in text
    assert "gpu-pod          11-23 11:58:20    30 s  expired, refused late write at 11-23 11:59:00" in text
    assert "00000000 (gone)  11-23 11:58:20    30 s  failed" in text
    assert "\n1  It fell silent.  lease_expired\n2  It died.  host_died" in text
    assert "finished  2026-11-23 11:58:50 UTC  took 30 s" in text


@pytest.mark.parametrize(("winner", "title"), [("Trained_yolov8", "Winner: Trained_yolov8"), ("tie", "It is a tie")])
def test_a_succeeded_job_is_shown_with_its_result(winner: str, title: str) -> None:
    row = job("succeeded", started_at=before(100), finished_at=before(70))
    text = shown(job_view({**row, "result": {"winner": winner, "verdict": {"sentence": "So it is."}}}, NOW))
    assert f"─ {title} ─" in text
    assert "│ So it is." in text


def test_a_job_that_failed_before_and_waits_again_shows_its_last_error_and_when_it_is_due() -> None:
    row = job(error={"code": "network", "message": "timed out"}, run_at=before(-60))
    text = shown(job_view(row, NOW))
    assert "last error  timed out  network" in text
    assert "due         2026-11-23 12:01:00 UTC" in text


def test_a_few_images_are_shown_and_no_tokens_of_theirs() -> None:
    images = [{"image_path": f"https://h/{n}.jpg?token=geheim", "car_count": n} for n in range(7)]
    text = shown(job_view(job(images=images, options={"seed": 3, "classes": ["car"]}), NOW))
    assert "images    7 with 21 cars" in text
    assert "https://h/4.jpg?***" in text
    assert "and 2 more, which --json shows" in text
    assert "geheim" not in text
    assert "options   seed=3, classes=['car']" in text


def test_nothing_that_a_stranger_wrote_steers_the_terminal() -> None:
    row = job(
        "failed",
        images=[{"image_path": HOSTILE, "car_count": 1}], options={"note": HOSTILE}, idempotency_key=HOSTILE,
        error={"code": HOSTILE, "message": HOSTILE}, waiting=waiting(HOSTILE),
        attempts=[attempt(1, "failed", agent=HOSTILE, error={"code": HOSTILE, "message": f"[bold]{HOSTILE}[/]"})],
        result={"winner": "tie", "verdict": {"sentence": HOSTILE}},
    )  # fmt: skip
    assert shown(job_view(row, NOW)).count("gone") == 10
    running = job("running", started_at=before(1), progress={"phase": HOSTILE, "fraction": "x"})
    assert "gone" in shown(job_view(running, NOW))
    assert "gone" in table(running, row, width=120)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"), (9.94, "9.9 s"), (10, "10 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"),
        (7200, "2 h"), (47 * 3600, "47 h"), (48 * 3600, "2 days"), (-5, "0.0 s"),
    ],
)  # fmt: skip
def test_a_duration_is_said_as_people_do(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(-3, "just now"), (0.5, "just now"), (30, "30 s ago"), (180, "3 min ago")]
)
def test_an_age_is_said_as_people_do(seconds: float, said: str) -> None:
    assert ago(before(seconds), NOW) == said
