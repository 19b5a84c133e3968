"""Reading: read_file and list_files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from parallel_agents.core.cutting import head
from parallel_agents.core.kept_path import read_kept_path
from parallel_agents.core.kept_text import lines_of
from parallel_agents.core.tokens import tokens_in
from parallel_agents.core.tool import (
    Access,
    Effect,
    Subject,
    SubjectKind,
    ToolContext,
    ToolError,
)
from parallel_agents.folder import Entry, Folder, PathRefused
from parallel_agents.tools.files.text import TextFile
from parallel_agents.tools.files.working import READ, Working
from parallel_agents.tools.function import tool

MOST_LINES = 2000
MOST_ENTRIES = 1000
_MOST_CHARACTERS = 60_000
_MOST_LINE_CHARACTERS = 2000
# What says how to read on.
_MARK_TOKENS = 30

PathArgument = Annotated[str, Field(description="Path, relative to the working folder.")]
PATH = Subject("path", SubjectKind.PATH)


@tool(effect=Effect.PURE, access=Access.READ, subject=PATH)
def read_file(
    path: PathArgument,
    context: ToolContext,
    offset: Annotated[int, Field(ge=1, description="First line to read, from 1.")] = 1,
    limit: Annotated[int, Field(ge=1, le=MOST_LINES, description="Most lines.")] = MOST_LINES,
) -> str:
    """Read a text file of the working folder. Long files are read in parts, by offset and limit."""
    kept = read_kept_path(path)
    text = None if kept is None or context.read_kept is None else context.read_kept(kept)
    if text is not None:
        lines = lines_of(text)
    elif kept is not None:
        raise ToolError(f"this session keeps nothing under {path}")
    else:
        lines = TextFile.of(Working(context).read(path), path).lines
    if offset > max(1, len(lines)):
        raise PathRefused(f"{path} has {len(lines):,} lines; there is no line {offset:,}")
    shown = _that_fit(lines[offset - 1 : offset - 1 + limit], context.most_tokens)
    end = offset - 1 + len(shown)
    if end < len(lines):
        shown.append(
            f"[lines {offset:,} to {end:,} of {len(lines):,}; read on with offset {end + 1}]"
        )
    return "\n".join(shown) or f"[{path} is empty]"


def _that_fit(lines: Sequence[str], most_tokens: int | None) -> list[str]:
    """As many of the first lines as a result can have, at least one."""
    shown: list[str] = []
    size = 0
    for line in lines:
        kept = _shortened(line)
        size += len(kept) + 1
        if shown and size > _MOST_CHARACTERS:
            break
        shown.append(kept)
    if most_tokens is None:
        return shown
    room = max(most_tokens - _MARK_TOKENS, 1)
    while len(shown) > 1 and (tokens := tokens_in("\n".join(shown))) > room:
        del shown[max(min(len(shown) * room // tokens, len(shown) - 1), 1) :]
    return shown


@tool(effect=Effect.PURE, access=Access.READ, subject=PATH)
def list_files(
    context: ToolContext,
    path: Annotated[str, Field(description="Folder; the working folder by default.")] = ".",
    depth: Annotated[int, Field(ge=1, le=10, description="How many levels of folders.")] = 1,
) -> str:
    """List the files and folders of a folder; names of folders end in a slash."""
    working = Working(context)
    working.check(READ, path)
    found = list(_below(working.folder, path, depth))
    lines = [f"{entry.path}/" if entry.is_folder else entry.path for entry in found[:MOST_ENTRIES]]
    if len(found) > MOST_ENTRIES:
        lines.append(f"[{MOST_ENTRIES:,} of more entries; list a folder below, or use glob]")
    return "\n".join(lines) or f"[{path} is empty]"


def _below(folder: Folder, path: str, depth: int) -> list[Entry]:
    """The entries of a folder, each folder's after it; it stops soon after the most that are shown."""
    found: list[Entry] = []
    for entry in folder.entries(path):
        found.append(entry)
        if entry.is_folder and depth > 1 and entry.path.rpartition("/")[2] != ".git":
            found += _below(folder, entry.path, depth - 1)
        if len(found) > MOST_ENTRIES:
            break
    return found


def _shortened(line: str) -> str:
    if len(line) <= _MOST_LINE_CHARACTERS:
        return line
    more = len(line) - _MOST_LINE_CHARACTERS
    return f"{head(line, _MOST_LINE_CHARACTERS)}[the line goes on for {more:,} characters]"
