"""What the environment and ``.env`` say, parsed once and frozen."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agent.agent_key import ROLE, AgentKey
from agent.credentials import Credentials
from agent.errors import SettingsError


def _header_value(key: SecretStr) -> SecretStr:
    """Keys travel in an HTTP header; a file that one was read from may end in a newline."""
    text = key.get_secret_value().strip()
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ValueError("it has characters that no key has")
    return SecretStr(text)


def expanded(path: Path) -> Path:
    """With a home for its `~`; raises ValueError where there is no such person."""
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{path.parts[0]} is nobody's home here") from error


CACHE_DIR = Path(os.path.expanduser("~/.cache/vision-arena"))
"""Where downloaded weights and exported models are kept unless a setting says otherwise."""

WEIGHTS_DIR = CACHE_DIR / "weights"

#: Characters that the name of an agent may have.
NAME_LENGTH = 80

Seconds = Annotated[float, Field(gt=0)]
Folder = Annotated[Path, AfterValidator(expanded)]
Key = Annotated[SecretStr, AfterValidator(_header_value)]

_READ = SettingsConfigDict(
    env_file=".env",
    extra="ignore",
    frozen=True,
    hide_input_in_errors=True,
    env_ignore_empty=True,
)


class ProjectSettings(BaseSettings):
    """Which Supabase project; each field's alias is its environment variable."""

    model_config = _READ

    supabase_url: HttpUrl = Field(alias="SUPABASE_URL", description="https://<project>.supabase.co")

    @property
    def url(self) -> str:
        """The project's URL without a trailing slash."""
        return str(self.supabase_url).rstrip("/")


