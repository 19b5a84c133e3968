"""Working: the folder that a call works in, and its files by the rights of the call's session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from parallel_agents.core.tool import ToolContext
from parallel_agents.folder import Check, Folder, PathRefused
from parallel_agents.links import real_path

READ, WRITE = "read_file", "write_file"
MOST_BYTES = 20_000_000
_PIECE_BYTES = 1 << 20


class Working:
    """The files of the folder that a call works in.

    A permission for a path is one for what the path leads to by links. Each file is checked in the
    same walk that opens it.
    """

    def __init__(self, context: ToolContext) -> None:
        self.folder = Folder(real_path(Path(context.cwd or ".")))
        self._context = context

    def read(self, path: str) -> bytes:
        """The content of the file that the call is about."""
        return self.folder.read(path, MOST_BYTES, self._checked(READ))

    def read_found(self, path: str, most_bytes: int) -> bytes:
        """The content of a file that was found below what the call is about."""
        return self.folder.read(path, most_bytes, partial(self._check_rules, READ))

    def pieces(self, path: str) -> Iterator[bytes]:
        """The content of the file that the call is about, of any size, in parts."""
        with self.folder.open(path, self._checked(READ)) as descriptor:
            while piece := os.read(descriptor, _PIECE_BYTES):
                yield piece

    def write(self, path: str, content: bytes) -> bool:
        """Replace or make the file that the call is about; return whether it is new."""
        if len(content) > MOST_BYTES:
            raise PathRefused(f"{path} would have more than the {MOST_BYTES:,} bytes allowed")
        return self.folder.write(path, content, self._checked(WRITE))

    def is_denied(self, tool: str, path: str) -> bool:
        """Whether a permission denies a tool a path without links."""
        return self._context.denies(tool, path)

    def check(self, tool: str, path: str) -> None:
        """Raise if a permission denies what a path leads to."""
        self._checked(tool)(self.folder.real_path(path))

    def _checked(self, tool: str) -> Check:
        return partial(self._check, tool)

    def _check(self, tool: str, real: str) -> None:
        about = self._context.about
        if about is not None and real != about:
            raise PathRefused(
                f"the path leads to {real or '.'} now, and led to {about or '.'} when the call was "
                "allowed; try again"
            )
        self._check_rules(tool, real)

    def _check_rules(self, tool: str, real: str) -> None:
        if self.is_denied(tool, real):
            raise PathRefused(f"the permissions of this session deny {tool}({real})")
