"""Known: the secrets of this process, hidden wherever it writes: what one part was given, no part shows.

They are of the process and not of a part of it: a tool of one application could print what another
one was given. Values are kept in memory alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from typing_extensions import override

from parallel_agents.core.cutting import hide_before_cuts
from parallel_agents.secrets.redactor import Redactor

# Besides our own, those whose records may quote what we send and receive.
_LOGGERS = ("parallel_agents", "asyncio", "aiohttp", "mcp", "httpx", "httpx2")


class _Known(Redactor):
    """The redactor of the process; with the first secret, it also guards the log, and cuts."""

    def __init__(self) -> None:
        super().__init__()
        self._is_guarding = False

    @override
    def add(self, value: str, name: str) -> str:
        why = super().add(value, name)
        if not why and not self._is_guarding:
            self._is_guarding = True
            hide_before_cuts(self.hide)
            logging.setLogRecordFactory(_hiding(self, logging.getLogRecordFactory()))
        return why


KNOWN: Final = _Known()


def _hiding(
    redactor: Redactor, make: Callable[..., logging.LogRecord]
) -> Callable[..., logging.LogRecord]:
    """Makes records without secrets: a filter would miss the loggers below the one that has it."""

    def made(*args: object, **kwargs: object) -> logging.LogRecord:
        record = make(*args, **kwargs)
        if redactor and record.name.partition(".")[0] in _LOGGERS:
            _hide(redactor, record)
        return record

    return made


def _hide(redactor: Redactor, record: logging.LogRecord) -> None:
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001 - its handler says what is wrong with the record
        return
    if (hidden := redactor.hide(text)) != text:
        record.msg, record.args = hidden, ()
    if record.exc_info:
        trace = logging.Formatter().formatException(record.exc_info)
        if (hidden := redactor.hide(trace)) != trace:
            record.exc_info, record.exc_text = None, hidden
