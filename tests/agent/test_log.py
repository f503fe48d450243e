"""Logs: their two forms, and what never gets into them."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from agent.log import scrub

KEY = "sb_secret_abcDEF-123_456"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2lnbmF0dXJl"
SECRETS = ["abcDEF", "c2lnbmF0dXJl", "hunter2", "X-Amz"]

# A process of its own, since logging is configured for a whole process.
PROGRAM = f"""
import logging, sys, structlog
from agent.log import configure_logging
configure_logging("debug", sys.argv[1])
log = structlog.stdlib.get_logger("agent.something")
secrets = "{KEY} {TOKEN} https://bob:hunter2@host/a.jpg?X-Amz-Signature=1"
log.debug("event " + secrets, text=secrets, number=3, deep={{"list": [secrets, 1.5, None]}})
logging.getLogger("httpx").error("foreign %s", secrets)
logging.getLogger("httpx").info("a library's chatter")
def fail():
    local = secrets
    raise ValueError(local)
for logger in (log, logging.getLogger("foreign")):
    try:
        fail()
    except ValueError:
        logger.exception("it failed")
"""


def run(style: str) -> str:
    command = [sys.executable, "-c", PROGRAM, style]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/", env={**os.environ})
    assert done.stdout == ""
    return done.stderr


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("json").splitlines()]


@pytest.mark.parametrize("style", ["json", "console", "auto"])
def test_no_secret_is_in_the_log(style: str) -> None:
    text = run(style)
    assert [secret for secret in SECRETS if secret in text] == []
    assert text.count("https://***@host/a.jpg?***") >= 6


def test_each_line_is_json_with_time_level_and_event(lines: list[dict[str, Any]]) -> None:
    assert [line["level"] for line in lines] == ["debug", "error", "error", "error"]
    assert all(line["timestamp"].endswith("Z") and line["event"] for line in lines)


def test_values_keep_their_types(lines: list[dict[str, Any]]) -> None:
    assert lines[0]["number"] == 3
    assert lines[0]["deep"]["list"][1:] == [1.5, None]


def test_a_traceback_is_there_for_ours_and_for_libraries(lines: list[dict[str, Any]]) -> None:
    for line in lines[2:]:
        assert line["event"] == "it failed"
        assert "in fail" in line["exception"]
        assert "ValueError: sb_secret_*** ***" in line["exception"]


def test_a_console_has_words_instead_of_json() -> None:
    text = run("console")
    assert "it failed" in text
    assert "Traceback (most recent call last)" in text
    assert not text.lstrip().startswith("{")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("see https://h/p.jpg?token=a&b=c.", "see https://h/p.jpg?***"),
        ("'https://h/p?a=b' and more", "'https://h/p?***' and more"),
        ("wss://h/realtime?apikey=abc", "wss://h/realtime?***"),
        ("postgresql://u:p@ss@host:5432/db", "postgresql://***@host:5432/db"),
        ("https://h/p@2x.jpg", "https://h/p@2x.jpg"),
        ("sb_publishable_abc-def", "sb_publishable_***"),
        (f"Bearer {TOKEN}!", "Bearer ***!"),
        ("is it a question? yes", "is it a question? yes"),
        ("https://h/p.jpg?***: refused", "https://h/p.jpg?***: refused"),
        ("https://h/p.jpg?***&token=a", "https://h/p.jpg?***"),
        ("", ""),
    ],
)
def test_scrubbing(text: str, clean: str) -> None:
    assert scrub(text) == clean
