"""The dashboard, as the local stack serves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

#: Where `make dashboard` builds it; not there in an installed wheel.
DASHBOARD = Path(__file__).parent.parent / "dashboard" / "dist"


@dataclass(frozen=True)
class Sample:
    """A set of images that the page offers."""

    name: str
    #: Address of its manifest.json.
    manifest: str
    note: str = ""


@dataclass(frozen=True)
class Page:
    """A folder with the dashboard's build, and what it offers here."""

    folder: Path = DASHBOARD
    #: Where relative image paths are shown from.
    image_base: str | None = None
    samples: Sequence[Sample] = ()
    sign_in: Literal["off", "optional", "required"] = "optional"

    @property
    def is_built(self) -> bool:
        """Whether there is something to serve."""
        return (self.folder / "index.html").is_file()

    def config(self, publishable_key: str) -> Mapping[str, Any]:
        """What config.json holds; the server adds the project's address, which is that of the page."""
        return {
            "publishableKey": publishable_key,
            "signIn": self.sign_in,
            "samples": [{"name": each.name, "manifest": each.manifest, "note": each.note} for each in self.samples],
            **({"imageBase": self.image_base} if self.image_base else {}),
        }
