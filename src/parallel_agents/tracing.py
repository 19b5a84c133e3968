"""Tracing: each request of this process, and each decision and wait in its store, as a line.

It is chosen by `PARALLEL_AGENTS_LOG` and `PARALLEL_AGENTS_LOG_FILE`, or by the options `-v` and `--log-file`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, TypeAlias

from typing_extensions import override

from parallel_agents.core.event import Event, Queued, Replied, Waiting
from parallel_agents.core.event_store import OnEvents
from parallel_agents.core.ids import SessionKey, short
from parallel_agents.errors import ConfigError
from parallel_agents.files import open_private
from parallel_agents.runners.agent.requests import REQUESTS
from parallel_agents.secrets.known import KNOWN
from parallel_agents.settings import LOG_FILE_VARIABLE, LOG_VARIABLE
from parallel_agents.views import format
from parallel_agents.views.decisions import KINDS
from parallel_agents.views.events import describe

_MOST_FILE_BYTES = 100_000_000
_MOST_CHARACTERS, _TEXT_CHARACTERS = 1_000, 200
Write: TypeAlias = Callable[[str], None]


class Level(StrEnum):
    """What is traced: nothing; replies, decisions and waits; or every event and request."""

    OFF = "off"
    INFO = "info"
    DEBUG = "debug"


class Trace(NamedTuple):
    """What is traced, and the file that it is added to; None for stderr.

    Attributes:
        most_bytes: the size at which the file ends.
    """

    level: Level
    file: Path | None = None
    most_bytes: int = _MOST_FILE_BYTES

    @property
    def is_on_stderr(self) -> bool:
        return self.level is not Level.OFF and self.file is None


def chosen_trace(variables: Mapping[str, str]) -> Trace:
    """What the environment asks for; a file alone asks for everything.

    Raises:
        ConfigError: it is no level.
    """
    file = variables.get(LOG_FILE_VARIABLE) or None
    given = variables.get(LOG_VARIABLE) or (Level.DEBUG if file else Level.OFF)
    try:
        level = Level(given.lower())
    except ValueError as error:
        raise ConfigError(
            f"{LOG_VARIABLE} is {format.cut(given, 40)!r}",
            why=f"it takes {', '.join(Level)}",
            hint=f"correct it, or unset it: unset {LOG_VARIABLE}",
        ) from error
    return Trace(level, Path(file) if file else None)


@contextmanager
def tracing(trace: Trace, write: Write) -> Generator[OnEvents | None]:
    """A block in which what happens is written; yields what hears of events, None if nothing is traced.

    Args:
        trace: what is traced.
        write: takes each line that goes to stderr.

    Raises:
        ConfigError: the file cannot be written.
    """
    if trace.level is Level.OFF:
        yield None
        return
    file = None if trace.file is None else _TraceFile(trace.file, trace.most_bytes)
    tell = write if file is None else file.write
    logger, handler = logging.getLogger(REQUESTS), _Handler(tell)
    before = logger.level
    if trace.level is Level.DEBUG:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    try:
        yield lambda events: _tell(events, trace.level, tell)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
        if file is not None:
            file.close()


def line_of(event: Event, *, with_text: bool) -> str:
    """An event as a line: when, whose run, and what."""
    described = describe(event.body)
    text = format.cut(described.text, _TEXT_CHARACTERS) if with_text and described.text else ""
    return traced_line(event.at, event.session, f"{described.title}{f': {text}' if text else ''}")


def traced_line(at: float, session: SessionKey, what: str) -> str:
    """A line of the trace, without the secrets that are known."""
    parts = session.split(":")
    agent = f"{parts[1]} " if parts[0] == "agent" and len(parts) > 1 else ""
    line = f"{_clock(at)}  {agent}{short(session)}  {what}"
    return format.cut(KNOWN.hide(line), _MOST_CHARACTERS)


def _tell(events: Sequence[Event], level: Level, tell: Write) -> None:
    for event in events:
        if level is Level.DEBUG or is_told_briefly(event):
            with_text = level is Level.DEBUG or isinstance(event.body, Queued)
            tell(line_of(event, with_text=with_text))


def is_told_briefly(event: Event) -> bool:
    """Whether an event is a reply, a decision or a wait."""
    body = event.body
    return isinstance(body, Replied | Waiting) or body.kind in KINDS


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]


class _Handler(logging.Handler):
    """Writes the records of requests."""

    def __init__(self, tell: Write) -> None:
        super().__init__(logging.DEBUG)
        self._tell = tell

    @override
    def emit(self, record: logging.LogRecord) -> None:
        at, session = record.created, getattr(record, "session", "")
        self._tell(traced_line(at, SessionKey(str(session)), record.getMessage()))


class _TraceFile:
    """A file that only this user can read, and that grows no further than its bound."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        try:
            self._file = open_private(path)
            self._size = os.fstat(self._file.fileno()).st_size
        except OSError as error:
            raise ConfigError(
                f"the log {path} cannot be written",
                why=str(error),
                hint=f"name another file with --log-file or {LOG_FILE_VARIABLE}",
            ) from error
        self._is_full = self._size >= self._most_bytes

    def write(self, line: str) -> None:
        if self._is_full:
            return
        content = line.encode(errors="backslashreplace") + b"\n"
        self._size += len(content)
        self._is_full = self._size >= self._most_bytes
        if self._is_full:
            content += f"the log ends here, at {format.size(self._most_bytes)}\n".encode()
        try:
            self._file.write(content)
            self._file.flush()
        except OSError:
            self._is_full = True  # its disk is; what is traced must not end

    def close(self) -> None:
        self._file.close()
