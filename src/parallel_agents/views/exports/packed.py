"""Packed: what the pages of an exported file read, as blocks that hold nothing but letters.

A block is JSON, compressed, in base64: whatever a model wrote, it ends no element and is no script.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import cast

import orjson

from parallel_agents.core.event import Event
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.views import format
from parallel_agents.views.cost_documents import costs_json
from parallel_agents.views.costs import By
from parallel_agents.views.documents import artifact_json, event_json, result_json, whole_json
from parallel_agents.views.exports.hiding import hidden
from parallel_agents.views.exports.tree import Hide, Tree
from parallel_agents.views.sessions import SessionLine

_GZIP = 16 + zlib.MAX_WBITS
_START, _END = '<script type="application/gzip">', "</script>"


class Packing:
    """A block while it is made; only its compressed form is kept."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(wbits=_GZIP)
        self._packed = bytearray()

    def add(self, text: bytes) -> None:
        self._packed += self._packer.compress(text)

    def block(self) -> str:
        """All of it, as an element of the page."""
        self._packed += self._packer.flush()
        return f"{_START}{base64.b64encode(self._packed).decode()}{_END}"


class SessionPacking:
    """The block of one session: its row, its result, and its events as they are read."""

    def __init__(self, line: SessionLine, result: Result | None, hide: Hide) -> None:
        self._hide = hide
        self._packing = Packing()
        self._comma = b""
        told = None if result is None else result_json(result)
        row, end = self._json(whole_json(line)), self._json(told)
        self._packing.add(b'{"row":%b,"result":%b,"events":[' % (row, end))

    def add(self, event: Event) -> None:
        self._packing.add(self._comma + self._json(event_json(event)))
        self._comma = b","

    def block(self) -> str:
        """All of it, as an element of the page."""
        self._packing.add(b"]}")
        return self._packing.block()

    def _json(self, value: object) -> bytes:
        # A typed document is JSON, though not to a type checker.
        return orjson.dumps(hidden(cast("Json", value), self._hide))


async def head_of(tree: Tree, hide: Hide) -> str:
    """The block of the whole: what it is, and what it cost by each kind of sum."""
    key = tree.top.row.session.key
    costs = await tree.journal.costs(tree=key)
    unanswered = await tree.journal.count_unanswered(tree=key)
    head: Mapping[str, object] = {
        "as_of": format.iso(tree.at),
        "top": whole_json(tree.top),
        "total": tree.total,
        "artifacts": [artifact_json(each) for each in tree.artifacts],
        "costs": {by.value: costs_json(costs, by, unanswered) for by in By},
    }
    packing = Packing()
    packing.add(orjson.dumps(hidden(cast("Json", head), hide)))
    return packing.block()
