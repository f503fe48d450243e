"""Policies: what the owner of an arena may set in it, one SQL file each."""

from enum import StrEnum
from importlib.resources import files


class Policy(StrEnum):
    """A file of `sql/policies`."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOCAL_IMAGES = "local_images"
    STORAGE = "storage"
    UPLOADS = "uploads"
    ANON_UPLOADS = "anon_uploads"
    NO_UPLOADS = "no_uploads"

    @property
    def sql(self) -> str:
        """What it does."""
        return (files("sql") / "policies" / f"{self}.sql").read_text("utf-8")
