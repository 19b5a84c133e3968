"""Working: the folder that a call works in, and its files by the rights of the call's session."""

from __future__ import annotations

from pathlib import Path

from parallel_agents.core.tool import ToolContext
from parallel_agents.tools.files.folder import Folder, PathRefused

READ, WRITE = "read_file", "write_file"
MOST_BYTES = 20_000_000


class Working:
    """The files of the folder that a call works in.

    A permission for a path holds for what the path leads to by links as well.
    """

    def __init__(self, context: ToolContext) -> None:
        self.folder = Folder(Path(context.cwd or ".").resolve())
        self._context = context

    def read(self, path: str) -> bytes:
        """The content of a file."""
        self.check(READ, path)
        return self.folder.read(path, MOST_BYTES)

    def write(self, path: str, content: bytes) -> bool:
        """Replace or make a file; return whether it is new."""
        if len(content) > MOST_BYTES:
            raise PathRefused(f"{path} would have more than the {MOST_BYTES:,} bytes allowed")
        self.check(WRITE, path)
        return self.folder.write(path, content)

    def is_denied(self, tool: str, path: str) -> bool:
        """Whether a permission denies a tool a path without links."""
        return self._context.denies(tool, path)

    def check(self, tool: str, path: str) -> None:
        """Raise if a permission denies the file that a path leads to."""
        real = self.folder.real_path(path)
        if self.is_denied(tool, real):
            raise PathRefused(f"the permissions of this session deny {tool}({real})")
