"""Searching: glob and grep, which leave out what `.gitignore` files name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

from pydantic import Field

from parallel_agents.containment.patterns import linear_matcher
from parallel_agents.core.cutting import head
from parallel_agents.core.path_pattern import path_matches
from parallel_agents.core.tool import Access, Effect, ToolContext, ToolError
from parallel_agents.folder import PathRefused
from parallel_agents.ignore_files import IgnoreFiles
from parallel_agents.tools.files.reading import PATH
from parallel_agents.tools.files.text import TextFile
from parallel_agents.tools.files.working import READ, Working
from parallel_agents.tools.function import tool

MOST_FOUND = 1000
MOST_LINES = 200
_MOST_FILES = 200_000
_MOST_SEARCHED_BYTES = 5_000_000
_LINE_CHARACTERS = 300

FolderArgument = Annotated[str, Field(description="Folder; the working folder by default.")]


@tool(effect=Effect.PURE, access=Access.READ, subject=PATH)
def glob(
    pattern: Annotated[
        str, Field(min_length=1, description="Such as **/*.py; *.py is in any folder.")
    ],
    context: ToolContext,
    path: FolderArgument = ".",
) -> str:
    """Find files by their paths. What .gitignore names is left out."""
    files = _files(Working(context), path)
    found = [file for file in files if path_matches(pattern, file)]
    if not found:
        return f"[no file matches {pattern}]"
    shown = found[:MOST_FOUND]
    if len(found) > MOST_FOUND:
        shown.append(f"[{MOST_FOUND:,} of {len(found):,} files; narrow the pattern]")
    return "\n".join(shown)


@tool(effect=Effect.PURE, access=Access.READ, subject=PATH)
def grep(
    pattern: Annotated[str, Field(min_length=1, description="Regular expression.")],
    context: ToolContext,
    path: Annotated[str, Field(description="File or folder; the working folder by default.")] = ".",
    files: Annotated[str, Field(description="Only files that match, such as *.py.")] = "",
    ignore_case: Annotated[bool, Field(description="Find either case.")] = False,
) -> str:
    """Find lines in text files by a regular expression; each is told as path:line:text.

    What .gitignore names is left out.
    """
    is_match = _matcher(f"(?i){pattern}" if ignore_case else pattern)
    working = Working(context)
    lines: list[str] = []
    count = 0
    for file in _searched(working, path):
        if files and not path_matches(files, file):
            continue
        for number, line in _lines_with(working, file, is_match):
            count += 1
            if len(lines) < MOST_LINES:
                lines.append(f"{file}:{number}:{head(line, _LINE_CHARACTERS)}")
    if count > MOST_LINES:
        lines.append(f"[{MOST_LINES:,} of {count:,} lines; narrow the pattern, the path or files]")
    return "\n".join(lines) or f"[no line matches {pattern}]"


def _matcher(pattern: str) -> Callable[[str], bool]:
    found = linear_matcher(pattern)
    if found is None:
        raise ToolError(
            f"{pattern} is not a regular expression that is found in linear time; "
            "use one without look-around and back references"
        )
    return found


def _searched(working: Working, path: str) -> Iterator[str]:
    """The file that a path names, or the files in the folder."""
    working.check(READ, path)
    if working.folder.is_file(path):
        yield working.folder.real_path(path)
    else:
        yield from _files(working, path)


def _lines_with(
    working: Working, file: str, is_match: Callable[[str], bool]
) -> Iterator[tuple[int, str]]:
    """The matching lines of a file with their numbers; none of one that is not text, or too large."""
    try:
        text = TextFile.of(working.read_found(file, _MOST_SEARCHED_BYTES), file)
    except PathRefused:
        return
    for number, line in enumerate(text.lines, start=1):
        if is_match(line):
            yield number, line


def _files(working: Working, path: str) -> Iterator[str]:
    """The files in a folder that the session may read, by path; without links."""
    working.check(READ, path)
    count = 0
    for kept in IgnoreFiles(working.folder).walk(path):
        for file in kept.files:
            if working.is_denied(READ, file):
                continue
            count += 1
            if count > _MOST_FILES:
                raise ToolError(f"{path} has more than {_MOST_FILES:,} files; name a folder in it")
            yield file