class Settings(ProjectSettings):
    """Settings of one agent."""

    supabase_key: Key = Field(alias="SUPABASE_KEY", description="of `arena agent-key`, or the secret key, sb_secret_…")
    publishable_key: Key | None = Field(None, alias="SUPABASE_PUBLISHABLE_KEY")

    name: str = Field("agent", alias="ARENA_AGENT_NAME", max_length=NAME_LENGTH)
    poll_seconds: Seconds = Field(5.0, alias="ARENA_POLL_SECONDS", le=60)
    realtime: bool = Field(True, alias="ARENA_REALTIME")
    lease_seconds: int = Field(60, alias="ARENA_LEASE_SECONDS", ge=10, le=3600)
    time_limit_seconds: int = Field(3600, alias="ARENA_TIME_LIMIT_SECONDS", ge=60, le=86400)

    catalogue: Path | None = Field(None, alias="ARENA_CATALOGUE")
    weights_dir: Folder | None = Field(None, alias="ARENA_WEIGHTS_DIR")
    cache_dir: Folder = Field(CACHE_DIR, alias="ARENA_CACHE_DIR")
    download_weights: bool = Field(True, alias="ARENA_DOWNLOAD_WEIGHTS")
    device: str = Field("auto", alias="ARENA_DEVICE", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    country: str | None = Field(None, alias="ARENA_COUNTRY", pattern=r"^[A-Z]{3}$")

    load_timeout_seconds: Seconds = Field(180.0, alias="ARENA_LOAD_TIMEOUT_SECONDS")
    export_timeout_seconds: Seconds = Field(1200.0, alias="ARENA_EXPORT_TIMEOUT_SECONDS")
    phase_timeout_seconds: Seconds = Field(1800.0, alias="ARENA_PHASE_TIMEOUT_SECONDS")
    max_hosts: int = Field(4, alias="ARENA_MAX_HOSTS", ge=2)
    host_memory_mb: Annotated[float, Field(gt=0)] | None = Field(None, alias="ARENA_HOST_MEMORY_MB")
    pool_memory_mb: Annotated[float, Field(gt=0)] | None = Field(None, alias="ARENA_POOL_MEMORY_MB")
    threads: int | None = Field(None, alias="ARENA_THREADS", ge=1)

    image_root: Path | None = Field(None, alias="ARENA_IMAGE_ROOT")
    image_hosts: Annotated[frozenset[str], NoDecode] = Field(frozenset(), alias="ARENA_IMAGE_HOSTS")
    image_http: bool = Field(False, alias="ARENA_IMAGE_HTTP")
    image_max_mb: Annotated[float, Field(gt=0)] = Field(20.0, alias="ARENA_IMAGE_MAX_MB")
    image_total_mb: Annotated[float, Field(gt=0)] = Field(2000.0, alias="ARENA_IMAGE_TOTAL_MB")
    image_max_megapixels: Annotated[float, Field(gt=0)] = Field(50.0, alias="ARENA_IMAGE_MAX_MEGAPIXELS")
    image_max_left_out: Annotated[float, Field(ge=0, le=1)] = Field(0.5, alias="ARENA_IMAGE_MAX_LEFT_OUT")
    image_cache_mb: Annotated[float, Field(ge=0)] = Field(2000.0, alias="ARENA_IMAGE_CACHE_MB")
    image_timeout_seconds: Seconds = Field(60.0, alias="ARENA_IMAGE_TIMEOUT_SECONDS")
    image_total_seconds: Seconds = Field(900.0, alias="ARENA_IMAGE_TOTAL_SECONDS")
    storage_buckets: Annotated[frozenset[str], NoDecode] = Field(
        frozenset({"arena-images"}), alias="ARENA_STORAGE_BUCKETS"
    )

    metrics_host: str = Field("127.0.0.1", alias="ARENA_METRICS_HOST")
    metrics_port: int = Field(9464, alias="ARENA_METRICS_PORT", ge=0, le=65535)
    otlp_endpoint: HttpUrl | None = Field(None, alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    otlp_headers: SecretStr | None = Field(None, alias="OTEL_EXPORTER_OTLP_HEADERS")

    stop_pod: bool = Field(False, alias="ARENA_STOP_POD")
    runpod_pod_id: str | None = Field(None, alias="RUNPOD_POD_ID", pattern=r"^[\w-]+$")
    runpod_api_key: Key | None = Field(None, alias="RUNPOD_API_KEY")
    runpod_api_url: HttpUrl = Field(HttpUrl("https://api.runpod.io/v2"), alias="ARENA_RUNPOD_API_URL")

    log_format: Literal["auto", "json", "console"] = Field("auto", alias="ARENA_LOG_FORMAT")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", alias="ARENA_LOG_LEVEL")

    @field_validator("image_hosts", "storage_buckets", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(filter(None, re.split(r"[\s,]+", value)))
        return value

    @field_validator("image_hosts")
    @classmethod
    def _lower_hosts(cls, hosts: frozenset[str]) -> frozenset[str]:
        return frozenset(host.lower() for host in hosts)

    @field_validator("supabase_key")
    @classmethod
    def _check_key(cls, key: SecretStr) -> SecretStr:
        """What can be told of a key without asking: an agent that starts with the wrong one would only fail later."""
        if key.get_secret_value().startswith("sb_publishable_"):
            raise ValueError("it is the publishable key, which claims no jobs")
        token = AgentKey.read(key.get_secret_value())
        if token and token.role not in (ROLE, "service_role"):
            raise ValueError(f"it is a key of the role {token.role}, which claims no jobs")
        if token and token.days_left() < 0:
            raise ValueError(f"it ended on {token.ends_at:%Y-%m-%d %H:%M} UTC; mint a new one with `arena agent-key`")
        return key

    @model_validator(mode="after")
    def _key_beside_the_token(self) -> Self:
        if self.agent_key and self.agent_key.role == ROLE and self.publishable_key is None:
            raise ValueError(
                "SUPABASE_PUBLISHABLE_KEY is not set. A SUPABASE_KEY of `arena agent-key` says who the agent is, and "
                "the publishable key beside it which project is meant."
            )
        return self

    @model_validator(mode="after")
    def _pod_that_can_be_stopped(self) -> Self:
        if self.stop_pod and not (self.runpod_pod_id and self.runpod_api_key):
            raise ValueError(
                "ARENA_STOP_POD is true, but RUNPOD_POD_ID or RUNPOD_API_KEY is not set. A RunPod pod has both by "
                "itself; elsewhere there is nothing to stop."
            )
        return self

    @property
    def agent_key(self) -> AgentKey | None:
        """What SUPABASE_KEY says of itself, if it is a token."""
        return AgentKey.read(self.supabase_key.get_secret_value())

    @property
    def credentials(self) -> Credentials:
        """What every request to Supabase carries."""
        key, token = self.supabase_key.get_secret_value(), self.agent_key
        if token is None or token.role != ROLE:
            return Credentials(key)
        assert self.publishable_key is not None
        return Credentials(self.publishable_key.get_secret_value(), key)


def _is_an_agents(key: str) -> bool:
    token = AgentKey.read(key)
    return token is not None and token.role == ROLE


class FrontEndSettings(ProjectSettings):
    """What a front end needs; read by ``arena submit``."""

    publishable_key: Key = Field(alias="SUPABASE_PUBLISHABLE_KEY")


class QueueSettings(ProjectSettings):
    """What ``arena jobs`` needs: the secret key, which sees every job, or else the publishable one."""

    supabase_key: Key | None = Field(None, alias="SUPABASE_KEY")
    publishable_key: Key | None = Field(None, alias="SUPABASE_PUBLISHABLE_KEY")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.supabase_key is None and self.publishable_key is None:
            raise ValueError("Neither SUPABASE_KEY nor SUPABASE_PUBLISHABLE_KEY is set.")
        if self.publishable_key is None and self.supabase_key and _is_an_agents(self.supabase_key.get_secret_value()):
            raise ValueError(
                "SUPABASE_KEY is an agent's, which sees no more of a job than that it is there. Set "
                "SUPABASE_PUBLISHABLE_KEY too, or give the secret key by --key."
            )
        return self

    @property
    def key(self) -> str:
        """The key that sees most."""
        keys = [each.get_secret_value() for each in (self.supabase_key, self.publishable_key) if each]
        return next(key for key in keys if not _is_an_agents(key))


class CatalogueSettings(BaseSettings):
    """Which models there are."""

    model_config = _READ

    catalogue: Path | None = Field(None, alias="ARENA_CATALOGUE")


class DatabaseSettings(CatalogueSettings):
    """What ``arena migrate`` needs."""

    database_url: SecretStr = Field(alias="DATABASE_URL")


def load_settings(**overrides: Any) -> Settings:
    """Read the agent's settings; ``overrides`` are named by environment variable.

    Raises SettingsError naming every variable that is missing or wrong.
    """
    with _settings_errors():
        return Settings(**overrides)


def load_front_end_settings(**overrides: Any) -> FrontEndSettings:
    """Read a front end's settings; see ``load_settings``."""
    with _settings_errors():
        return FrontEndSettings(**overrides)


def load_queue_settings(**overrides: Any) -> QueueSettings:
    """Read whose jobs are to be shown; see ``load_settings``."""
    with _settings_errors():
        return QueueSettings(**overrides)


def load_catalogue_settings(**overrides: Any) -> CatalogueSettings:
    """Read which models there are; see ``load_settings``."""
    with _settings_errors():
        return CatalogueSettings(**overrides)


def load_database_settings(**overrides: Any) -> DatabaseSettings:
    """Read where the database is; see ``load_settings``."""
    with _settings_errors():
        return DatabaseSettings(**overrides)


@contextmanager
def _settings_errors() -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        lines = [_say(e) for e in error.errors(include_url=False)]
        raise SettingsError(
            "\n".join(lines), hint="\nSet it in the environment or in .env (see .env.example)."
        ) from None


def _say(error: Any) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return message
    variable = error["loc"][0]
    return f"{variable} is not set." if error["type"] == "missing" else f"{variable} is wrong: {message}."
