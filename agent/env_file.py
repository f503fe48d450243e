"""The file .env, whose variables stand beside those of the environment."""

from dotenv import dotenv_values

from agent.errors import SettingsError


def env_file() -> dict[str, str | None]:
    """Its variables; none where there is no such file. Raises SettingsError where it cannot be read."""
    try:
        return dotenv_values(".env")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror).lower()
        raise SettingsError(
            f".env cannot be read: {reason}.", hint="Save it as UTF-8, with rights to read it."
        ) from error
