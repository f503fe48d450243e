"""Checks that fail or hang hide no other, and what is said of all of them."""

import io
import re
import time
from inspect import signature
from pathlib import Path

import pytest
from rich.console import Console

from agent.doctor import CHECKS, Examined, Finding, examine, to_json
from agent.doctor.examine import Check
from agent.doctor.finding import ok, problem, skipped, warning
from agent.doctor.place import Place
from agent.doctor.show import Row, summary
from agent.errors import AgentError
from tests.agent.doctor.conftest import MakePlace

ROOT = Path(__file__).parents[3]
SECRET = "sb_secret_abcdefgh12345678"


def _crash(_: Place) -> Finding:
    raise ValueError(f"with {SECRET} and https://host/path?token=hunter2")


def _hang(_: Place) -> Finding:
    time.sleep(1.0)
    return ok("too late")


def _fine(_: Place) -> Finding:
    return ok("x")


def _refuse(_: Place) -> Finding:
    raise AgentError("It is so.", hint="Do that.")


def test_no_check_hides_another(place: MakePlace) -> None:
    checks = [
        Check("crash", _crash),
        Check("hang", _hang, 0.05),
        Check("error", _refuse),
        Check("fine", _fine),
    ]
    begun: list[str] = []
    crash, hang, error, fine = examine(checks, place(), begun.append)
    assert begun == ["crash", "hang", "error", "fine"]
    assert crash.finding.found.startswith("The check itself failed: ValueError: with sb_secret_***")
    assert "hunter2" not in crash.finding.found
    assert hang.finding.found == "No answer within 0.05 s."
    assert error.finding == problem("It is so.", "Do that.")
    assert fine.finding == ok("x")


FOUND = [
    Examined("supabase", ok("abc.supabase.co answers in 31 ms")),
    Examined("metrics_port", skipped("Nothing is served.")),
    Examined("clock", warning("It is 90 s ahead of the server's.", "`sudo chronyc makestep`", "2 s at most")),
    Examined("database", problem("It lacks the arena's tables.", "`arena migrate --dry-run`, " + "or " * 30)),
]


def test_the_json_has_the_keys_that_are_documented() -> None:
    said = to_json(FOUND)
    assert (said["problems"], said["warnings"]) == (1, 1)
    assert said["checks"][2] == {
        "name": "clock", "state": "warning", "found": "It is 90 s ahead of the server's.", "expected": "2 s at most",
        "mend": "`sudo chronyc makestep`",
    }  # fmt: skip
    assert said["checks"][0]["mend"] is None
    text = (ROOT / "docs" / "doctor.md").read_text("utf-8")
    documented = re.findall(r"^\| `(\w+)` \| ", text.partition("## JSON")[2], re.MULTILINE)
    assert documented == [*said, *said["checks"][0]]


def test_the_documented_checks_are_those_that_there_are() -> None:
    text = (ROOT / "docs" / "doctor.md").read_text("utf-8").partition("## JSON")[0]
    assert re.findall(r"^\| `(\w+)` \| ", text, re.MULTILINE) == [check.name for check in CHECKS]


def test_a_run_in_which_everything_hangs_ends_in_time_and_looks_at_the_rest(place: MakePlace) -> None:
    checks = [*(Check(f"hang {number}", _hang) for number in range(4)), Check("fine", _fine)]
    start = time.monotonic()
    *hung, fine = examine(checks, place(), limit_seconds=0.4, least_seconds=0.05)
    assert time.monotonic() - start < 0.8
    assert [each.finding.found for each in hung] == ["No answer within 0.2 s.", *["No answer within 0.05 s."] * 3]
    assert fine.finding == ok("x")


def test_what_is_kept_for_all_checks_leaves_the_first_its_time() -> None:
    limit, least = (signature(examine).parameters[name].default for name in ("limit_seconds", "least_seconds"))
    assert limit == 60.0
    assert limit - least * len(CHECKS) >= max(check.seconds for check in CHECKS)


def test_commands_can_be_typed_as_they_stand() -> None:
    code = "".join(file.read_text("utf-8") for file in (ROOT / "agent" / "doctor").glob("*.py"))
    commands = re.findall(r"`(?:arena|install|chown|chmod|mv|mkdir) [^`]*`", code)
    assert commands
    assert not [each for each in commands if "…" in each]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_it_is_readable_at_80_columns_and_without_colour(encoding: str) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding, errors="strict")
    console = Console(file=file, width=80)
    for each in FOUND:
        console.print(Row(each, 13))
    console.print(summary(FOUND))
    file.flush()
    assert isinstance(file.buffer, io.BytesIO)
    lines = file.buffer.getvalue().decode(encoding).splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line[:1] != " "] == [
        *(["✓", "–", "!", "✗"] if encoding == "utf-8" else ["+", "-", "!", "x"]), "1"
    ]  # fmt: skip
    assert lines[0].rstrip().endswith("supabase      abc.supabase.co answers in 31 ms")
    assert "should be 2 s at most" in lines[3]
    assert lines[-1] == "1 problem, 1 warning. Mend the problems, and look again."


def test_the_last_line_says_how_it_stands() -> None:
    assert str(summary(FOUND[:2])) == "Nothing is wrong."
    assert str(summary(FOUND[:3])) == "1 warning. No problem."
