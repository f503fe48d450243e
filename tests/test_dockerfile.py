import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.settings import load_settings
from tests.image.config import Config
from tests.image.context import Ignored
from tests.image.dockerfile import Step, parse

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "Dockerfile").read_text("utf-8")
DOCKERFILE = parse(TEXT)
IGNORED = Ignored((ROOT / ".dockerignore").read_text("utf-8"))
COMMIT = DOCKERFILE.arguments[0].pairs({})["DETECTRON2"]


def step(stage: str, marker: str) -> str:
    """The shell command of the one RUN step of the stage that holds `marker`."""
    [found] = [each for each in DOCKERFILE.stages[stage].steps if each.keyword == "RUN" and marker in each.value]
    return found.value


def carry_out(command: str, folder: Path, **arguments: str) -> list[str]:
    """Run a step with programs in place of git, uv and ln that only say what they are asked for."""
    programs = folder / "programs"
    programs.mkdir()
    for program in ("git", "uv", "ln"):
        (programs / program).write_text(f'#!{sys.executable}\nimport sys\nprint("{program}", *sys.argv[1:])\n')
        (programs / program).chmod(0o755)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "CUDA_HOME": "/opt/cuda/home", **arguments}
    done = subprocess.run(
        ["sh", "-euc", command], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def locked(name: str) -> dict[str, str]:
    """Version of each package of a lock file, for this Python."""
    lines = re.findall(r"^([a-z0-9-]+)==(\S+)(.*)$", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    return {package: version for package, version, marker in lines if "python_full_version >=" not in marker}


def config(target: str) -> Config:
    """What the image of a target says besides its files."""
    made = Config()
    for stage in (DOCKERFILE.stages["agent"], DOCKERFILE.stages[target]):
        for each in stage.steps:
            if each.keyword not in ("RUN", "COPY", "ARG"):
                made = made.changed(each, made.env)
    return made


@pytest.mark.parametrize("commit", ["0123abc", ""])
def test_detectron2_is_fetched_at_its_commit_unless_it_is_left_out(tmp_path: Path, commit: str) -> None:
    said = carry_out(step("detectron2", "detectron2.git"), tmp_path, DETECTRON2=commit)
    fetched = f"git fetch --quiet --depth 1 https://github.com/facebookresearch/detectron2.git {commit}"
    assert (fetched in said) == bool(commit)
    assert bool(said) == bool(commit)


@pytest.mark.parametrize("stage", ["build-gpu", "build-cpu"])
@pytest.mark.parametrize("commit", ["0123abc", ""])
def test_detectron2_is_built_unless_it_is_left_out(tmp_path: Path, stage: str, commit: str) -> None:
    said = carry_out(step(stage, "out-dir /wheels detectron2"), tmp_path, DETECTRON2=commit)
    assert ("uv build --wheel --no-build-isolation --out-dir /wheels detectron2" in said) == bool(commit)
    assert bool(said) == bool(commit)
    assert any("requirements-cuda.lock" in line for line in said) == (bool(commit) and stage == "build-gpu")


def test_the_processors_image_takes_all_but_torch_from_the_lock(tmp_path: Path) -> None:
    shutil.copy(ROOT / "requirements-agent.lock", tmp_path)
    said = carry_out(step("build-cpu", "TORCH_BACKEND"), tmp_path, TORCH_BACKEND="cpu")
    assert [line.split()[2] for line in said] == ["sync", "install"]
    whole, rest = ((tmp_path / f"requirements-{name}.lock").read_text("utf-8") for name in ("agent", "cpu"))
    names = [re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE) for text in (whole, rest)]
    gone = set(names[0]) - set(names[1])
    assert {"torch", "torchvision", "triton", "cuda-bindings", "nvidia-cublas"} < gone
    assert all(re.match(r"torch|triton|cuda-|nvidia-", name) for name in gone)
    assert "nvidia-ml-py" in names[1]
    assert rest.count("--hash=") > 1000
    versions = locked("requirements-agent.lock")
    pinned = (tmp_path / "requirements-torch.txt").read_text("utf-8").split()
    assert pinned == [f"{name}=={versions[name]}" for name in ("torch", "torchvision")]


def test_the_processors_image_can_be_made_of_the_ordinary_packages(tmp_path: Path) -> None:
    said = carry_out(step("build-cpu", "TORCH_BACKEND"), tmp_path, TORCH_BACKEND="")
    assert said[0] == "uv pip sync --require-hashes requirements-agent.lock"


def test_the_locks_of_the_image_are_hashed_and_agree_with_the_agents() -> None:
    agent = locked("requirements-agent.lock")
    for name in ("cuda", "detectron2"):
        versions = locked(f"requirements-{name}.lock")
        assert {package for package in versions if versions[package] != agent.get(package, versions[package])} == set()
    for step_of in (each.value for stage in DOCKERFILE.stages.values() for each in stage.steps):
        for command in re.findall(r"pip (?:install|sync) [^&;|]*requirements-\S+", step_of):
            assert "--require-hashes" in command or "--torch-backend" in command, command
    assert locked("requirements-cuda.lock")["cuda-toolkit"] == agent["cuda-toolkit"]


def test_the_image_and_the_docs_name_the_same_commit_of_detectron2() -> None:
    docs = (ROOT / "docs" / "models.md").read_text("utf-8")
    assert re.fullmatch(r"[0-9a-f]{40}", COMMIT)
    assert re.findall(r"detectron2\.git@(\w+)", docs) == [COMMIT]


def test_the_gpus_image_is_what_is_built_unless_another_is_named() -> None:
    assert DOCKERFILE.default == "gpu"
    assert "cpu" not in {stage.name for stage in DOCKERFILE.needed("gpu")}


@pytest.mark.parametrize("target", ["gpu", "cpu"])
def test_the_agent_runs_as_a_user_without_rights(target: str) -> None:
    assert config(target).user == "10001", "a number, which runAsNonRoot can judge"
    steps = [*DOCKERFILE.stages["agent"].steps, *DOCKERFILE.stages[target].steps]
    assert "useradd --uid 10001" in steps[0].value
    assert all("chown" not in each.flags for each in steps), "what runs belongs to root"
    assert "sudo" not in TEXT


@pytest.mark.parametrize(("target", "device"), [("gpu", "cuda"), ("cpu", "cpu")])
def test_the_images_settings_are_settings_of_the_agent(target: str, device: str) -> None:
    env = {name: value for name, value in config(target).env.items() if name.startswith("ARENA_")}
    settings = load_settings(**env, SUPABASE_URL="https://project.example", SUPABASE_KEY="sb_secret_none")
    assert settings.device == device
    assert settings.log_format == "json"
    assert {settings.weights_dir, settings.cache_dir} == {Path("/workspace/weights"), Path("/workspace/cache")}


def test_the_agent_is_started_by_tini_and_asked_for_its_health() -> None:
    image = config("gpu")
    assert [*image.entrypoint, *image.command] == ["tini", "--", "arena", "agent"]
    assert image.health[:2] == ("python", "-m")
    assert importlib.util.find_spec(image.health[2]) is not None


def copied() -> list[str]:
    """Files and folders of the repository that go into the build."""
    steps = [each for stage in DOCKERFILE.stages.values() for each in stage.steps]
    return [name for each in steps if _is_from_here(each) for name in each.words({})[:-1]]


def _is_from_here(each: Step) -> bool:
    return each.keyword == "COPY" and "from" not in each.flags


def test_the_build_sees_what_it_copies_and_nothing_else() -> None:
    assert [name for name in copied() if name in IGNORED or not (ROOT / name).exists()] == []
    seen = {path.name for path in ROOT.iterdir() if path.name not in IGNORED}
    assert seen == set(copied())
    for name in (".env", "agent/__pycache__/job.pyc", "local/server/node_modules/x/index.js", "dashboard/dist/x.js"):
        assert name in IGNORED
