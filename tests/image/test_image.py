"""What builds the image here, without building it."""

from pathlib import Path

import pytest

from tests.image.build import StageRun, StepFailed, suite_of
from tests.image.config import Config
from tests.image.context import Ignored, copy_context
from tests.image.dockerfile import Step, expand, parse
from tests.image.root import PATH, Root
from tests.image.sizes import bytes_of

EXAMPLE = """\
# syntax=docker/dockerfile:1
ARG COMMIT=abc
FROM debian:bookworm-slim AS one
# hadolint ignore=DL3008
RUN apt-get update \\
    # a comment amid it
    && echo "$PATH" \\
    && true
FROM one AS two
COPY --from=one /a /b
FROM one AS unneeded
FROM two AS three
HEALTHCHECK --interval=30s --start-period=60s CMD ["probe", "a b"]
"""


def test_continued_lines_are_one_and_comments_are_nothing() -> None:
    [step] = parse(EXAMPLE).stages["one"].steps
    assert " ".join(step.value.split()) == 'apt-get update && echo "$PATH" && true'


def test_flags_are_told_from_what_follows() -> None:
    stages = parse(EXAMPLE).stages
    assert stages["two"].steps == (Step("COPY", "/a /b", {"from": "one"}),)
    assert Config().changed(stages["three"].steps[0], {}).health == ("probe", "a b")


def test_only_stages_that_the_target_is_made_of_are_built() -> None:
    assert [stage.name for stage in parse(EXAMPLE).needed("three")] == ["one", "two", "three"]
    assert parse(EXAMPLE).default == "three"


def test_an_instruction_that_is_not_known_is_an_error() -> None:
    with pytest.raises(ValueError, match="VOLUME"):
        parse("FROM debian AS a\nVOLUME /workspace\n")


def test_variables_are_replaced_and_unknown_ones_are_empty() -> None:
    assert expand("/opt:$PATH ${A}b$UNKNOWN", {"PATH": "/bin", "A": "a"}) == "/opt:/bin ab"


def test_the_environment_grows_from_step_to_step() -> None:
    config = Config()
    for value in ("PATH=/opt/bin:$PATH", 'LIST="7.5 8.0" ONE=1'):
        config = config.changed(Step("ENV", value), config.env)
    assert config.env == {"PATH": f"/opt/bin:{PATH}", "LIST": "7.5 8.0", "ONE": "1"}


@pytest.mark.parametrize(
    ("given", "step", "value"),
    [
        ({}, "ARG COMMIT", "abc"),
        ({"COMMIT": ""}, "ARG COMMIT", ""),
        ({"COMMIT": "d"}, "ARG COMMIT=own", "d"),
        ({}, "ARG COMMIT=own", "own"),
        ({}, 'ARG COMMIT="a b"', "a b"),
        ({}, "ARG OTHER", None),
    ],
)
def test_an_argument_is_the_builders_or_the_stages_or_the_files(
    tmp_path: Path, given: dict[str, str], step: str, value: str | None
) -> None:
    root = Root.__new__(Root)  # one with no mounts, for which no rights are needed
    root.path = tmp_path
    stage = StageRun(root, Config(), {"COMMIT": "abc"}, given, {})
    stage.take(Step("ARG", step.removeprefix("ARG ")), tmp_path)
    stage.take(Step("WORKDIR", "/$COMMIT$OTHER"), tmp_path)
    assert stage.config.folder == f"/{value or ''}"
    assert (tmp_path / (value or "")).is_dir()


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("agent/job.py", False),
        ("agent/report/__pycache__/x.pyc", True),
        ("agent", False),
        ("agents/x", True),
        (".env", True),
        ("docs/a.md", True),
        ("README.md", False),
    ],
)
def test_the_last_pattern_that_fits_decides(path: str, ignored: bool) -> None:
    assert (path in Ignored("# all\n*\n!agent\n!*.md\n**/__pycache__\ndocs/*.md\n")) == ignored


def test_the_context_holds_what_is_not_ignored(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for name in ("agent/job.py", "agent/__pycache__/job.pyc", ".env", "secret/key"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(name)
    (here / ".dockerignore").write_text("*\n!agent\n**/__pycache__\n")
    copy_context(here, there)
    assert [str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()] == ["agent/job.py"]


def test_links_count_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "large").write_bytes(bytes(1000))
    (tmp_path / "link").symlink_to("a/large")
    assert bytes_of(tmp_path) == 1000


def test_only_a_debian_can_be_made() -> None:
    assert suite_of("debian:bookworm-slim") == "bookworm"
    with pytest.raises(StepFailed, match="only a Debian"):
        suite_of("alpine:3")
