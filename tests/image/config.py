"""What an image says besides its files."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from tests.image.dockerfile import Step
from tests.image.root import PATH


@dataclass(frozen=True)
class Config:
    """How an image's program is started."""

    env: Mapping[str, str] = field(default_factory=lambda: {"PATH": PATH})
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str = "0"
    folder: str = "/"
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    health: tuple[str, ...] = ()

    def changed(self, step: Step, variables: Mapping[str, str]) -> "Config":
        """After a step that changes no file."""
        words = tuple(step.words(variables))
        match step.keyword:
            case "ENV":
                return replace(self, env={**self.env, **step.pairs(variables)})
            case "LABEL":
                return replace(self, labels={**self.labels, **step.pairs(variables)})
            case "WORKDIR":
                return replace(self, folder=str(PurePosixPath(self.folder, words[0])))
            case "USER":
                return replace(self, user=words[0])
            case "ENTRYPOINT":
                return replace(self, entrypoint=words)
            case "CMD":
                return replace(self, command=words)
            case "HEALTHCHECK":
                return replace(self, health=tuple(Step("CMD", step.value.removeprefix("CMD ")).words({})))
        return self
