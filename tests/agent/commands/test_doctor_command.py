"""``arena doctor`` as a person uses it."""

import json
from pathlib import Path

from agent.doctor import CHECKS
from local import LocalStack
from tests.agent.test_commands import ROOT, arena

#: Nothing of it is downloaded.
DEMO = {"ARENA_CATALOGUE": str(ROOT / "demo" / "catalogue.toml"), "ARENA_METRICS_PORT": "0"}


def test_a_sound_project_has_warnings_alone_and_says_so_in_json(tmp_path: Path, stack: LocalStack) -> None:
    project = {"SUPABASE_URL": stack.url, "SUPABASE_KEY": stack.secret_key}
    shown = arena("doctor", "--json", cwd=tmp_path, **project, **DEMO)
    assert shown.returncode == 0, shown.stdout
    assert shown.stderr == ""
    said = json.loads(shown.stdout)
    assert [check["name"] for check in said["checks"]] == [check.name for check in CHECKS]
    assert said["problems"] == 0
    states = {check["name"]: check["state"] for check in said["checks"]}
    assert states["settings"] == states["database"] == states["realtime"] == states["models"] == "ok"
    assert states["collector"] == states["pod"] == "skipped"
    assert list(tmp_path.iterdir()) == []


def test_a_problem_is_the_exit_code_and_a_file_that_cannot_be_read_is_one(tmp_path: Path, stack: LocalStack) -> None:
    wrong = {"SUPABASE_URL": stack.url, "SUPABASE_KEY": "sb_secret_of_another_project", **DEMO}
    (tmp_path / ".env").write_bytes("ARENA_AGENT_NAME=Zoë".encode("latin-1"))
    shown = arena("doctor", cwd=tmp_path, **wrong)
    assert shown.returncode == 1
    assert shown.stderr == ""
    assert "✗ settings      .env cannot be read: it is not UTF-8." in shown.stdout
    assert "✗ key" in shown.stdout
    assert "– database      The key was not accepted." in shown.stdout
    assert "2 problems," in shown.stdout
    assert "another_project" not in shown.stdout
