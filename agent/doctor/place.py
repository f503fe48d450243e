"""What is examined: the settings, the machine, and what earlier checks have found out for later ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agent.doctor.setup import Setup
from agent.settings import Settings
from agent.weights import WeightsSource
from benchmark import Catalogue, load_catalogue


@dataclass(frozen=True)
class Reply:
    """What somebody answers at SUPABASE_URL."""

    round_trip_ms: float
    #: This machine's clock minus the server's; None where the server does not say. The server's has whole seconds.
    clock_ahead_s: float | None


@dataclass
class Place:
    """The machine and the project; what is None was not found out."""

    setup: Setup
    #: As `arena agent --devices` takes it: `all` or a list; None for ARENA_DEVICE alone.
    devices: str | None = None
    reply: Reply | None = None
    #: Why whoever answers there is not asked more.
    refusal: str | None = None
    key_accepted: bool = False
    key_refused: bool = False
    #: What `arena_contract()` answered; None where the database has no such function.
    contract: Mapping[str, Any] | None = None

    @property
    def settings(self) -> Settings:
        """As far as they can be read; see Setup. With devices, the device is `cuda`."""
        settings = self.setup.settings
        return settings.model_copy(update={"device": "cuda"}) if self.devices else settings

    @property
    def reached(self) -> bool:
        """Whether a project that runs answers."""
        return self.reply is not None and self.refusal is None

    @property
    def unseen(self) -> str:
        """Why the database was not seen."""
        if not self.setup.has_url:
            return "No project is set."
        if self.reply is None:
            return "Supabase was not reached."
        if self.refusal:
            return self.refusal
        if not self.setup.has_key:
            return "There is no key to try: see settings."
        if self.key_accepted:
            return "The database is not migrated."
        return "The key was not accepted." if self.key_refused else "The database did not answer: see key."

    @cached_property
    def catalogue(self) -> Catalogue:
        """The models that this machine offers. Raises BadCatalogue."""
        return load_catalogue(self.settings.catalogue)

    @cached_property
    def weights(self) -> WeightsSource:
        """Where their weights are. Raises BadCatalogue."""
        settings = self.settings
        return WeightsSource(
            self.catalogue,
            settings.weights_dir,
            settings.cache_dir,
            device=settings.device,
            download=settings.download_weights,
        )
