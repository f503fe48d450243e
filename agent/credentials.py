"""What the agent shows to Supabase."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """A project's API key, and who acts: the key itself, or the role of a token beside it."""

    apikey: str = field(repr=False)
    #: A JWT; None: the key speaks for itself.
    token: str | None = field(default=None, repr=False)

    @property
    def bearer(self) -> str:
        """What goes into `Authorization`."""
        return self.token or self.apikey

    def headers(self) -> dict[str, str]:
        """Of every HTTP request."""
        return {"apikey": self.apikey, "Authorization": f"Bearer {self.bearer}"}
