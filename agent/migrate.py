"""Brings a database up to date with ``sql/migrations``, as the Supabase CLI would, and publishes models."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial

import psycopg
from psycopg.conninfo import conninfo_to_dict
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from agent.errors import MigrationError
from agent.model_rows import model_rows, offered_models
from sql.migration import BOOKKEEPING, CONTRACT, Migration, migrations
from sql.policy import Policy
from sql.schema import LOCK, LOCK_SECONDS
from sql.seed import ModelRow, seed

_LOCK_SECONDS = float(LOCK_SECONDS)
_TRIES = 5
_PAUSE_SECONDS = 2.0
_BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done to a database."""

    migrations: Sequence[Migration] = ()
    #: Ids of models that are not there yet.
    added: Sequence[str] = ()
    #: Ids of models that are there, but otherwise.
    changed: Sequence[str] = ()
    policies: Sequence[Policy] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.migrations or self.added or self.changed or self.policies)


def migrate(
    database_url: str,
    models: Sequence[ModelRow] | None = None,
    policies: Sequence[Policy] = (),
    *,
    dry_run: bool = False,
    on_plan: Callable[[Plan], object] = lambda _plan: None,
    on_busy: Callable[[float], None] = lambda _seconds: None,
) -> Plan:
    """Apply what is missing, publish models, by default the built-in ones, and set policies, all in one transaction.

    `on_plan` is told what will be done before any of it is. Where others hold what that needs, it is given up within
    seconds and tried again; `on_busy` is told in how many. A dry run does it all and takes it back.
    Raises MigrationError, with nothing changed but where it says so.
    """
    _require_readable(database_url)
    rows = model_rows(offered_models(None)) if models is None else models
    tries = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error.__cause__, _BUSY)),
        wait=wait_exponential(multiplier=_PAUSE_SECONDS, max=16),
        stop=stop_after_attempt(_TRIES),
        before_sleep=lambda state: on_busy(state.upcoming_sleep),
        reraise=True,
    )
    return tries(_migrate_once, database_url, rows, policies, dry_run, _when_new(on_plan))


def _migrate_once(
    database_url: str,
    models: Sequence[ModelRow],
    policies: Sequence[Policy],
    dry_run: bool,
    on_plan: Callable[[Plan], object],
) -> Plan:
    stage = _Stage()
    with stage.errors(), psycopg.connect(database_url, connect_timeout=10) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        connection.execute("select set_config('lock_timeout', %s, true)", [f"{1000 * _LOCK_SECONDS:.0f}ms"])
        _require_no_newer(connection)
        plan = _plan(connection, models, policies)
        on_plan(plan)
        for stage.name, step in _steps(connection, plan, models):
            step()
        if dry_run:
            connection.rollback()
        else:
            stage.is_last = True
            connection.commit()
    return plan


def _steps(
    connection: psycopg.Connection, plan: Plan, models: Sequence[ModelRow]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """What each step is when it fails, and how it is done."""
    for migration in plan.migrations:
        yield f"Migration {migration.version}_{migration.name} failed", partial(_apply, connection, migration)
    if plan.added or plan.changed:
        yield "Publishing the models failed", partial(connection.execute, seed(models).encode())
    for policy in plan.policies:
        yield f"The policy {policy} failed", partial(connection.execute, policy.sql.encode())


class _Stage:
    """How far it has come, for what is said where it fails."""

    name = "Failed"
    is_last = False

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Translate what psycopg raises into MigrationError."""
        try:
            yield
        except psycopg.OperationalError as error:
            if self.is_last:
                raise MigrationError(
                    f"The connection was lost while all was being committed: {_first_line(error)}",
                    hint="It was done, or none of it was. Run it again: it does what is left to do.",
                ) from error
            raise self._failed(error) from error
        except psycopg.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: psycopg.Error) -> MigrationError:
        hint = None
        if isinstance(error, _BUSY):
            hint = "A query or an open transaction holds what this needs. Run it again when the database is quiet."
        return MigrationError(f"{self.name}; nothing was changed: {_first_line(error)}", hint=hint)


def _when_new(on_plan: Callable[[Plan], object]) -> Callable[[Plan], None]:
    """Tell a plan once, however often it is tried."""
    told: list[Plan] = []

    def tell(plan: Plan) -> None:
        if told[-1:] != [plan]:
            told.append(plan)
            on_plan(plan)

    return tell


def _require_readable(database_url: str) -> None:
    """Refuse what libpq would misread, since its message would hold a part of the password."""
    try:
        known = conninfo_to_dict(database_url)
    except psycopg.Error:
        known = {}
    if not known or "@" in str(known.get("host")) or not str(known.get("port", "0")).replace(",", "").isdigit():
        raise MigrationError(
            "The database URL cannot be read.",
            hint="It is like postgresql://user:password@host:5432/postgres;"
            " special characters in the password are percent-encoded.",
        )


def _require_no_newer(connection: psycopg.Connection) -> None:
    """Refuse a database of a newer contract; what a version changed without a new one cannot be told.

    Its models would be set back to what they were, and a policy from before its newest tables would not hold for them.
    """
    if not _is_there(connection, "regprocedure", "arena.contract()"):
        return
    found = connection.execute("select contract, oldest_contract from arena.contract()").fetchone()
    contract, oldest = found or (CONTRACT, CONTRACT)
    if contract > CONTRACT:
        raise MigrationError(
            f"The database is newer than this program, and nothing was changed: it has contract {contract},"
            f" and this program {CONTRACT}.",
            hint=f"Migrate it with the newer program. It serves agents of contract {oldest} and later.",
        )


def _plan(connection: psycopg.Connection, models: Sequence[ModelRow], policies: Sequence[Policy]) -> Plan:
    known = _known_models(connection)
    added = sorted(row.id for row in models if row.id not in known)
    changed = sorted(row.id for row in models if row.id in known and _differs(row, known[row.id]))
    return Plan(_missing(connection), added, changed, list(policies))


def _known_models(connection: psycopg.Connection) -> dict[str, dict[str, object]]:
    """Those that are there already, in a database that may be empty, or older."""
    if not _is_there(connection, "regclass", "public.models"):
        return {}
    rows = connection.execute("select to_jsonb(m) from public.models m").fetchall()
    return {row["id"]: row for (row,) in rows}


def _differs(row: ModelRow, known: Mapping[str, object]) -> bool:
    return any(known.get(name) != json.loads(json.dumps(value)) for name, value in asdict(row).items())


def _is_there(connection: psycopg.Connection, kind: str, name: str) -> bool:
    return connection.execute(f"select to_{kind}(%s)".encode(), [name]).fetchone() != (None,)


def _missing(connection: psycopg.Connection) -> list[Migration]:
    connection.execute(BOOKKEEPING)
    rows = connection.execute("select version from supabase_migrations.schema_migrations")
    known = {str(row[0]) for row in rows}
    return [migration for migration in migrations() if migration.version not in known]


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    connection.execute(migration.sql.encode())
    connection.execute(
        "insert into supabase_migrations.schema_migrations (version, name) values (%s, %s)",
        [migration.version, migration.name],
    )


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
