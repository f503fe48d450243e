"""What the files of the repository promise."""

import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Put together here, so that this file does not name them itself.
REGISTRIES = ["pypi" + ".org", "python" + "hosted.org", "registry." + "npmjs", "deb." + "debian.org"]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_file_names_a_package_registrys_host() -> None:
    named = [path.name for path in tracked() if any(host.encode() in path.read_bytes() for host in REGISTRIES)]
    assert named == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 150


def test_the_changelog_knows_the_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_image_installs_the_agents_lock_with_hashes() -> None:
    steps = (ROOT / "Dockerfile").read_text("utf-8")
    assert "--require-hashes requirements-agent.lock" in steps
    assert "pytest" not in (ROOT / "requirements-agent.lock").read_text("utf-8")
