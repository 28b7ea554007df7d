"""One line per event on standard error, as logfmt or JSON, with secrets masked.

Our own events and those of libraries that use `logging` (uvicorn) leave by the same door.
"""

import logging
import sys
from collections.abc import Callable
from typing import Literal, TextIO

import structlog

Format = Literal["logfmt", "json"]
FORMATS: tuple[Format, ...] = ("logfmt", "json")
Mask = Callable[[str], str]


def get() -> structlog.stdlib.BoundLogger:
    """Return what takes events; who has configured nothing gets what `configure` does without a word."""
    # structlog's own default is standard output, where a verdict may be that a program reads.
    if not structlog.is_configured():
        configure()
    found: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()
    return found


def configure(
    style: Format = "logfmt", *, level: str = "info", mask: Mask = str, stream: TextIO | None = None
) -> None:
    """Send every event at or above `level` to `stream` (standard error), each text passed through `mask`."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.format_exc_info,
        _masking(mask),
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(style)],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # Its comings and goings are told by our own events.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _renderer(style: Format) -> structlog.typing.Processor:
    if style == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.processors.LogfmtRenderer(key_order=["ts", "level", "event"], bool_as_flag=False)


def _masking(mask: Mask) -> structlog.typing.Processor:
    def processor(
        _logger: object, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        return {key: mask(value) if isinstance(value, str) else value for key, value in event.items()}

    return processor
