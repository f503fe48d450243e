"""The key of an agent that may do an agent's work and nothing else: a JWT of the role arena_agent."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, Self

import jwt
from jwt.algorithms import ECAlgorithm

from agent.errors import AgentKeyError

ROLE = "arena_agent"
MOST_DAYS = 365
#: Days before its end from which on a key is warned of.
WARN_DAYS = 14.0

_LEAST_SECRET_BYTES = 32  # RFC 7518 §3.2
_SECONDS_A_DAY = 86_400


class Signer(Protocol):
    """What signs a project's tokens."""

    def sign(self, claims: Mapping[str, Any]) -> str:
        """The token."""


@dataclass(frozen=True)
class JwtSecret:
    """The legacy secret of a project, or that of a self-hosted one: HS256."""

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raises AgentKeyError for what is no such secret."""
        if self.secret.startswith(("sb_secret_", "sb_publishable_", "eyJ")):
            raise AgentKeyError(
                "That is an API key, not the secret that signs tokens.",
                hint="In Supabase: Project Settings → JWT Keys → Legacy JWT Secret.",
            )
        if len(self.secret.encode()) < _LEAST_SECRET_BYTES:
            raise AgentKeyError(
                f"A JWT secret has at least {_LEAST_SECRET_BYTES} bytes; this one has {len(self.secret.encode())}."
            )

    def sign(self, claims: Mapping[str, Any]) -> str:
        """See Signer."""
        return jwt.encode(dict(claims), self.secret, algorithm="HS256")


@dataclass(frozen=True)
class SigningKey:
    """A signing key that was imported into the project: ES256, named in the header by its `kid`."""

    kid: str
    private_key: Any = field(repr=False)

    @classmethod
    def read(cls, text: str) -> Self:
        """The private JWK that `supabase gen signing-key --algorithm ES256` prints, alone or in an array.

        Raises AgentKeyError.
        """
        try:
            found = json.loads(text)
            jwk = found[0] if isinstance(found, list) and len(found) == 1 else found
            kind = (jwk.get("kty"), jwk.get("crv"))
        except (ValueError, AttributeError) as error:
            raise AgentKeyError("The signing key is not a JWK, which is JSON.", hint=_GENERATE) from error
        if kind != ("EC", "P-256"):
            raise AgentKeyError("The signing key is not one for ES256 (EC, P-256).", hint=_GENERATE)
        if not jwk.get("d"):
            raise AgentKeyError("The signing key is a public one; the private one is needed.", hint=_GENERATE)
        if not isinstance(jwk.get("kid"), str) or not jwk["kid"]:
            raise AgentKeyError("The signing key has no kid, by which the project finds it.", hint=_GENERATE)
        try:
            return cls(jwk["kid"], ECAlgorithm.from_jwk(jwk))
        except (jwt.InvalidKeyError, ValueError, TypeError) as error:
            raise AgentKeyError("The signing key is damaged.", hint=_GENERATE) from error

    def sign(self, claims: Mapping[str, Any]) -> str:
        """See Signer."""
        return jwt.encode(dict(claims), self.private_key, algorithm="ES256", headers={"kid": self.kid})


_GENERATE = "`supabase gen signing-key --algorithm ES256` makes one; docs/security.md says how to import it."


@dataclass(frozen=True)
class AgentKey:
    """A token, as whoever holds it can read it; only the project can tell whether it is genuine."""

    token: str = field(repr=False)
    role: str
    #: None: it never ends.
    ends_at: datetime | None

    @classmethod
    def mint(cls, signer: Signer, name: str, days: float) -> Self:
        """A new one for the agent `name`."""
        now_s = int(time.time())
        ends_s = now_s + int(days * _SECONDS_A_DAY)
        claims = {"role": ROLE, "iss": "vision-arena", "iat": now_s, "exp": ends_s, "jti": str(uuid.uuid4())}
        # No `sub`: that is a user's id to Supabase, and an agent is none.
        return cls(signer.sign(claims | {"agent": name}), ROLE, datetime.fromtimestamp(ends_s, UTC))

    @classmethod
    def read(cls, key: str) -> Self | None:
        """What a key says of itself; None where it is no JWT."""
        if key.count(".") != 2 or not key.startswith("eyJ"):
            return None
        try:
            claims = jwt.decode(key, options={"verify_signature": False})
            ends_at = datetime.fromtimestamp(claims["exp"], UTC) if "exp" in claims else None
            return cls(key, str(claims.get("role")), ends_at)
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError):
            return None

    def days_left(self) -> float:
        """Negative once it has ended."""
        if self.ends_at is None:
            return float("inf")
        return (self.ends_at - datetime.now(UTC)).total_seconds() / _SECONDS_A_DAY
