"""How the server logs: structlog for all, one line an event, and never a token in it."""

from __future__ import annotations

import logging
import re
import sys

import structlog

_SECRETS = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # a JWT
    r"|(?<=/i/)[\w-]{12,}|(?<=/cle/)[\w-]{12,}|(?<=/entree/)[\w-]{12,}"
    r"|(?<=/suite/)[\w.-]{12,}|(?<=/garder/)[\w.-]{12,}"  # links that open
    r"|(?<=access_token=)[^\s&\"']+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # name and password of an address
)
_HIDDEN_FIELDS = frozenset(
    {"token", "access_token", "authorization", "cookie", "secret", "api_secret", "password"}
)
HIDDEN = "…"


def hide_secrets(text: str) -> str:
    """`text` without anything that looks like a token or a password."""
    return _SECRETS.sub(HIDDEN, text)


def _hide(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    for name, value in event.items():
        if name in _HIDDEN_FIELDS:
            event[name] = HIDDEN
        elif isinstance(value, str):
            event[name] = hide_secrets(value)
    return event


def configure_logs(level: str, form: str) -> None:
    """Send structlog's and the standard library's events to stderr, from `level` up."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        _hide,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("aioice", "aiortc", "alembic", "aiosqlite", "asyncio"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
