"""Marks: the lines around both versions of a text in conflict, which say whose each version is.

They are known again by their labels, so that a later merge writes none into them.
"""

from __future__ import annotations

import re

_OURS, _THEIRS = b"yours", b"the workspace's"
_MARK = re.compile(
    rb"^(?:(?:<{7,} %b|>{7,} %b) [0-9a-f]{40}|\|{7,} [0-9a-f]{7,40}\r?$)" % (_OURS, _THEIRS),
    re.MULTILINE,
)
_BETWEEN = re.compile(rb"^={7}\r?$", re.MULTILINE)


def label(content: bytes, ours: str, theirs: str) -> bytes:
    """Add whose a version is to the marks that git labels with these two commits."""
    for mark, whose, commit in ((b"<", _OURS, ours), (b">", _THEIRS, theirs)):
        of_git = mark * 7 + b" " + commit.encode()
        content = content.replace(of_git, mark * 7 + b" " + whose + b" " + commit.encode())
    return content


def has_marks(content: bytes, base: bytes) -> bool:
    """Whether a text has marks of a merge that were not in it before."""
    return bool(set(_MARK.findall(content)).difference(_MARK.findall(base)))


def is_in_conflict(content: bytes, base: bytes, theirs: bytes) -> bool:
    """Whether a text that a merge wrote both versions into has any line of its marks still.

    The line between the versions has no label; headings look like it, so that one which the base or
    the workspace's version has does not count.
    """
    has_line = any(_BETWEEN.search(each) for each in (base, theirs))
    return has_marks(content, base) or (not has_line and _BETWEEN.search(content) is not None)
