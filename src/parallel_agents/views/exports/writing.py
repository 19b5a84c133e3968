"""Writing: an export in parts, with what is in it counted as it is made."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping

from parallel_agents.views.exports.hiding import HIDDEN
from parallel_agents.views.exports.json_file import json_of, trace_of
from parallel_agents.views.exports.markdown_file import markdown_of
from parallel_agents.views.exports.packed import Block
from parallel_agents.views.exports.page import page_of
from parallel_agents.views.exports.redacting import REMOVED, redacted
from parallel_agents.views.exports.tables import csv_of, jsonl_of
from parallel_agents.views.exports.tree import Exported, ExportForm, Hide, Tree, Wanted

_MAKERS: Mapping[ExportForm, Callable[[Tree, Wanted, Hide], AsyncGenerator[str]]] = {
    ExportForm.MD: markdown_of,
    ExportForm.JSONL: jsonl_of,
    ExportForm.CSV: csv_of,
    ExportForm.HTML: page_of,
    ExportForm.JSON: json_of,
    ExportForm.TRACE: trace_of,
}


class Export:
    """One export of a tree; `exported` says what is in it once all of its parts were made."""

    def __init__(self, tree: Tree, wanted: Wanted, hide: Hide) -> None:
        self._tree = redacted(tree) if wanted.is_redacted else tree
        self._wanted = wanted
        self._hide = hide
        self._redacted = 0
        self._bytes = 0

    async def parts(self) -> AsyncGenerator[bytes]:
        """The file in parts, in order."""
        async for part in _MAKERS[self._wanted.form](self._tree, self._wanted, self._hide):
            encoded = part.encode("utf-8", "backslashreplace")
            self._redacted += part.redacted if isinstance(part, Block) else part.count(HIDDEN)
            self._bytes += len(encoded)
            yield encoded

    @property
    def exported(self) -> Exported:
        lines = len(self._tree.lines)
        return Exported(
            sessions=lines,
            left_out=self._tree.total - lines,
            transcripts=lines if self._wanted.shows_transcripts else 0,
            files=len(self._tree.artifacts),
            redacted=self._redacted,
            bytes=self._bytes,
            has_contents=not self._wanted.is_redacted,
        )


def described(exported: Exported) -> str:
    """What is in an export, such as `24 transcripts, 3 files by name, secrets redacted in 2 places`."""
    parts = [
        _count(exported.sessions, "session"),
        _count(exported.transcripts, "transcript"),
        f"{_count(exported.files, 'file')} by name",
        f"secrets redacted in {_count(exported.redacted, 'place')}",
    ]
    told = ", ".join(parts)
    return told if exported.has_contents else f"{told}; {REMOVED}"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
