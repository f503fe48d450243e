"""``python -m tests.image``: build the image's stages in a clean Debian and check the last.

Needs root, Debian's `debootstrap`, `unshare` and overlayfs, 25 GB of disk, and the network that a build needs; half an
hour on two cores, most of it to compile detectron2's CUDA operators (``--build-arg TORCH_CUDA_ARCH_LIST=9.0`` for one
GPU only). What an engine adds is not checked: the base image's own files, layers, the runtime's limits.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.image.build import Builder, StepFailed
from tests.image.checks import CheckFailed, Checks
from tests.image.context import copy_context
from tests.image.dockerfile import parse
from tests.image.sizes import table

_REPOSITORY = Path(__file__).resolve().parents[2]
_INSIDE = "ARENA_IMAGE_NAMESPACE"


def main() -> int:
    """Run in mount and process namespaces of our own, so that nothing outlives us, and clean up after them."""
    options = _options()
    if _INSIDE in os.environ:
        return _build_and_check(options)
    if os.geteuid():
        sys.exit("It makes root folders and mounts, so it must be root: sudo, or a virtual machine.")
    folder = options.root or Path(tempfile.mkdtemp(prefix="arena-image-"))
    folder.mkdir(parents=True, exist_ok=True)
    _remove(folder / "stages", folder / "context")
    apart = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
    command = [*apart, sys.executable, "-m", "tests.image", *sys.argv[1:], "--root", str(folder)]
    status = subprocess.run(command, env={**os.environ, _INSIDE: "1"}, cwd=_REPOSITORY).returncode
    if not options.keep:
        _remove(*([folder / "stages", folder / "context"] if options.root else [folder]))
    return status


def _remove(*folders: Path) -> None:
    """Whatever was mounted in them is gone with its namespace."""
    subprocess.run(["rm", "-rf", "--one-file-system", *folders], check=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.image", description=__doc__.split("\n\n")[0])
    parser.add_argument("--target", help="the stage to build; the last, unless given")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--root", type=Path, help="where to build; a Debian that was made there is taken again")
    parser.add_argument("--keep", action="store_true", help="leave what was built (in stages/, no mounts)")
    parser.add_argument(
        "--git-mirror", action="append", default=[], metavar="URL=FOLDER", help="a repository to take in place of a URL"
    )
    return parser.parse_args()


def _build_and_check(options: argparse.Namespace) -> int:
    started = time.monotonic()
    dockerfile = parse((_REPOSITORY / "Dockerfile").read_text("utf-8"))
    context = copy_context(_REPOSITORY, options.root / "context")
    builder = Builder(dockerfile, options.root, context, dict(each.split("=", 1) for each in options.build_arg))
    builder.git_mirrors = {url: Path(folder) for url, folder in (e.rsplit("=", 1) for e in options.git_mirror)}
    try:
        image = builder.build(options.target or dockerfile.default, _say)
    except StepFailed as error:
        _say(str(error))
        return 1
    failed = _check(Checks(image, detectron2="DETECTRON2=" not in options.build_arg))
    _say("\n".join(["", *table(image.root.path), "", f"{time.monotonic() - started:.0f} s"]))
    return 1 if failed else 0


def _check(checks: Checks) -> int:
    failed = 0
    for check in checks.all():
        try:
            _say(f"ok    {check.__name__}: {check()}")
        except CheckFailed as error:
            failed += 1
            _say(f"FAIL  {check.__name__}: {error}")
    return failed


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command's output


if __name__ == "__main__":
    sys.exit(main())
