"""The local stack as one object."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from local.errors import StartupFailed
from local.gateway import HOST, Gateway
from local.keys import Keys
from local.page import Page
from local.postgres import Postgres

SITE = Path(__file__).with_name("site")


class LocalStack:
    """What a hosted Supabase project gives, on this machine, for as long as the context lasts.

    It starts empty: apply migrations over `database_url`. When this process ends, in whatever
    way, so do the stack's processes.
    """

    def __init__(
        self,
        port: int | None = None,
        data_dir: Path | None = None,
        static: Mapping[str, Path] | Path | None = None,
        keys: Keys | None = None,
        page: Page | None = None,
    ) -> None:
        """Makes a stack that is not running yet.

        Args:
            port: to listen on, on 127.0.0.1; a free one by default.
            data_dir: keeps the database, the files of Storage and the logs; a temporary folder by
                default, removed at the end.
            static: a folder to serve at `/` in place of a page that says what this is, or folders by
                path prefix, such as `/images`.
            page: the dashboard, at `/`; where it is not built, the page that says what this is stays.
            keys: random ones by default. They stay the same when this stack is started again.
        """
        self._wanted_port = port
        self._data_dir = data_dir
        self._page = page if page and page.is_built else None
        folders = {"/": static} if isinstance(static, Path) else dict(static or {})
        self._static = folders if self._page else {"/": SITE} | folders
        self._keys = keys or Keys.generate()
        self._postgres: Postgres | None = None
        self._gateway: Gateway | None = None

    def start(self) -> None:
        """Starts everything and returns once it serves; well under 5 s once installed.

        Raises:
            InstallFailed: a package is missing and cannot be installed.
            PortTaken: the wanted port is in use.
            StartupFailed: the message says which process and holds the end of its log.
        """
        folder = self._make_folder()
        self._gateway = Gateway(self._keys, folder / "server.log")
        self._postgres = Postgres(folder, temporary=self._data_dir is None)
        try:
            self._gateway.spawn()
            self._postgres.start()
            self._gateway.serve(
                self._postgres.socket_dir, self._wanted_port, self._static, folder / "storage", self._page
            )
        except BaseException:
            self.stop()
            if self._data_dir is None:
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def stop(self) -> None:
        """Ends every process; does nothing when none runs."""
        gateway, postgres = self._gateway, self._postgres
        self._gateway = self._postgres = None
        try:
            if gateway:
                gateway.stop()
        finally:
            if postgres:
                postgres.stop()

    @property
    def url(self) -> str:
        """The project's URL, for `create_client`."""
        gateway, _ = self._running()
        return f"http://{HOST}:{gateway.port}"

    @property
    def database_url(self) -> str:
        """Connection string of the superuser `postgres`, for psycopg."""
        _, postgres = self._running()
        return postgres.url

    @property
    def keys(self) -> Keys:
        """All keys together; `keys.sign` makes a token for a custom role."""
        return self._keys

    @property
    def publishable_key(self) -> str:
        """For front ends."""
        return self._keys.publishable

    @property
    def secret_key(self) -> str:
        """For servers; acts as `service_role`."""
        return self._keys.secret

    @property
    def jwt_secret(self) -> str:
        """Signs tokens (HS256)."""
        return self._keys.jwt_secret

    def reload_schema(self) -> None:
        """Waits until REST knows the schema as it is now.

        DDL has REST read the schema again by itself, a moment later; call this after migrations
        to be sure. In SQL, `notify pgrst, 'reload schema'` asks for the same.

        Raises:
            StartupFailed: the stack is not running.
        """
        gateway, _ = self._running()
        gateway.reload_schema()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _running(self) -> tuple[Gateway, Postgres]:
        if self._gateway is None or self._postgres is None:
            raise StartupFailed("The local stack is not running: call start() first.")
        return self._gateway, self._postgres

    def _make_folder(self) -> Path:
        if self._data_dir is None:
            return Path(tempfile.mkdtemp(prefix="arena-data-"))
        folder = self._data_dir.expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True)
        return folder
