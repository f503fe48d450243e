"""The dashboard's types are those of the database."""

from local import install
from sql.typescript import DASHBOARD, TYPES_FILE, types
from tests.sql.database import Database


def test_the_types_file_is_current(own_database: Database) -> None:
    install(DASHBOARD)
    uri = own_database.uri
    assert TYPES_FILE.read_text("utf-8") == types(uri), "run: python -m sql.typescript"
