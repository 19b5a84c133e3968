"""Code blocks: the parts of a text in Markdown that are code, which no view may wrap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^`]*")


class Block(NamedTuple):
    """Some lines of a text: prose, or code with its fences.

    Attributes:
        language: what the opening fence says; empty if nothing.
    """

    text: str
    is_code: bool = False
    language: str = ""


def code_blocks(text: str) -> Iterator[Block]:
    """The text in blocks, in order; a fence that is not closed is code to the end."""
    lines: list[str] = []
    fence, language = "", ""
    for line in text.splitlines():
        found = _FENCE.fullmatch(line)
        if not fence and found is not None:
            yield from _block(lines)
            lines, fence, language = [line], found[1], found[2]
        elif fence and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            yield Block("\n".join([*lines, line]), is_code=True, language=language)
            lines, fence = [], ""
        else:
            lines.append(line)
    if fence:
        yield Block("\n".join(lines), is_code=True, language=language)
    else:
        yield from _block(lines)


def _block(lines: list[str]) -> Iterator[Block]:
    if lines:
        yield Block("\n".join(lines))
