"""A doubt about a result."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class ResultWarning:
    """One doubt about a result."""

    #: Stable name for programs.
    code: str
    #: One sentence for people.
    message: str

    def to_json(self) -> dict[str, str]:
        """An element of `verdict.warnings`."""
        return asdict(self)
