"""Structured logs: JSON lines for machines, coloured text on a terminal."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal

import structlog

_PASSWORD = re.compile(r"\b([a-z][a-z0-9+.-]*://)[^\s/?#'\"]*@", re.IGNORECASE)
# What is scrubbed already stays as it is, with the colon behind it.
_QUERY = re.compile(r"\b([a-z][a-z0-9+.-]*://[^\s?'\"]+)\?(?!\*\*\*[:.,]?(?:\s|$))[^\s'\"]*", re.IGNORECASE)
_KEY = re.compile(r"\b(sb_(?:secret|publishable)_)[\w-]+|\beyJ[\w-]+\.[\w-]+\.[\w-]*")


def configure_logging(level: str = "info", style: Literal["auto", "json", "console"] = "auto") -> None:
    """Send structlog's and the libraries' records to standard error in one form."""
    as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Tracebacks become plain text before redact sees them, and show no local variables.
        structlog.processors.ExceptionRenderer(),
        redact,
    ]
    renderer = structlog.processors.JSONRenderer() if as_json else _console()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("agent").setLevel(level.upper())
    # realtime-py logs every reconnect as an error; the wake-up reports them itself.
    logging.getLogger("realtime").setLevel(logging.CRITICAL)


def scrub(text: str) -> str:
    """Take passwords and query strings of URLs, Supabase keys and JWTs out of ``text``."""
    text = _QUERY.sub(r"\1?***", _PASSWORD.sub(r"\1***@", text))
    return _KEY.sub(lambda m: f"{m[1] or ''}***", text)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: scrub every value of a record, however deep."""
    for key, value in event.items():
        if not key.startswith("_"):
            event[key] = _scrub_deep(value)
    return event


def _scrub_deep(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _scrub_deep(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrub_deep(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return scrub(str(value))


def _console() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
