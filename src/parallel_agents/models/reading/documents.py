"""Documents: the JSON values in a response, whatever form it has: one value, events, or both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import orjson

from parallel_agents.core.schema import Json
from parallel_agents.models.reading.values import read_lenient
from parallel_agents.models.sse import EventReader

DONE = "[DONE]"
_DONE = frozenset({b"[DONE]", b"[done]", b'"[DONE]"'})
_FIELD = re.compile(rb"\s*(?:data|event|id|retry)?:")
_DECODER = json.JSONDecoder(strict=False)


def is_json_start(data: bytes) -> bool | None:
    """Whether a response is JSON and not a stream of events; None if its start does not tell yet."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return None if not start else start in b"{["


def read_event(data: bytes) -> Iterator[Json]:
    """The values in the data of an event: one, or one in each line if a server forgot blank lines.

    Data that does not even begin like JSON, such as the time of a keep-alive, has no values.

    Raises:
        ValueError: it is not JSON.
    """
    if data in _DONE:
        yield DONE
        return
    data = data.removeprefix(b"data:").lstrip()  # a proxy named the field again
    try:
        yield orjson.loads(data)
        return
    except orjson.JSONDecodeError:
        if data[:1] not in {b"{", b"["}:
            return
    try:
        yield read_lenient(data)
    except ValueError:
        lines = [line for line in data.split(b"\n") if line.strip()]
        if len(lines) < 2:
            raise
        for line in lines:
            yield from read_event(line.strip())


def read_document(data: bytes) -> Iterator[Json]:
    """The values in a whole response.

    Raises:
        ValueError: it is neither JSON nor a stream of events.
    """
    try:
        yield orjson.loads(data)
        return
    except orjson.JSONDecodeError:
        pass
    if _FIELD.match(data.removeprefix(b"\xef\xbb\xbf")):
        yield from _events_of(data.decode("utf-8", "replace").removeprefix("\ufeff"))
        return
    yield from _several(data.decode("utf-8", "replace").removeprefix("\ufeff").lstrip())


def _events_of(text: str) -> Iterator[Json]:
    reader = EventReader()
    for event in (*reader.feed(text.encode()), *reader.close()):
        yield from read_event(event)


def _several(text: str) -> Iterator[Json]:
    """One value, or one in each line; events may follow."""
    while text:
        if _FIELD.match(text.encode(errors="replace")[:80]):
            yield from _events_of(text)
            return
        try:
            value, end = _DECODER.raw_decode(text)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        yield value
        text = text[end:].lstrip()
