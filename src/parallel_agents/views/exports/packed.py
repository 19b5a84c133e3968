"""Packed: what the pages of an exported file read, as blocks that hold nothing but letters.

All blocks together are one stream, compressed and in base64: whatever a model wrote, it ends no element
and is no script. Its first document is the whole; each session is followed by its events, which say how
much their numbers and times, in milliseconds, are above those of the event before.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping

from parallel_agents.core.event import Event
from parallel_agents.core.run import Result
from parallel_agents.views import format
from parallel_agents.views.cost_documents import costs_json
from parallel_agents.views.costs import By
from parallel_agents.views.documents import artifact_json, body_json, result_json
from parallel_agents.views.exports.columns import Columns
from parallel_agents.views.exports.hiding import HIDDEN
from parallel_agents.views.exports.tree import Hide, Tree
from parallel_agents.views.run_graph import plan_of, run_graph
from parallel_agents.views.session_documents import whole_json
from parallel_agents.views.sessions import SessionLine

_GZIP, _LEVEL = 16 + zlib.MAX_WBITS, 9
_BLOCK_BYTES = 300_000  # a multiple of 3, so that blocks in base64 need no padding between them
_START, _END = '<script type="application/gzip">', "</script>"


class Block(str):
    """An element of the page that is packed.

    Attributes:
        redacted: in how many places of it secrets are hidden that no other part of the page has.
    """

    redacted: int

    def __new__(cls, text: str, redacted: int) -> Block:
        block = super().__new__(cls, text)
        block.redacted = redacted
        return block


class Packing:
    """The stream while it is made; only its compressed form is kept."""

    def __init__(self, hide: Hide) -> None:
        self._columns = Columns(self._hidden)
        self._hide = hide
        self._packer = zlib.compressobj(_LEVEL, wbits=_GZIP)
        self._packed = bytearray()
        self._seq = 0
        self._at = 0
        self._redacted = 0
        self._is_only = False

    def begin(self, line: SessionLine, result: Result | None) -> None:
        """Add a session, whose events follow."""
        told = None if result is None else result_json(result)
        self._add({"row": whole_json(line), "result": told})

    def add(self, event: Event, *, is_only: bool) -> None:
        """Add an event of the last session; `is_only` says that no other part of the page has it."""
        at = round(event.at * 1000)
        steps = {"seq": event.seq - self._seq, "at": at - self._at}
        self._seq, self._at = event.seq, at
        self._is_only = is_only
        self._add({**steps, "run_id": event.run, "key": event.key, "event": body_json(event)})
        self._is_only = False

    def full(self) -> list[Block]:
        """The blocks that are full."""
        return [self._block(_BLOCK_BYTES) for _ in range(len(self._packed) // _BLOCK_BYTES)]

    def rest(self) -> Block:
        """The last block."""
        self._packed += self._packer.compress(self._columns.part()) + self._packer.flush()
        return self._block(len(self._packed))

    async def begin_all(self, tree: Tree) -> None:
        """Add what the whole is, and what it cost by each kind of sum."""
        key = tree.top.row.session.key
        costs = await tree.journal.costs(tree=key)
        unanswered = await tree.journal.count_unanswered(tree=key)
        has_plan = await plan_of(tree.journal, tree.top.row) is not None
        graph = await run_graph(tree.reads, tree.journal, tree.top.row) if has_plan else None
        self._add(
            {
                "as_of": format.iso(tree.at),
                "top": {**whole_json(tree.top), "has_plan": has_plan},
                "graph": graph,
                "total": tree.total,
                "artifacts": [artifact_json(each) for each in tree.artifacts],
                "costs": {by.value: costs_json(costs, by, unanswered) for by in By},
            }
        )

    def _add(self, document: Mapping[str, object]) -> None:
        self._columns.add(document)
        if self._columns.is_full:
            self._packed += self._packer.compress(self._columns.part())

    def _block(self, size: int) -> Block:
        letters = base64.b64encode(self._packed[:size]).decode()
        del self._packed[:size]
        redacted, self._redacted = self._redacted, 0
        return Block(f"{_START}{letters}{_END}", redacted)

    def _hidden(self, text: str) -> str:
        shown = self._hide(text)
        if self._is_only:
            self._redacted += shown.count(HIDDEN)
        return shown
