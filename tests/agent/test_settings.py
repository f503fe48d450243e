"""The environment and .env."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from dotenv import dotenv_values
from pydantic_settings import BaseSettings

import agent
from agent.__main__ import app
from agent.commands.agent import benchmark_settings
from agent.errors import SettingsError
from agent.settings import (
    CACHE_DIR,
    DatabaseSettings,
    FrontEndSettings,
    QueueSettings,
    Settings,
    load_database_settings,
    load_front_end_settings,
    load_queue_settings,
    load_settings,
)
from benchmark import BenchmarkSettings
from tests.agent.conftest import MakeSettings

EXAMPLE = Path(agent.__file__).parents[1] / ".env.example"
ALL: list[type[BaseSettings]] = [Settings, FrontEndSettings, QueueSettings, DatabaseSettings]
NAMED = re.compile(r"^#?\s?([A-Z_]+)=", re.MULTILINE)
NEEDED = {"SUPABASE_URL": "https://x.supabase.co", "SUPABASE_KEY": "sb_secret_abc"}


def variables(kind: type[BaseSettings]) -> set[str]:
    return {str(field.alias) for field in kind.model_fields.values()}


def variables_of_commands() -> set[str]:
    names: set[str] = set()
    for command in typer.main.get_group(app).commands.values():
        for parameter in command.params:
            names |= {parameter.envvar} if isinstance(parameter.envvar, str) else set(parameter.envvar or ())
    return names


def test_the_example_names_what_is_read_and_nothing_else() -> None:
    read = set().union(*map(variables, ALL)) | variables_of_commands()
    assert set(NAMED.findall(EXAMPLE.read_text("utf-8"))) == read


def test_what_has_no_default_is_commented_out_so_that_a_copy_overrides_nothing() -> None:
    assert [name for name, value in dotenv_values(EXAMPLE).items() if not value] == []


def test_the_example_names_each_variable_once() -> None:
    names = NAMED.findall(EXAMPLE.read_text("utf-8"))
    assert len(names) == len(set(names))


def test_the_example_is_read_as_it_stands_and_holds_the_defaults(tmp_path: Path) -> None:
    Path(tmp_path, ".env").write_text(EXAMPLE.read_text("utf-8").replace("# DATABASE_URL", "DATABASE_URL"))
    example, defaults = load_settings().model_dump(), load_settings(**NEEDED).model_dump()
    given = {"supabase_url", "supabase_key"}
    assert {k: v for k, v in example.items() if k not in given} == {k: v for k, v in defaults.items() if k not in given}
    assert load_front_end_settings().url == "https://your-project.supabase.co"
    assert load_database_settings().database_url.get_secret_value().startswith("postgresql://")


def test_the_benchmark_has_the_same_defaults_and_gets_what_is_set() -> None:
    assert benchmark_settings(load_settings(**NEEDED)) == BenchmarkSettings(exports_dir=CACHE_DIR / "exports")
    measured = {"DEVICE": "cpu", "COUNTRY": "DEU", "LOAD_TIMEOUT_SECONDS": "7", "PHASE_TIMEOUT_SECONDS": "8"}
    measured |= {"EXPORT_TIMEOUT_SECONDS": "9", "CACHE_DIR": "/kept"}
    kept = {"MAX_HOSTS": "3", "HOST_MEMORY_MB": "900", "POOL_MEMORY_MB": "2000", "THREADS": "2"}
    given = {f"ARENA_{name}": value for name, value in (measured | kept).items()}
    assert benchmark_settings(load_settings(**NEEDED, **given)) == BenchmarkSettings(
        device="cpu",
        country="DEU",
        load_timeout_s=7.0,
        phase_timeout_s=8.0,
        export_timeout_s=9.0,
        exports_dir=Path("/kept/exports"),
        max_hosts=3,
        host_memory_mb=900.0,
        pool_memory_mb=2000.0,
        threads=2,
    )


def test_folders_may_begin_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    settings = load_settings(**NEEDED, ARENA_CACHE_DIR="~/cache", ARENA_WEIGHTS_DIR="~/volume")
    assert (settings.cache_dir, settings.weights_dir) == (Path("/home/me/cache"), Path("/home/me/volume"))


def test_a_home_of_nobody_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match="ARENA_CACHE_DIR is wrong: ~nobody-of-that-name is nobody's home here"):
        load_settings(**NEEDED, ARENA_CACHE_DIR="~nobody-of-that-name/cache")


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(tmp_path, ".env").write_text("SUPABASE_URL=https://file.example\nSUPABASE_KEY=k\nARENA_AGENT_NAME=file\n")
    monkeypatch.setenv("ARENA_AGENT_NAME", "environment")
    settings = load_settings()
    assert (settings.url, settings.name) == ("https://file.example", "environment")


def test_everything_missing_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert "SUPABASE_URL is not set." in str(raised.value)
    assert "SUPABASE_KEY is not set." in str(raised.value)
    assert ".env.example" in str(raised.value)


def test_an_empty_variable_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_URL", "https://x.supabase.co")
    monkeypatch.setenv("SUPABASE_KEY", "")
    with pytest.raises(SettingsError, match="SUPABASE_KEY is not set"):
        load_settings()


def test_a_front_end_needs_the_publishable_key() -> None:
    with pytest.raises(SettingsError, match="SUPABASE_PUBLISHABLE_KEY is not set"):
        load_front_end_settings(SUPABASE_URL="https://x.supabase.co")


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"SUPABASE_KEY": "sb_secret_a", "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_b"}, "sb_secret_a"),
        ({"SUPABASE_KEY": "", "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_b"}, "sb_publishable_b"),
        ({"SUPABASE_KEY": "sb_secret_a"}, "sb_secret_a"),
    ],
)
def test_jobs_are_shown_with_the_key_that_sees_most(
    given: dict[str, str], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    assert load_queue_settings(SUPABASE_URL="https://x.supabase.co").key == key


def test_the_secret_key_in_the_file_goes_before_the_publishable_one_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(tmp_path, ".env").write_text("SUPABASE_KEY=sb_secret_a\n")
    monkeypatch.setenv("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_b")
    assert load_queue_settings(SUPABASE_URL="https://x.supabase.co").key == "sb_secret_a"


def test_jobs_are_not_shown_without_a_key() -> None:
    with pytest.raises(SettingsError, match=r"^Neither SUPABASE_KEY nor SUPABASE_PUBLISHABLE_KEY is set\. \nSet it"):
        load_queue_settings(SUPABASE_URL="https://x.supabase.co")


def test_migrating_needs_the_database() -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL is not set"):
        load_database_settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SUPABASE_URL", "x.supabase.co"),
        ("SUPABASE_URL", "ftp://x.supabase.co"),
        ("SUPABASE_KEY", "sb_secret_… as in the example"),
        ("SUPABASE_KEY", "   "),
        ("ARENA_AGENT_NAME", "n" * 81),
        ("ARENA_POLL_SECONDS", "0"),
        ("ARENA_POLL_SECONDS", "soon"),
        ("ARENA_REALTIME", "perhaps"),
        ("ARENA_LEASE_SECONDS", "9"),
        ("ARENA_LEASE_SECONDS", "3601"),
        ("ARENA_TIME_LIMIT_SECONDS", "59"),
        ("ARENA_DEVICE", "gpu"),
        ("ARENA_DEVICE", "cuda:x"),
        ("ARENA_COUNTRY", "Germany"),
        ("ARENA_IMAGE_MAX_MB", "-1"),
        ("ARENA_IMAGE_TIMEOUT_SECONDS", "0"),
        ("ARENA_LOG_FORMAT", "xml"),
        ("ARENA_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_named_but_not_shown(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, good in NEEDED.items():
        monkeypatch.setenv(name, good)
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"^{variable} is wrong: ") as raised:
        load_settings()
    assert "sb_secret" not in str(raised.value)


def test_secrets_are_in_no_form_of_the_settings() -> None:
    everything: list[Any] = [
        load_settings(**NEEDED),
        load_front_end_settings(SUPABASE_URL="https://x.supabase.co", SUPABASE_PUBLISHABLE_KEY="sb_secret_abc"),
        load_queue_settings(SUPABASE_URL="https://x.supabase.co", SUPABASE_KEY="sb_secret_abc"),
        load_database_settings(DATABASE_URL="postgresql://u:sb_secret_abc@h/d"),
    ]
    for settings in everything:
        assert "sb_secret_abc" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_secrets_are_in_no_error() -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings(SUPABASE_URL="nowhere", SUPABASE_KEY="sb_secret_abc\x00")
    assert "sb_secret_abc" not in repr(raised.value) + str(raised.value)
    assert raised.value.__cause__ is None


def test_the_newline_at_the_end_of_a_secrets_file_is_no_part_of_the_key(bare_settings: MakeSettings) -> None:
    assert bare_settings(SUPABASE_KEY="sb_secret_abc\n").supabase_key.get_secret_value() == "sb_secret_abc"


def test_hosts_are_listed_with_commas_or_spaces_in_any_case(bare_settings: MakeSettings) -> None:
    settings = bare_settings(ARENA_IMAGE_HOSTS="NAS.local, 10.0.0.7 ,")
    assert settings.image_hosts == {"nas.local", "10.0.0.7"}


def test_the_url_has_no_slash_at_its_end(bare_settings: MakeSettings) -> None:
    assert bare_settings(SUPABASE_URL="https://x.supabase.co/").url == "https://x.supabase.co"


def test_settings_do_not_change(bare_settings: MakeSettings) -> None:
    with pytest.raises(ValueError, match="frozen"):
        bare_settings().name = "other"
