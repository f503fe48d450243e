"""A Dockerfile as stages of steps, as far as ours needs it."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_FLAG = re.compile(r"--([\w-]+)=(\S+)\s+")
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


@dataclass(frozen=True)
class Step:
    """One instruction, its continued lines joined."""

    keyword: str
    value: str
    flags: Mapping[str, str] = field(default_factory=dict)

    def words(self, variables: Mapping[str, str]) -> list[str]:
        """As of a list in JSON or of a shell line, with variables in the latter."""
        if self.value.startswith("["):
            return [str(word) for word in json.loads(self.value)]
        return [expand(word, variables) for word in shlex.split(self.value)]

    def pairs(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Of NAME=VALUE …; a name alone stands for nothing."""
        return dict(word.split("=", 1) for word in self.words(variables) if "=" in word)


@dataclass(frozen=True)
class Stage:
    """From one FROM to the next."""

    name: str
    base: str
    steps: tuple[Step, ...]

    @property
    def needs(self) -> list[str]:
        """What it is made of, images included."""
        return [self.base, *(step.flags["from"] for step in self.steps if "from" in step.flags)]


@dataclass(frozen=True)
class Dockerfile:
    """Stages in their order, and the ARG steps before the first."""

    arguments: tuple[Step, ...]
    stages: dict[str, Stage]

    @property
    def default(self) -> str:
        """The stage that is built where none is named: the last."""
        return list(self.stages)[-1]

    def needed(self, target: str) -> list[Stage]:
        """The target and all that it is made of, in an order in which each can be built."""
        wanted = {target}
        for stage in reversed(self.stages.values()):
            if stage.name in wanted:
                wanted.update(stage.needs)
        return [stage for stage in self.stages.values() if stage.name in wanted]


def expand(text: str, variables: Mapping[str, str]) -> str:
    """With values for $NAME and ${NAME}; nothing for those that are not known."""
    return _VARIABLE.sub(lambda match: variables.get(match[1] or match[2], ""), text)


def parse(text: str) -> Dockerfile:
    """Raise ValueError for instructions that are not known here."""
    head: list[Step] = []
    stages: dict[str, Stage] = {}
    for step in _steps(text):
        if step.keyword == "FROM":
            base, _as, name = step.value.split()
            stages[name] = Stage(name, base, ())
        elif stages:
            name, stage = stages.popitem()
            stages[name] = Stage(name, stage.base, (*stage.steps, step))
        else:
            head.append(step)
    return Dockerfile(tuple(head), stages)


def _steps(text: str) -> Iterator[Step]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for joined in re.sub(r"\\\n", "", "\n".join(lines)).splitlines():
        keyword, rest = joined.split(maxsplit=1)
        flags = {}
        while match := _FLAG.match(rest):
            flags[match[1]], rest = match[2], rest[match.end() :]
        if keyword not in _KNOWN:
            raise ValueError(f"{keyword} is not an instruction that is known here")
        yield Step(keyword, rest, flags)


_KNOWN = {"FROM", "ARG", "ENV", "RUN", "COPY", "WORKDIR", "USER", "LABEL", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
