import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def step(marker: str) -> str:
    """The shell command of the RUN step that holds `marker`."""
    [command] = [each for each in re.findall(r"^RUN ((?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE) if marker in each]
    return str(command)


@pytest.mark.parametrize(("commit", "built"), [("0123abc", True), ("", False)])
def test_the_image_builds_detectron2_at_its_commit_unless_it_is_left_out(
    tmp_path: Path, commit: str, built: bool
) -> None:
    """The step is run with programs in place of apt-get and uv that only write down what they are asked for."""
    for program in ("apt-get", "uv"):
        (tmp_path / program).write_text(f'#!{sys.executable}\nimport sys\nprint("{program}", *sys.argv[1:])\n')
        (tmp_path / program).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DETECTRON2": commit}
    done = subprocess.run(
        ["sh", "-euc", step("detectron2.git")], env=environment, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == (["apt-get", "apt-get", "uv"] if built else [])
    assert not built or lines[-1].endswith("github.com/facebookresearch/detectron2.git@0123abc")


def test_the_image_and_the_docs_name_the_same_commit_of_detectron2() -> None:
    docs = (ROOT / "docs" / "models.md").read_text("utf-8")
    commits = re.findall(r"^ARG DETECTRON2=([0-9a-f]{40})$", DOCKERFILE, re.MULTILINE)
    assert len(commits) == 1
    assert commits == re.findall(r"detectron2\.git@(\w+)", docs)


def test_the_agent_runs_as_a_user_without_rights() -> None:
    users = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)
    assert users == ["10001"], "a number, which runAsNonRoot can judge"
    assert "useradd --uid 10001" in DOCKERFILE
    last_stage = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    assert last_stage.index("COPY --from=build /opt/arena") < last_stage.index("\nUSER")
    assert "--chown" not in last_stage, "what runs belongs to root"
    assert "sudo" not in DOCKERFILE


def test_the_image_has_no_page() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored[0] == "*"
    assert "!dashboard" not in ignored
    assert "dashboard" not in DOCKERFILE
