"""Node and the packages of the server."""

import json
import re
import subprocess
import sys

from local import install
from local.node import SERVER_DIR, node_path, npm_command


def test_node_is_new_enough_for_lite() -> None:
    version = subprocess.run([str(node_path()), "--version"], capture_output=True, text=True, check=True).stdout
    assert int(version.removeprefix("v").partition(".")[0]) >= 22


def test_npm_comes_with_it() -> None:
    outcome = subprocess.run([*npm_command(), "--version"], capture_output=True, text=True, check=True)
    assert re.match(r"\d+\.", outcome.stdout)


def test_packages_are_installed_once() -> None:
    install()
    assert install() is False


def test_make_can_install_by_a_command() -> None:
    outcome = subprocess.run([sys.executable, "-m", "local"], capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")


def test_the_lock_names_no_registry() -> None:
    packages = json.loads((SERVER_DIR / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_the_lock_pins_what_package_json_asks_for() -> None:
    wanted = json.loads((SERVER_DIR / "package.json").read_text())
    locked = json.loads((SERVER_DIR / "package-lock.json").read_text())["packages"]
    for kind in ("dependencies", "devDependencies"):
        assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted[kind]} == wanted[kind]
