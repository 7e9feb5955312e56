"""The log: structlog for our own events and the standard library's for everybody else's, to one place.

Every event passes the redactor, whoever wrote it: a library that logs the address it calls would
otherwise log the token in it, and a sentence that quotes a person could hold their NIK or NIP.
"""

import logging
import re
import sys
from collections.abc import Collection
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_TOKEN = re.compile(r"(?<!\d)\d{3,}:[A-Za-z0-9_-]{30,}")  # in an address it follows "bot" directly
_PERSONAL = re.compile(r"(?<!\d)(?:\d{18}|\d{16})(?!\d)")  # NIP, NIK
_DATABASE_PASSWORD = re.compile(r"(\w+://[^\s:/@]+):[^\s/@]+@")

# They speak of every request at INFO, and of every address at DEBUG.
_TALKATIVE = ("httpx", "httpcore", "aiohttp", "asyncio", "apscheduler", "telegram", "uvicorn", "alembic")


def redacted(text: str) -> str:
    """`text` without bot tokens, database passwords, NIK and NIP."""
    text = _TOKEN.sub("<token>", text)
    text = _DATABASE_PASSWORD.sub(r"\1:<password>@", text)
    return _PERSONAL.sub("<number>", text)


class _Redactor:
    """The structlog processor: every value of an event without what a log must not hold."""

    def __init__(self, secrets: Collection[str]) -> None:
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: object) -> object:
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, dict):
            return {key: self._clean(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean(inner) for inner in value]
        text = value if isinstance(value, str) else str(value)
        clean = redacted(text)
        for secret in self._secrets:
            clean = clean.replace(secret, "<secret>")
        return value if clean == text and isinstance(value, int) else clean


def begin_logging(
    level: str, style: str, stream: TextIO | None = None, *, secrets: Collection[str] = ()
) -> None:
    """Send every log record of this process to `stream` (standard error), redacted.

    `level` is a name of the standard library's levels in any case; `style` is `text` or `json`.
    `secrets` are left out to the letter: a token of another Bot API server may look like anything.
    """
    redact = _Redactor(secrets)
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: list[Processor]
    if style == "json":
        render = [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer()]
    else:
        colours = stream.isatty()
        # Tracebacks are made text before the redactor, not by the renderer after it.
        plain = structlog.dev.ConsoleRenderer(
            colors=colours, exception_formatter=structlog.dev.plain_traceback
        )
        render = [structlog.processors.format_exc_info, redact, plain]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
