"""What is known of the device that models are to run on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class TorchGpu:
    """A GPU as torch sees it."""

    index: int
    name: str
    memory_mb: int
    """MiB."""
    compute_capability: str


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """Whether a device can be used here and now."""

    device: str
    """As it was asked for."""
    problem: str | None = None
    """A sentence; None where the device can be used."""
    hint: str | None = None
    """What mends it."""
    torch: str | None = None
    """Version; None where it was not asked or is not here."""
    cuda: str | None = None
    """Version that torch was built for."""
    driver: str | None = None
    gpus: tuple[TorchGpu, ...] = ()


@dataclass(frozen=True, slots=True)
class Probed:
    """What the child said, and how it ended."""

    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: Why it said no more; None where it ended by itself.
    ended: str | None = None

    def said(self, name: str) -> Any:
        """A value of whichever step gave it."""
        return next((step[name] for step in self.steps.values() if step.get(name)), None)

    @property
    def words(self) -> str:
        """Errors and warnings of all steps, errors first."""
        errors = [str(step["error"]) for step in self.steps.values() if "error" in step]
        return "\n".join([*errors, *(text for step in self.steps.values() for text in step.get("warnings", ()))])

    @property
    def works(self) -> bool:
        """Whether the device has computed, and right."""
        return "use" in self.steps and not self.said("error")
