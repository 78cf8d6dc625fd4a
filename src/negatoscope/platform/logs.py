"""Logs: one JSON line an event, keys from an allow-list, no patient data. Who saw what goes to the audit trail instead."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

ALLOWED_KEYS = frozenset({
    "event", "level", "timestamp", "request_id", "process", "role", "reason", "error", "status", "method", "route",
    "duration_ms", "count", "size", "attempt", "job", "key", "host", "port", "address", "ae_title", "sop_class",
    "transfer_syntax", "version", "path", "pid", "kind", "sequence", "reaction", "exception", "blob", "state", "name", "run",
    "limit", "delivery", "quarantine",
})  # fmt: skip


def _keep_allowed(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    refused = [key for key in event if key not in ALLOWED_KEYS]
    for key in refused:
        del event[key]
    if refused:
        event["reason"] = f"{len(refused)} keys left out"
    bound = request_id.get()
    if bound is not None:
        event["request_id"] = bound
    return event


def _places_of_exception(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say of an exception its kind and the places it passed, never its message: that may hold what patients are called."""
    told = event.pop("exc_info", None)
    error = sys.exc_info()[1] if told is True else told
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-8:]
        places = " > ".join(f"{frame.filename}:{frame.lineno}" for frame in frames)
        event["exception"] = f"{type(error).__name__} at {places}"
    return event


def configure_logs(level: str, *, process: str) -> None:
    """Send every log line of this process to standard error as JSON."""
    logging.basicConfig(
        level=logging.WARNING,
        stream=sys.stderr,
        format='{"event": "library", "name": "%(name)s", "level": "%(levelname)s"}',
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _places_of_exception,
            _keep_allowed,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    structlog.contextvars.clear_contextvars()
    structlog.get_logger().debug("logs_configured", process=process)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """Return the logger; call as `logger.info("static_event_name", key=value)`."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger
