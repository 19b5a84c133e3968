"""Markdown: texts of others as parts of a document that they cannot break.

Nothing in them becomes a heading, a link, an image or HTML, however the document is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from parallel_agents.views import format

_FENCE = re.compile(r"`{3,}")
# What begins Markdown or HTML: wherever it is, between words, before what makes it a tag, an entity or
# a formula, and at the start of a line.
_SPECIAL = re.compile(
    r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)|<(?=[A-Za-z/!?])|&(?=[#\w])|\$(?!\d)|^[#>+=-]|(?<=^\d)[.)](?!\S)"
)
# What hosts make links of without any mark.
_LINKED = re.compile(r"(?i)\b(https?|ftp|mailto|www)([:.])")


def escaped(text: str) -> str:
    """Text in one line, as it reads."""
    line = _SPECIAL.sub(r"\\\g<0>", format.one_line(text).strip())
    return _LINKED.sub(r"\1\\\2", line)


def fenced(text: str, language: str = "") -> str:
    """Text in a block of its own, whose fence is longer than any in the text."""
    clean = format.clean(text).strip("\n")
    longest = max((len(found) for found in _FENCE.findall(clean)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{clean}\n{fence}"


def table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()
) -> str:
    """A table of texts; those of the columns named in `right` are numbers."""
    rule = ["---:" if title in right else "---" for title in titles]
    shown = [titles, rule, *([escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in shown)
