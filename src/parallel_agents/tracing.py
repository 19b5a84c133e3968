"""Tracing: each request of this process, and each decision and wait in its store, as a line.

It is chosen by `PARALLEL_AGENTS_LOG` and `PARALLEL_AGENTS_LOG_FILE`, or by the options `-v` and `--log-file`; each
line is a JSON object with `PARALLEL_AGENTS_LOG_JSON=1`, or `--log-json`.
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

import orjson
from typing_extensions import override

from parallel_agents.core.event import (
    Body,
    Event,
    Finished,
    Queued,
    Replied,
    Retrying,
    ToolFinished,
    Unanswered,
    Waiting,
)
from parallel_agents.core.event_store import OnEvents
from parallel_agents.core.ids import SessionKey, short
from parallel_agents.core.schema import Json
from parallel_agents.errors import ConfigError
from parallel_agents.files import open_private
from parallel_agents.runners.agent.requests import REQUESTS
from parallel_agents.secrets.known import KNOWN
from parallel_agents.settings import LOG_FILE_VARIABLE, LOG_JSON_VARIABLE, LOG_VARIABLE
from parallel_agents.views import format
from parallel_agents.views.decisions import KINDS
from parallel_agents.views.events import describe

_MOST_FILE_BYTES = 100_000_000
_MOST_CHARACTERS, _TEXT_CHARACTERS = 1_000, 200
_YES, _NO = frozenset({"1", "true", "yes"}), frozenset({"", "0", "false", "no"})
_LOG, _MOST_TRACE = "parallel_agents", 8_000
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
        is_json: whether each line is a JSON object, and warnings of this process are lines too.
    """

    level: Level
    file: Path | None = None
    most_bytes: int = _MOST_FILE_BYTES
    is_json: bool = False

    @property
    def is_on_stderr(self) -> bool:
        return self.level is not Level.OFF and self.file is None


def chosen_trace(variables: Mapping[str, str]) -> Trace:
    """What the environment asks for; a file alone asks for everything, JSON alone for a level of `info`.

    Raises:
        ConfigError: it is no level, or neither yes nor no.
    """
    file = variables.get(LOG_FILE_VARIABLE) or None
    is_json = _is_yes(variables.get(LOG_JSON_VARIABLE) or "")
    least = Level.INFO if is_json else Level.OFF
    given = variables.get(LOG_VARIABLE) or (Level.DEBUG if file else least)
    try:
        level = Level(given.lower())
    except ValueError as error:
        raise ConfigError(
            f"{LOG_VARIABLE} is {format.cut(given, 40)!r}",
            why=f"it takes {', '.join(Level)}",
            hint=f"correct it, or unset it: unset {LOG_VARIABLE}",
        ) from error
    return Trace(level, Path(file) if file else None, is_json=is_json)


def _is_yes(given: str) -> bool:
    if given.lower() not in _YES | _NO:
        raise ConfigError(
            f"{LOG_JSON_VARIABLE} is {format.cut(given, 40)!r}",
            why="it takes 1 and 0",
            hint=f"correct it, or unset it: unset {LOG_JSON_VARIABLE}",
        )
    return given.lower() in _YES


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
    logger = logging.getLogger(REQUESTS)
    handler = _Handler(tell, logging.DEBUG, is_json=trace.is_json)
    warnings = _Handler(tell, logging.WARNING, is_json=True)
    before = logger.level
    if trace.level is Level.DEBUG:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    if trace.is_json:
        logging.getLogger(_LOG).addHandler(warnings)
    try:
        yield lambda events: _tell(events, trace, tell)
    finally:
        logging.getLogger(_LOG).removeHandler(warnings)
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


def _tell(events: Sequence[Event], trace: Trace, tell: Write) -> None:
    make = json_line_of if trace.is_json else line_of
    for event in events:
        if trace.level is Level.DEBUG or is_told_briefly(event):
            with_text = trace.level is Level.DEBUG or isinstance(event.body, Queued)
            tell(make(event, with_text=with_text))


def json_line_of(event: Event, *, with_text: bool) -> str:
    """An event as a JSON object: its ids, what happened, and the figures of a reply or of an end."""
    described = describe(event.body)
    found: dict[str, Json] = {
        "level": "info" if is_told_briefly(event) else "debug",
        "event": event.body.kind,
        **_ids(event.session, event.run),
        "seq": event.seq,
        **_figures(event.body),
        "message": described.title,
    }
    if with_text and described.text:
        found["text"] = format.cut(described.text, _TEXT_CHARACTERS)
    return _json(event.at, found)


def _ids(session: SessionKey, run: str) -> dict[str, Json]:
    parts = session.split(":")
    agent = parts[1] if parts[0] == "agent" and len(parts) > 1 else ""
    given = {"agent": agent, "session_key": session, "run_id": run}
    return {name: value for name, value in given.items() if value}


def _figures(body: Body) -> dict[str, Json]:
    match body:
        case Replied():
            spend = body.spend
            simulated = spend.simulated_usd
            return {
                "model": body.model,
                "turn": body.turn,
                "seconds": round(body.seconds, 3),
                "input_tokens": body.usage.all_input_tokens,
                "output_tokens": body.usage.output_tokens,
                "cost_usd": spend.cost_usd,
                **({"simulated_cost_usd": simulated} if simulated else {}),
            }
        case ToolFinished():
            return {
                "tool": body.result.name[:_TEXT_CHARACTERS],
                "turn": body.turn,
                "seconds": round(body.seconds, 3),
                "is_error": body.result.is_error,
            }
        case Finished():
            error = body.outcome.error
            return {
                "status": body.outcome.status.value,
                "error_code": error.code if error else None,
            }
        case Unanswered() | Retrying() | Waiting():
            return {"turn": body.turn}
        case _:
            return {}


def _json(at: float, found: dict[str, Json]) -> str:
    time = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    line = orjson.dumps({"time": time, **found})
    return KNOWN.hide_json(line).decode()


def is_told_briefly(event: Event) -> bool:
    """Whether an event is a reply, a decision or a wait."""
    body = event.body
    return isinstance(body, Replied | Waiting) or body.kind in KINDS


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]


class _Handler(logging.Handler):
    """Writes records of the log, such as those of requests."""

    def __init__(self, tell: Write, level: int, *, is_json: bool) -> None:
        super().__init__(level)
        self._tell = tell
        self._is_json = is_json

    @override
    def emit(self, record: logging.LogRecord) -> None:
        at, session = record.created, SessionKey(str(getattr(record, "session", "")))
        if not self._is_json:
            self._tell(traced_line(at, session, record.getMessage()))
            return
        is_request = record.name == REQUESTS
        found: dict[str, Json] = {
            "level": record.levelname.lower(),
            "event": "request" if is_request else "log",
            **_ids(session, str(getattr(record, "run", ""))),
            "message": format.cut(record.getMessage(), _MOST_CHARACTERS),
        }
        if record.exc_info:
            found["trace"] = logging.Formatter().formatException(record.exc_info)[-_MOST_TRACE:]
        self._tell(_json(at, found if is_request else {**found, "logger": record.name}))


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
            end = f"the log ends here, at {format.size(self._most_bytes)}"
            is_json = content.startswith(b"{")
            content += (orjson.dumps({"message": end}) if is_json else end.encode()) + b"\n"
        try:
            self._file.write(content)
            self._file.flush()
        except OSError:
            self._is_full = True  # its disk is; what is traced must not end

    def close(self) -> None:
        self._file.close()
