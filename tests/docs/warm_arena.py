"""An Arena for many commands."""

from typing import Any, Self

from benchmark import Arena, Catalogue, Comparison, LabelledImage, Options
from tests.agent.agent_process import QUICK


class WarmArena:
    """In place of Arena: one for all commands. It measures no longer than it must, and the same question once."""

    def __init__(self) -> None:
        self._arenas: dict[str, Arena] = {}
        self._known: dict[Any, Comparison] = {}

    def __call__(self, catalogue: Catalogue, *arguments: Any) -> Self:
        weights = str([(entry.id, entry.weights and entry.weights.sha256) for entry in catalogue])
        if weights not in self._arenas:
            self._arenas[weights] = Arena(catalogue, *arguments)
        self._arena = self._arenas[weights]
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """It goes on."""

    def compare(
        self, model_a: str, model_b: str, images: list[LabelledImage], options: Options, **rest: Any
    ) -> Comparison:
        question = (model_a, model_b, options.as_dict(), [image.image_path for image in images])
        if str(question) not in self._known:
            brief = Options.parse({**options.as_dict(), **QUICK})
            self._known[str(question)] = self._arena.compare(model_a, model_b, images, brief, **rest)
        return self._known[str(question)]

    def close(self) -> None:
        for arena in self._arenas.values():
            arena.close()
