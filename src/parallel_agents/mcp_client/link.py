"""Link: the way to a server, whatever it is made of, as its connection uses it."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, TypeAlias

from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.message import SessionMessage

Reads: TypeAlias = ReadStream[SessionMessage | Exception]
Writes: TypeAlias = WriteStream[SessionMessage]


class Link(Protocol):
    """A way to a server, which is open within its block."""

    async def __aenter__(self) -> tuple[Reads, Writes]: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    async def wait_ended(self) -> None:
        """Return once the server has ended, or can no longer be heard."""
        ...

    @property
    def said(self) -> str:
        """What is known of its end, or of what it did instead of answering; empty for nothing."""
        ...
