"""Keys of agents: what they hold, who can make one, and what is said of wrong ones."""

import json
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from agent.agent_key import AgentKey, JwtSecret, SigningKey
from agent.errors import AgentKeyError, SettingsError
from tests.agent.conftest import MakeSettings

SECRET = "a secret of the project that is long enough"


def jwk(curve: ec.EllipticCurve | None = None, **changes: Any) -> dict[str, Any]:
    """A private key as the Supabase CLI prints it."""
    made = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(curve or ec.SECP256R1())))
    found = made | {"kid": "7e3f", "use": "sig", "key_ops": ["sign", "verify"], "alg": "ES256", "ext": True} | changes
    return {name: value for name, value in found.items() if value is not None}


def public(key: dict[str, Any]) -> Any:
    return ECAlgorithm.from_jwk({name: key[name] for name in ("kty", "crv", "x", "y")})


def test_it_names_the_role_and_its_end_and_no_user() -> None:
    key = AgentKey.mint(JwtSecret(SECRET), "pod 1", days=30)
    claims = jwt.decode(key.token, SECRET, algorithms=["HS256"])
    assert claims["role"] == "arena_agent"
    assert claims["exp"] - claims["iat"] == 30 * 86_400
    assert claims["agent"] == "pod 1"
    assert "sub" not in claims
    assert key.ends_at == datetime.fromtimestamp(claims["exp"], UTC)
    assert AgentKey.read(key.token) == key
    assert 29.9 < key.days_left() <= 30


def test_no_two_are_the_same() -> None:
    assert len({AgentKey.mint(JwtSecret(SECRET), "a", 1).token for _ in range(3)}) == 3


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_signing_key_is_named_in_the_header(wrapped: bool) -> None:
    key = jwk()
    token = AgentKey.mint(SigningKey.read(json.dumps([key] if wrapped else key)), "a", 1).token
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "7e3f", "typ": "JWT"}
    assert jwt.decode(token, public(key), algorithms=["ES256"])["role"] == "arena_agent"
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, public(jwk()), algorithms=["ES256"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no JSON", "not a JWK"),
        ("[]", "not a JWK"),
        ("7", "not a JWK"),
        ('{"kty": "RSA", "n": "AQ", "e": "AQAB"}', "not one for ES256"),
        ('{"kty": "oct", "k": "AAAA"}', "not one for ES256"),
        (json.dumps(jwk(ec.SECP384R1())), "not one for ES256"),
        (json.dumps(jwk(d=None)), "is a public one"),
        (json.dumps(jwk(kid=None)), "has no kid"),
        (json.dumps(jwk(x="AAAA")), "is damaged"),
    ],
)
def test_what_is_no_signing_key_is_refused_with_the_way_to_one(text: str, words: str) -> None:
    with pytest.raises(AgentKeyError, match=words) as raised:
        SigningKey.read(text)
    assert "supabase gen signing-key --algorithm ES256" in str(raised.value)


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("short", "at least 32 bytes; this one has 5"),
        ("sb_secret_" + "x" * 40, "API key"),
        ("eyJ" + "x" * 40, "API key"),
    ],
)
def test_what_is_no_secret_is_refused_and_not_shown(secret: str, words: str) -> None:
    with pytest.raises(AgentKeyError, match=words) as raised:
        JwtSecret(secret)
    assert secret not in str(raised.value)


def test_nothing_of_them_is_shown() -> None:
    key = AgentKey.mint(JwtSecret(SECRET), "a", 1)
    private = jwk()
    for shown in (repr(key), repr(JwtSecret(SECRET)), repr(SigningKey.read(json.dumps(private)))):
        assert not any(secret in shown for secret in (key.token, SECRET, private["d"]))


@pytest.mark.parametrize("key", ["", "sb_secret_x", "eyJ", "eyJ.x.y", "a.b.c", "eyJhbGciOiJIUzI1NiJ9.AAAA.x"])
def test_what_is_no_token_is_none(key: str) -> None:
    assert AgentKey.read(key) is None


def token(days: float = 30, **claims: Any) -> str:
    minted = AgentKey.mint(JwtSecret(SECRET), "a", days).token
    return jwt.encode(jwt.decode(minted, options={"verify_signature": False}) | claims, SECRET, algorithm="HS256")


def test_an_agents_key_goes_beside_the_publishable_one(bare_settings: MakeSettings) -> None:
    key = token()
    credentials = bare_settings(SUPABASE_KEY=key, SUPABASE_PUBLISHABLE_KEY="sb_publishable_x").credentials
    assert credentials.headers() == {"apikey": "sb_publishable_x", "Authorization": f"Bearer {key}"}
    assert key not in repr(credentials)


@pytest.mark.parametrize("key", ["sb_secret_x", token(role="service_role")])
def test_other_keys_speak_for_themselves(bare_settings: MakeSettings, key: str) -> None:
    headers = bare_settings(SUPABASE_KEY=key, SUPABASE_PUBLISHABLE_KEY="sb_publishable_x").credentials.headers()
    assert headers == {"apikey": key, "Authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (token(), "SUPABASE_PUBLISHABLE_KEY is not set. A SUPABASE_KEY of `arena agent-key`"),
        (token(days=-1), "SUPABASE_KEY is wrong: it ended on "),
        (token(role="anon"), "SUPABASE_KEY is wrong: it is a key of the role anon, which claims no jobs"),
        ("sb_publishable_x", "SUPABASE_KEY is wrong: it is the publishable key, which claims no jobs"),
    ],
)
def test_an_agent_does_not_start_with_a_wrong_key(bare_settings: MakeSettings, key: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as raised:
        bare_settings(SUPABASE_KEY=key)
    assert key not in str(raised.value)
