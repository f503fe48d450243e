"""What ``arena jobs`` shows: the queue as a table, and one job with all that became of it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from agent.image_name import shown
from agent.job import utc
from agent.log import scrub
from agent.show import PHASES, printable
from agent.show_result import result_view

Row = Mapping[str, Any]

STYLES = {"pending": "yellow", "running": "cyan", "succeeded": "green", "failed": "red", "cancelled": "dim"}
AGENT_STYLES = {"idle": "green", "working": "cyan"}

_WIDE_COLUMNS = 110
"""From here on a job has one line; below, its models and its note have lines of their own."""
_SHORT_ID = 8
_IMAGES_SHOWN = 5
_SPANS = ((1.0, 120, "s"), (60.0, 120, "min"), (3600.0, 48, "h"))
_DAY_SECONDS = 86400.0


class JobTable:
    """Jobs, newest first, one line each where the terminal is wide enough."""

    def __init__(self, jobs: Sequence[Row], now: datetime | None = None) -> None:
        self._jobs, self._now = jobs, now or datetime.now(UTC)

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        gap = "  " if options.max_width >= _WIDE_COLUMNS else "\n"
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("id", no_wrap=True)
        table.add_column("models", no_wrap=True)
        table.add_column("try", justify="right", no_wrap=True)
        table.add_column("inserted", no_wrap=True)
        table.add_column("status", overflow="fold")
        for job in self._jobs:
            table.add_row(*self._cells(job, gap))
        yield table

    def _cells(self, job: Row, gap: str) -> Iterator[RenderableType]:
        yield str(job["id"])[:_SHORT_ID]
        yield Text(f"{job['model_a']}\n{job['model_b']}" if gap == "\n" else f"{job['model_a']} / {job['model_b']}")
        yield f"{job['attempt']}/{job['max_attempts']}"
        yield Text(ago(job["created_at"], self._now), style="dim")
        yield _status(job, gap)


def agents_view(agents: Sequence[Row]) -> RenderableType:
    """A line for each agent that is alive."""
    if not agents:
        return Text("No agent is running. `arena agent` starts one.", style="dim")
    table = Table.grid(padding=(0, 2, 0, 0))
    for agent in agents:
        style = AGENT_STYLES.get(agent["status"], "")
        models = ", ".join(agent["models"]) or "no models"
        table.add_row(
            Text(f"● {printable(agent['name'])}", style=style),
            Text(agent["status"], style=style),
            Text(printable(models), style="dim", overflow="fold"),
        )
    return table


def job_view(job: Row, now: datetime | None = None) -> RenderableType:
    """Everything of one job, as ``JobList.find`` gives it."""
    now = now or datetime.now(UTC)
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for label, value in _facts(job, now):
        facts.add_row(label, value)
    parts: list[RenderableType] = [
        Text(f"Job {job['id']}", style="bold"),
        "",
        facts,
        "",
        _attempts(job["attempts"], now),
    ]
    if job["result"]:
        sides = {"model_a_id": job["model_a"], "model_b_id": job["model_b"]}
        parts.append(result_view({**job["result"], **sides}))
    return Group(*parts)


def ago(timestamp: str, now: datetime) -> str:
    """How long ago that was: ``3 min ago``."""
    seconds = (now - utc(timestamp)).total_seconds()
    return "just now" if seconds < 1 else f"{span(seconds)} ago"


def span(seconds: float) -> str:
    """A duration as people say it: ``0.4 s``, ``90 s``, ``3 min``, ``5 h``, ``12 days``."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    for unit, most, name in _SPANS:
        if seconds < most * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / _DAY_SECONDS:.0f} days"


def _status(job: Row, gap: str) -> Text:
    """The status, and what there is to say about it: errors are cut to the line, what it waits for is not."""
    note = _note(job)
    word = f"{job['status']:<9}" if note and gap != "\n" else job["status"]
    status = Text(word, style=STYLES[job["status"]], overflow="ellipsis", no_wrap=job["status"] == "failed")
    style = "yellow" if _is_abandoned(job) else "dim"
    return status.append(f"{gap}{note}", style=style) if note else status


def _is_abandoned(job: Row) -> bool:
    """Whether it runs by its status alone: its agent has gone silent."""
    return job["status"] == "running" and job["waiting"] is not None


def _note(job: Row) -> str:
    if job["waiting"]:
        return printable(job["waiting"]["message"])
    match job["status"]:
        case "running":
            return _progress(job["progress"] or {})
        case "failed":
            return _said(job["error"])
        case "succeeded":
            return f"took {_between(job['started_at'], job['finished_at'])}"
    return ""


def _progress(progress: Row) -> str:
    phase = str(progress.get("phase", ""))
    fraction = progress.get("fraction")
    percent = f", {100 * fraction:.0f} %" if isinstance(fraction, int | float) else ""
    return printable(f"{PHASES.get(phase, phase)}{percent}")


