"""The settings as far as they can be read, so that one that is wrong hides nothing else."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agent.env_file import env_file
from agent.errors import SettingsError
from agent.settings import Settings, load_settings

_PROJECT = ("SUPABASE_URL", "SUPABASE_KEY")
#: Where there is no default; nobody is asked with them.
_STAND_INS = {"SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_KEY": "sb_secret_none"}
_EXAMPLE = {"SUPABASE_URL": "https://your-project.supabase.co", "SUPABASE_KEY": "sb_secret_..."}


@dataclass(frozen=True)
class Setup:
    """Settings in which the defaults stand for what is missing or wrong."""

    settings: Settings
    #: A sentence for each variable that is missing or wrong.
    errors: tuple[str, ...] = ()
    #: Their names.
    wrong: frozenset[str] = frozenset()
    #: Variables that look like settings and are none.
    unknown: tuple[str, ...] = ()
    #: Variables that are set and say that an agent is meant.
    signs: tuple[str, ...] = ()
    #: Whether there is a .env that cannot be read: the environment alone is gone by.
    file_error: bool = False

    @property
    def has_url(self) -> bool:
        """Whether it is known which project is meant."""
        return "SUPABASE_URL" not in self.wrong

    @property
    def has_key(self) -> bool:
        """Whether there is a key to try."""
        return self.has_url and "SUPABASE_KEY" not in self.wrong

    @property
    def nothing_set(self) -> bool:
        """Whether this is a machine without a project and otherwise sound."""
        return self.errors == tuple(f"{name} is not set." for name in _PROJECT)


def read_setup() -> Setup:
    """Read the environment and .env, once more for as long as something new is wrong. Raises SettingsError."""
    file, errors = _file()
    unreadable = bool(errors)
    instead: dict[str, Any] = {"_env_file": None} if unreadable else {}
    while True:
        try:
            settings = load_settings(**instead)
        except SettingsError as error:
            wrong = _variables(error) - instead.keys()
            if not wrong:
                raise
            errors += error.message.splitlines()
            instead |= {name: _stand_in(name) for name in wrong}
        else:
            examples = {name: value for name, value in _EXAMPLE.items() if _is_example(settings, name, value)}
            errors += [f"{name} is still the example's." for name in examples]
            names = {name for name, value in (file | os.environ).items() if value}
            return Setup(
                settings,
                tuple(errors),
                frozenset({*instead, *examples}),
                tuple(_unknown(names)),
                tuple(_signs(names)),
                unreadable,
            )


def _file() -> tuple[dict[str, str | None], list[str]]:
    """The variables of .env, and what keeps it from being read."""
    try:
        return env_file(), []
    except SettingsError as error:
        return {}, [error.message]


def _variables(error: SettingsError) -> set[str]:
    """Those that a settings' error is about; of several that do not fit together, the one to leave out."""
    cause = error.__context__
    assert isinstance(cause, ValidationError)
    pod = "ARENA_STOP_POD"
    return {
        str(each["loc"][0]) if each["loc"] else pod if each["msg"].startswith(f"Value error, {pod}") else "SUPABASE_KEY"
        for each in cause.errors()
    }


def _stand_in(name: str) -> Any:
    if name in _STAND_INS:
        return _STAND_INS[name]
    field = next(each for each in Settings.model_fields.values() if each.alias == name)
    return field.get_default()


def _is_example(settings: Settings, name: str, value: str) -> bool:
    is_now = settings.url if name == "SUPABASE_URL" else settings.supabase_key.get_secret_value()
    return is_now == value


def known_variables() -> list[str]:
    """Names of all settings of an agent."""
    return [str(field.alias) for field in Settings.model_fields.values()]


def _unknown(names: Iterable[str]) -> list[str]:
    """Only this program's own: what else begins with SUPABASE_ may be for others."""
    known = known_variables()
    return sorted(name for name in names if name.startswith("ARENA_") and name not in known)


def _signs(names: Iterable[str]) -> list[str]:
    """Whoever has set one of these, or the image that did, is about to run an agent."""
    return sorted(name for name in names if name.startswith(("ARENA_", "SUPABASE_")) or name == "RUNPOD_POD_ID")
