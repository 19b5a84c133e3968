"""Terminal: what a command wrote, as a reader of plain text sees it."""

from __future__ import annotations

import re

# CSI, then OSC, DCS, SOS, PM and APC, which go on to their end or to that of the line, then the rest.
_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"
    r"|\x1b[ -/]*[0-~]?"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)


def plain(output: str) -> str:
    """The text without what only a terminal understands.

    A line that was overwritten, as by a progress bar, is what it was in the end. Sequences that move
    the cursor, set colours or titles, and marks that turn the direction of text or spell a text that
    nobody sees, are left out.
    """
    text = _SEQUENCE.sub("", output.replace("\r\n", "\n"))
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _CONTROL.sub("", "\n".join(lines))
