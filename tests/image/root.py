"""Root folders as a container engine makes them: one layer over another, and commands that see nothing else.

All mounts are in a namespace of this process's own (see __main__) and end with it.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_APT = """
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
"""
_HOST = ("etc/resolv.conf", "etc/hosts")


class Root:
    """A folder with an operating system in it, of layers of which the last is its own."""

    def __init__(self, folder: Path, below: Sequence[Path] = ()) -> None:
        self.path = folder / "root"
        self.layers = [folder / "upper", *below]
        for each in (self.path, folder / "upper", folder / "work"):
            each.mkdir(parents=True, exist_ok=True)
        lower = ":".join(str(each) for each in below)
        options = f"lowerdir={lower},upperdir={folder / 'upper'},workdir={folder / 'work'}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, self.path], check=True)
        self._mount_system()

    def _mount_system(self) -> None:
        subprocess.run(["mount", "-t", "proc", "proc", self.path / "proc"], check=True)
        subprocess.run(["mount", "--rbind", "/dev", self.path / "dev"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.path / "run"], check=True)
        for name in _HOST:
            (self.path / name).touch()
            self.bind(Path("/", name), name)

    def bind(self, source: Path, target: str) -> None:
        """Show a file or folder of this machine in here, read-only."""
        place = self.path / target.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.mkdir(exist_ok=True) if source.is_dir() else place.touch()
        subprocess.run(["mount", "--bind", source, place], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)

    def freeze(self, writable: Mapping[str, str]) -> None:
        """Let nothing be written any more but to these folders, each of a user."""
        for folder, user in writable.items():
            options = f"mode=1777,uid={user}"
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.path / folder], check=True)
        subprocess.run(["mount", "-o", "remount,ro", self.path], check=True)

    def run(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        *,
        user: str = "0",
        folder: str = "/",
        limit_s: float = 3600,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command with no other environment; what it says on both channels is in `stdout`."""
        inside = ["env", f"--chdir={folder}", *command]
        return subprocess.run(
            ["chroot", f"--userspec={user}:{user}", "--groups=", self.path, *inside],
            env={"PATH": PATH, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=limit_s,
        )


def debian(suite: str, folder: Path) -> Path:
    """A minimal Debian; made once in a folder that is kept. Needs `debootstrap`.

    As in Debian's images, packages are not kept when they are installed, and there are no lists of them.
    """
    if not (folder / "made").exists():
        subprocess.run(
            ["debootstrap", "--variant=minbase", suite, folder / "debian"], check=True, stdout=subprocess.DEVNULL
        )
        (folder / "debian/etc/apt/apt.conf.d/docker-clean").write_text(_APT)
        for kept in ("var/cache/apt", "var/lib/apt/lists"):
            subprocess.run(["find", folder / "debian" / kept, "-type", "f", "-delete"], check=True)
        (folder / "made").touch()
    return folder / "debian"


def passed_on(root: Root, prefixes: Sequence[str]) -> dict[str, str]:
    """This machine's variables of these prefixes, by which package managers find their way out of here.

    Those that name a file or folder name it as it is shown inside.
    """
    variables = {}
    for name, value in os.environ.items():
        if name.startswith(tuple(prefixes)):
            path = Path(value)
            if path.is_absolute() and path.exists():
                root.bind(path.resolve(), value := f"/run/host/{name}")
            variables[name] = value
    return variables
