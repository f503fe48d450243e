"""How an image is called in logs, errors and results."""

import re

from agent.log import scrub

_MOST_CHARACTERS = 200
_AUTHORITY = re.compile(r"^([^:/?#]*://)[^/?#]*@", re.DOTALL)
_QUERY = re.compile(r"^([^?]*)\?.+", re.DOTALL)  # also where the https:// was forgotten
_FRAGMENT = re.compile(r"^(https?://[^?#]*)#.+", re.DOTALL | re.IGNORECASE)


def without_secrets(image_path: str) -> str:
    """`image_path` without password and query, whatever characters the rest of it has."""
    for part, instead in ((_AUTHORITY, r"\1***@"), (_FRAGMENT, r"\1#***"), (_QUERY, r"\1?***")):
        image_path = part.sub(instead, image_path)
    return scrub(image_path)


def shown(image_path: str) -> str:
    """The same on one line, short, and without what could steer a terminal."""
    text = without_secrets(image_path)
    if len(text) > _MOST_CHARACTERS:
        text = f"{text[:_MOST_CHARACTERS]}…"
    return "".join(character if character.isprintable() else " " for character in text)
