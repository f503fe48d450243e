"""How an image is called in logs, errors and results."""

import pytest

from agent.errors import ImageRefused
from agent.image_name import shown, without_secrets


@pytest.mark.parametrize(
    ("image_path", "name"),
    [
        ("https://h/x.jpg", "https://h/x.jpg"),
        ("https://h/x.jpg?token=hunter2", "https://h/x.jpg?***"),
        ("https://h/a b?token=hunter2", "https://h/a b?***"),
        ("https://h/it's.jpg?token=hunter2", "https://h/it's.jpg?***"),
        ("https://h/x?a=\n\"'hunter2", "https://h/x?***"),
        ("h/x.jpg?token=hunter2", "h/x.jpg?***"),
        ("https://h/x#token=hunter2", "https://h/x#***"),
        ("https://h/x#hunter2?token=hunter2", "https://h/x#***"),
        ("https://bob:hunter2@h/x", "https://***@h/x"),
        ("https://b b:hunt'er2@x@h/x", "https://***@h/x"),
        ("https://h/@bob/x", "https://h/@bob/x"),
        ("storage://arena-images/photo #1.jpg", "storage://arena-images/photo #1.jpg"),
        ("photos/car #1.jpg", "photos/car #1.jpg"),
        ("https://h/sb_secret_hunter2.jpg", "https://h/sb_secret_***.jpg"),
    ],
)
def test_secrets_are_left_out(image_path: str, name: str) -> None:
    assert without_secrets(image_path) == name
    assert without_secrets(name) == name
    assert str(ImageRefused(image_path, "No.")).startswith(name)


def test_it_steers_no_terminal() -> None:
    assert shown("a\x1b[2Jb\nc\u202ed") == "a [2Jb c d"


def test_it_is_short() -> None:
    assert shown("data:image/png;base64," + "A" * 1_000_000) == "data:image/png;base64," + "A" * 178 + "…"
