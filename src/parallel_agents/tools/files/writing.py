"""Writing: write_file and edit_file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parallel_agents.core.tool import Access, Effect, ToolContext
from parallel_agents.tools.files.reading import PATH, PathArgument
from parallel_agents.tools.files.text import TextFile
from parallel_agents.tools.files.working import Working
from parallel_agents.tools.function import tool


@tool(effect=Effect.IDEMPOTENT, access=Access.WRITE, subject=PATH)
def write_file(
    path: PathArgument,
    content: Annotated[str, Field(description="The whole content of the file.")],
    context: ToolContext,
) -> str:
    """Make a file, or replace one as a whole. Use edit_file to change a part of one."""
    is_new = Working(context).write(path, content.encode())
    lines = len(TextFile(content).lines)
    return f"{'Made' if is_new else 'Replaced'} {path}: {lines:,} lines."


@tool(effect=Effect.ONCE, access=Access.WRITE, subject=PATH)
def edit_file(
    path: PathArgument,
    old_text: Annotated[
        str,
        Field(description="The passage to replace, exactly as it is and only once in the file."),
    ],
    new_text: Annotated[str, Field(description="What to put in its place.")],
    context: ToolContext,
    replace_all: Annotated[bool, Field(description="Replace every such passage.")] = False,
) -> str:
    """Replace one passage of a text file by another; the answer shows the change."""
    working = Working(context)
    text = TextFile.of(working.read(path), path)
    change = text.replaced(old_text, new_text, path, replace_all=replace_all)
    working.write(path, change.text.content)
    return f"Changed {path}:\n{change.diff}"
