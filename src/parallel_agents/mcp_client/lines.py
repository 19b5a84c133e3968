"""Lines: the messages of a server, one on each line, however long; a result that is too long is cut.

Of a longer line only its beginning and its end are kept while it arrives. Its id is in one of them,
so what is there of the result can be handed to the call that waits for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

import orjson

from parallel_agents.core.json_value import JsonObject
from parallel_agents.secrets.known import KNOWN

MOST_BYTES = 8_000_000
_HEAD_BYTES = 262_144
_TAIL_BYTES = 512
_LOOK_BYTES = 100
_MESSAGE = re.compile(rb'\s*\{\s*"(?:jsonrpc|id|result|error|method|params)"')
# JSON-RPC 2.0, section 5: `id` is a member beside `result`, and servers write it first or last.
_ID = rb'"id"\s*:\s*(\d{1,18})'
_FIRST = re.compile(rb'^\s*\{(?:\s*"jsonrpc"\s*:\s*"2\.0"\s*,)?\s*' + _ID)
_LAST = re.compile(_ID + rb'\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$')
_TEXT = re.compile(rb'"text"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)
_IS_ERROR = re.compile(rb'^[^\[]{0,200}"isError"\s*:\s*true')
_ENDS_AS_ERROR = re.compile(rb'\][^\[\]]{0,200}"isError"\s*:\s*true[^\[\]]*$')
_CUT = "pagents/bytes-of-cut"
_MOST_CUT = 16  # bytes: half of a pair of \uXXXX


class LongLine(NamedTuple):
    """What is kept of a line that is too long."""

    head: bytes
    tail: bytes
    bytes: int


Line: TypeAlias = bytes | LongLine


class Held:
    """A text that arrives in pieces, of which only so much is kept.

    Args:
        most_bytes: the longest that is kept as a whole.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._pieces: list[bytes] = []
        self._bytes = 0
        self._head = b""
        self._tail = b""

    def add(self, piece: bytes) -> None:
        self._bytes += len(piece)
        if self._head:
            self._tail = (self._tail + piece[-_TAIL_BYTES:])[-_TAIL_BYTES:]
        elif piece:
            self._pieces.append(piece)
            if self._bytes > self._most:
                whole = b"".join(self._pieces)
                self._head, self._tail = whole[:_HEAD_BYTES], whole[-_TAIL_BYTES:]
                self._pieces = []

    @property
    def beginning(self) -> bytes:
        """The first bytes, of which only a few may be there."""
        return (self._head or b"".join(self._pieces[:2]))[:_LOOK_BYTES]

    def take(self) -> Line:
        """What was added since the last time."""
        whole = b"".join(self._pieces)
        line: Line = LongLine(self._head, self._tail, self._bytes) if self._head else whole
        self._pieces, self._bytes, self._head, self._tail = [], 0, b"", b""
        return line


class Lines:
    """The lines of a stream that arrives in pieces."""

    def __init__(self) -> None:
        self._held = Held()

    def feed(self, piece: bytes) -> Iterator[Line]:
        """The lines that end in this piece, without their ends."""
        *ended, rest = piece.split(b"\n")
        for part in ended:
            self._held.add(part)
            yield self._held.take()
        self._held.add(rest)

    @property
    def may_be_message(self) -> bool:
        """Whether the line that has not ended begins as a message."""
        return bool(_MESSAGE.match(self._held.beginning))

    def end(self) -> Line:
        """What follows the last end of a line."""
        return self._held.take()


def shortened(line: LongLine) -> bytes | None:
    """A response with what was kept of a longer one; None if it is for no call."""
    found = _FIRST.search(line.head) or _LAST.search(line.tail)
    if found is None:
        return None
    note = f"[The result has {line.bytes:,} bytes, more than the {MOST_BYTES:,} that are read; its beginning:]"
    text, is_error = _beginning(line.head)
    text = KNOWN.hide_cut(text)
    is_error = is_error or _ENDS_AS_ERROR.search(line.tail) is not None
    content = [{"type": "text", "text": note}, {"type": "text", "text": text}]
    result = {"content": content, "isError": is_error, "_meta": {_CUT: line.bytes}}
    return orjson.dumps({"jsonrpc": "2.0", "id": int(found[1]), "result": result})


def cut_bytes(result: JsonObject) -> int:
    """How many bytes the answer with this result had, if it was too long; else 0."""
    meta = result.get("_meta")
    found = meta.get(_CUT) if isinstance(meta, Mapping) else None
    return found if isinstance(found, int) else 0


def _beginning(head: bytes) -> tuple[str, bool]:
    """The first text of a result as far as it is there, and whether it is one of an error."""
    is_error = _IS_ERROR.search(head) is not None
    if (found := _TEXT.search(head)) is None:
        return head.decode(errors="replace"), is_error
    text = found[1]
    for end in range(len(text), max(len(text) - _MOST_CUT, 0), -1):  # inside of a character
        try:
            return orjson.loads(b'"%b"' % text[:end]), is_error
        except orjson.JSONDecodeError:
            continue
    return text.decode(errors="replace"), is_error
