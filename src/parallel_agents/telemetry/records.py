"""Records: spans and metric points as plain values, before they become bytes.

The ids of spans are made of what they stand for, so that a span which is sent again after a crash
replaces itself instead of appearing twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TypeAlias

from parallel_agents.core.ids import RunId
from parallel_agents.core.overview import Lineage

Attribute: TypeAlias = str | int | float | bool | tuple[str, ...]
Attributes: TypeAlias = Mapping[str, Attribute]


class Operation(StrEnum):
    """The operations of the convention that are exported."""

    INVOKE_AGENT = "invoke_agent"
    INVOKE_WORKFLOW = "invoke_workflow"
    CHAT = "chat"
    EXECUTE_TOOL = "execute_tool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that took time.

    Attributes:
        trace: 16 bytes; the same for all that one request from outside led to.
        id, parent: 8 bytes; an empty parent is none.
        began_at, ended_at: seconds since the epoch.
        is_call: whether it is a call of another process.
        error: what the operation ended with; empty if it succeeded.
    """

    trace: bytes
    id: bytes
    parent: bytes = b""
    name: str
    began_at: float
    ended_at: float
    is_call: bool = False
    error: str = ""
    attributes: Attributes = field(default_factory=dict[str, Attribute])


def trace_of(lineage: Lineage) -> bytes:
    """The id of the trace that a run belongs to: that of all which one request from outside led to."""
    return _digest("trace", lineage.top)[:16]


def parent_of(lineage: Lineage) -> bytes:
    """The id of the span above that of a run; empty for none."""
    return b"" if lineage.asked_by is None else span_of(lineage.asked_by)


def span_of(run: RunId, key: str = "") -> bytes:
    """The id of the span of a run, or of the event under a key of it."""
    return _digest("span", run, key)[:8]


def _digest(*parts: str) -> bytes:
    return sha256("\0".join(parts).encode()).digest()
