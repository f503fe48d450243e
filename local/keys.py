"""The keys of one local project, and tokens signed with its secret."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import jwt

DEFAULT_LIFETIME_S = 3600.0


@dataclass(frozen=True)
class Keys:
    """What clients of a Supabase project authenticate with."""

    #: For front ends: acts as `anon`, or as the user whose token comes along.
    publishable: str
    #: For servers: acts as `service_role`, which no policy holds.
    secret: str
    #: Signs the tokens of users and of custom roles (HS256).
    jwt_secret: str

    @classmethod
    def generate(cls) -> Self:
        """Fresh random keys, in the shape that clients of Supabase expect."""
        return cls(
            publishable=f"sb_publishable_{secrets.token_urlsafe(24)}",
            secret=f"sb_secret_{secrets.token_urlsafe(24)}",
            jwt_secret=secrets.token_urlsafe(48),
        )

    def __repr__(self) -> str:
        return "Keys(…)"

    def sign(
        self,
        role: str,
        claims: Mapping[str, Any] | None = None,
        lifetime_s: float = DEFAULT_LIFETIME_S,
    ) -> str:
        """A token that acts as `role`, a database role granted to `authenticator`.

        It goes into the `Authorization` header beside a normal `apikey`, and to Realtime
        by `set_auth`.
        """
        now_s = int(time.time())
        payload = {"role": role, "iat": now_s, "exp": now_s + int(lifetime_s), **(claims or {})}
        return jwt.encode(payload, self.jwt_secret, algorithm="HS256")
