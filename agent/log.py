"""Structured logs: JSON lines for machines, coloured text on a terminal."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

_QUERY = re.compile(r"(https?://[^\s?'\"]+)\?[^\s'\"]*")
_KEY = re.compile(r"\b(sb_(?:secret|publishable)_)[\w-]+|\beyJ[\w-]+\.[\w-]+\.[\w-]*")


def configure_logging(level: str = "info", style: Literal["auto", "json", "console"] = "auto") -> None:
    """Send structlog's and the libraries' records to standard error in one form."""
    as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer() if as_json else _keep,
        redact,
    ]
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
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
    """Take URL query strings, Supabase keys and JWTs out of ``text``."""
    return _KEY.sub(lambda m: f"{m[1] or ''}***", _QUERY.sub(r"\1?***", text))


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: scrub every text value of a record."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = scrub(value)
    return event


def _keep(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return event