def _said(error: Row | None) -> str:
    return printable(scrub(str((error or {}).get("message", ""))))


def _between(start: str, end: str) -> str:
    return span((utc(end) - utc(start)).total_seconds())


def _facts(job: Row, now: datetime) -> Iterator[tuple[str, RenderableType]]:
    yield "models", f"{job['model_a']} against {job['model_b']}"
    yield "status", _long_status(job)
    yield from _what_is_said(job)
    yield "images", _images(job["images"])
    if job["options"]:
        yield "options", Text(printable(", ".join(f"{name}={value}" for name, value in job["options"].items())))
    yield from _when(job, now)
    yield "owner", "nobody: readable by all" if job["created_by"] is None else job["created_by"]
    if job["priority"]:
        yield "priority", str(job["priority"])
    if job["idempotency_key"]:
        yield "key", Text(printable(job["idempotency_key"]))


def _long_status(job: Row) -> Text:
    text = Text(job["status"], style=STYLES[job["status"]])
    tries = f"attempt {job['attempt']} of {job['max_attempts']}"
    if job["status"] == "pending":
        tries = f"{job['max_attempts'] - job['attempt']} of {job['max_attempts']} attempts left"
    return text.append(f"  {tries}", style="dim")


def _what_is_said(job: Row) -> Iterator[tuple[str, RenderableType]]:
    if job["status"] == "running":
        yield ("was at" if _is_abandoned(job) else "is at"), _progress(job["progress"] or {})
    if job["waiting"]:
        yield "waiting", Text(printable(job["waiting"]["message"]), style="yellow" if _is_abandoned(job) else "")
    if job["error"]:
        yield ("error" if job["status"] == "failed" else "last error"), _error(job["error"])


def _error(error: Row) -> Text:
    return Text(_said(error)).append(f"  {printable(error.get('code', ''))}", style="dim")


def _images(images: Sequence[Row]) -> Text:
    cars = sum(int(image["car_count"]) for image in images)
    text = Text(f"{len(images)} with {cars} {'car' if cars == 1 else 'cars'}")
    for image in images[:_IMAGES_SHOWN]:
        text.append(f"\n{shown(str(image['image_path']))}", style="dim")
    more = len(images) - _IMAGES_SHOWN
    return text.append(f"\nand {more} more, which --json shows", style="dim") if more > 0 else text


def _when(job: Row, now: datetime) -> Iterator[tuple[str, RenderableType]]:
    created, due = job["created_at"], max(job["created_at"], job["run_at"], key=utc)
    yield "inserted", _moment(created, ago(created, now))
    if utc(due) - utc(created) > timedelta(seconds=1):
        yield "due", _moment(due)
    if job["started_at"]:
        yield "started", _moment(job["started_at"], f"waited {_between(due, job['started_at'])}")
    if job["finished_at"]:
        took = f"took {_between(job['started_at'], job['finished_at'])}" if job["started_at"] else ""
        yield "finished", _moment(job["finished_at"], took)


def _moment(timestamp: str, remark: str = "") -> Text:
    return Text(f"{utc(timestamp).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC").append(f"  {remark}", style="dim")


def _attempts(attempts: Sequence[Row], now: datetime) -> RenderableType:
    """A line for each attempt, and below them what each had to say, which is long.

    They are counted anew: the database's number goes down when a lease is released or a person retries.
    """
    if not attempts:
        return Text("No attempt yet.", style="dim")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("#", "agent", "started", "lasted", "outcome"):
        table.add_column(name, justify="right" if name in {"#", "lasted"} else "left", overflow="fold")
    errors = Table.grid(padding=(0, 2, 0, 0))
    errors.add_column(justify="right", min_width=len(str(len(attempts))))
    for number, row in enumerate(attempts, 1):
        table.add_row(str(number), *_attempt(row, now))
        if row["error"]:
            errors.add_row(str(number), _error(row["error"]))
    return Group(table, "", errors) if errors.rows else table


def _attempt(row: Row, now: datetime) -> Iterator[RenderableType]:
    outcome = row["outcome"] or "running"
    text = Text(outcome, style=STYLES.get(outcome, "yellow"))
    if row["refused_at"]:
        text.append(f", refused late write at {_time(row['refused_at'])}", style="dim")
    yield Text(printable(row["agent"] or f"{row['agent_id'][:_SHORT_ID]} (gone)"))
    yield _time(row["started_at"])
    yield _between(row["started_at"], row["ended_at"] or now.isoformat())
    yield text


def _time(timestamp: str) -> str:
    return f"{utc(timestamp).astimezone(UTC):%m-%d %H:%M:%S}"
