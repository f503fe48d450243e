"""Carries out the steps of a Dockerfile."""

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tests.image.config import Config
from tests.image.dockerfile import Dockerfile, Stage, Step
from tests.image.root import Root, debian, passed_on

_PREFIXES = ("PIP_", "UV_", "SSL_", "GIT_SSL_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class StepFailed(Exception):
    """A step of the Dockerfile failed."""


@dataclass(frozen=True)
class Image:
    """A stage that is built."""

    root: Root
    config: Config


class Builder:
    """Builds the stages of a Dockerfile in a folder of its own."""

    def __init__(self, dockerfile: Dockerfile, folder: Path, context: Path, arguments: Mapping[str, str]) -> None:
        self._dockerfile, self._folder, self._context = dockerfile, folder, context
        self._given = arguments
        self._global = {k: v for step in dockerfile.arguments for k, v in step.pairs({}).items()}
        self._images: dict[str, Image] = {}
        self.git_mirrors: dict[str, Path] = {}

    def build(self, target: str, say: Callable[[str], None]) -> Image:
        """Build a stage and all it needs. Raises StepFailed with the end of what the step said."""
        for stage in self._dockerfile.needed(target):
            self._images[stage.name] = self._build(stage, say)
        return self._images[target]

    def _build(self, stage: Stage, say: Callable[[str], None]) -> Image:
        base = self._images.get(stage.base)
        below = base.root.layers if base else [debian(suite_of(stage.base), self._folder)]
        root = Root(self._folder / "stages" / stage.name, below)
        run = StageRun(root, base.config if base else Config(), self._global, self._given, self._outside(root))
        for step in stage.steps:
            started = time.monotonic()
            run.take(step, self._images[step.flags["from"]].root.path if "from" in step.flags else self._context)
            say(f"{stage.name:<10} {time.monotonic() - started:6.1f} s  {step.keyword} {step.value[:80]}")
        return Image(root, run.config)

    def _outside(self, root: Root) -> dict[str, str]:
        variables = passed_on(root, _PREFIXES)
        for number, (address, mirror) in enumerate(self.git_mirrors.items()):
            root.bind(mirror, place := f"/run/host/git-{number}")
            variables[f"GIT_CONFIG_KEY_{number}"] = f"url.file://{place}.insteadOf"
            variables[f"GIT_CONFIG_VALUE_{number}"] = address
        return variables | {"GIT_CONFIG_COUNT": str(len(self.git_mirrors))}


def suite_of(image: str) -> str:
    """Release of Debian that a base image is of. Raises StepFailed for others."""
    name, _, tag = image.partition(":")
    if name != "debian":
        raise StepFailed(f"FROM {image}: only a Debian can be made here.")
    return tag.removesuffix("-slim")


class StageRun:
    """One stage in the making."""

    def __init__(
        self,
        root: Root,
        config: Config,
        defaults: Mapping[str, str],
        given: Mapping[str, str],
        outside: Mapping[str, str],
    ) -> None:
        self.root, self.config = root, config
        self._defaults, self._given, self._outside = defaults, given, outside
        self._arguments: dict[str, str] = {}

    @property
    def _variables(self) -> dict[str, str]:
        return {**self._arguments, **self.config.env}

    def take(self, step: Step, source: Path) -> None:
        """Carry out one step; COPY takes from the source. Raises StepFailed."""
        match step.keyword:
            case "ARG":
                self._argument(step)
            case "RUN":
                self._run(step)
            case "COPY":
                self._copy(source, step.words(self._variables))
            case _:
                self.config = self.config.changed(step, self._variables)
        self._inside(self.config.folder).mkdir(parents=True, exist_ok=True)

    def _argument(self, step: Step) -> None:
        name, has_default, _ = step.value.partition("=")
        default = step.pairs(self._variables)[name] if has_default else self._defaults.get(name)
        value = self._given.get(name, default)
        if value is not None:
            self._arguments[name] = value

    def _run(self, step: Step) -> None:
        done = self.root.run(
            ["/bin/sh", "-c", step.value],
            {"HOME": "/root", **self._outside, **self._variables},
            user=self.config.user,
            folder=self.config.folder,
        )
        if done.returncode:
            raise StepFailed(f"RUN {step.value}\nexited {done.returncode}:\n{done.stdout[-6000:]}")

    def _copy(self, source: Path, words: list[str]) -> None:
        *names, target = words
        place = self._inside(str(PurePosixPath(self.config.folder, target)))
        for taken in (source / name.lstrip("/") for name in names):
            if taken.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                subprocess.run(["cp", "--archive", f"{taken}/.", place], check=True)
            else:
                shutil.copy(taken, place)

    def _inside(self, path: str) -> Path:
        return self.root.path / path.lstrip("/")
