"""Keys and tokens."""

import jwt

import local
from local import Keys


def test_keys_are_random_and_in_the_form_clients_expect() -> None:
    one, other = Keys.generate(), Keys.generate()
    assert one.publishable.startswith("sb_publishable_")
    assert one.secret.startswith("sb_secret_")
    assert {one.publishable, one.secret, one.jwt_secret}.isdisjoint({other.publishable, other.secret, other.jwt_secret})


def test_a_token_carries_its_role_and_claims() -> None:
    keys = Keys.generate()
    claims = jwt.decode(keys.sign("robot", {"fleet": "a"}, lifetime_s=60), keys.jwt_secret, algorithms=["HS256"])
    assert (claims["role"], claims["fleet"], claims["exp"] - claims["iat"]) == ("robot", "a", 60)


def test_what_the_package_exports_is_sorted_and_there() -> None:
    assert local.__all__ == sorted(local.__all__)
    assert all(hasattr(local, name) for name in local.__all__)
