"""Resolving: the versions of a file in conflict as texts, and an answer about it as its new content.

Whoever resolves the conflict is believed in nothing: an answer that fits no text, holds marks of a
conflict, grows out of bounds or lacks what no side removed is refused with the reason, and the file
stays in conflict.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from parallel_agents.core.schema import Json
from parallel_agents.workspaces.blobs import Blobs
from parallel_agents.workspaces.entries import Entry, Mode

MOST_BYTES = 60_000
# What an answer may have beyond both versions, such as lines that join them.
_SPARE_BYTES = 4_000
# Lines of both versions that an answer may lack: this many, or one in ten of them.
_SPARE_LINES = 3
# Versions that are shorter may become any shorter text.
_SHORT_BYTES = 400
_MARK = re.compile(r"(<{7}|\|{7}|={7}|>{7})(\s.*)?")
_HIDDEN = "[redacted:"
_BYTE_ORDER_MARK = "\ufeff"
T = TypeVar("T")


class Clash(NamedTuple):
    """A file that both sides changed; `mode` is what it is once the conflict is resolved."""

    mode: Mode
    base: Entry | None
    ours: Entry | None
    theirs: Entry | None


class Resolution(NamedTuple):
    """What a file becomes, None for removed, if it is still in this conflict."""

    clash: Clash
    after: Entry | None


class Versions(NamedTuple):
    """The texts of a file in conflict; None where it does not exist."""

    base: str | None
    ours: str | None
    theirs: str | None


class Unfit(Exception):
    """A file that cannot be resolved as text, or an answer that cannot be used; says why."""


def read_versions(blobs: Blobs, clash: Clash) -> Versions:
    """The versions of a file.

    Raises:
        Unfit: one is not text, or too large.
        WorkspaceError: the content of a file is gone.
    """
    sides = (clash.base, clash.ours, clash.theirs)
    return Versions(*(None if entry is None else _text(blobs.read(entry.oid)) for entry in sides))


def content_of(versions: Versions, answer: Json) -> bytes | None:
    """The content that an answer gives a file; None if it removes the file.

    An answer is an object with the whole text as `content`, and as `decision` what it does: `merged`,
    which it is if it is left out, `removed` if one side did that, or `unsure`. Line ends, that of the
    last line and a byte order mark are merged from the versions, whatever the answer has.

    Raises:
        Unfit: the answer does not decide, or its text cannot be the merged file.
    """
    if not isinstance(answer, Mapping):
        raise Unfit("its answer has no content")
    sides = [text for text in (versions.ours, versions.theirs) if text is not None]
    decision = answer.get("decision", "merged")
    if decision == "removed":
        if len(sides) == 2:
            raise Unfit("it removed the file, which neither side did")
        return None
    if decision != "merged":
        raise Unfit("it is not sure")
    text = answer.get("content")
    if not isinstance(text, str):
        raise Unfit("its answer has no content")
    text = _in_the_form_of(versions, text)
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise Unfit("its answer is not text") from None
    _check(text, content, sides)
    return content


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise Unfit(f"it has more than {MOST_BYTES:,} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Unfit("it is not UTF-8 text") from None
    if "\0" in text:
        raise Unfit("it is not text")
    return text


def _in_the_form_of(versions: Versions, text: str) -> str:
    """The text with the line ends and the byte order mark that the versions merge to."""
    text = text.removeprefix(_BYTE_ORDER_MARK)
    match _merged(versions, _line_end):
        case "":
            text = _with_known_ends(versions, text)
        case str(end):
            text = text.replace("\r\n", "\n").replace("\n", end)
        case None:
            pass
    if text and _merged(versions, _is_ended):
        text = text if text.endswith("\n") else text + (_merged(versions, _line_end) or "\n")
    elif text.endswith("\n"):
        text = text.removesuffix("\n").removesuffix("\r")
    has_mark = _merged(versions, lambda side: side.startswith(_BYTE_ORDER_MARK))
    return _BYTE_ORDER_MARK + text if has_mark else text


def _merged(versions: Versions, form_of: Callable[[str], T | None]) -> T | None:
    """What a form of the versions merges to: that of the side that changed it, or of ours if both did."""
    base, ours, theirs = (None if text is None else form_of(text) for text in versions)
    if ours is None or (ours == base and theirs is not None):
        return theirs
    return ours


def _line_end(text: str) -> str | None:
    """The line end of a text; empty if it has different ones, None if it has none."""
    ends, windows = text.count("\n"), text.count("\r\n")
    if not ends:
        return None
    return {0: "\n", ends: "\r\n"}.get(windows, "")


def _is_ended(text: str) -> bool | None:
    return text.endswith("\n") if text else None


def _with_known_ends(versions: Versions, text: str) -> str:
    """The text in which each line of a version ends as it does there."""
    ends: dict[str, str] = {}
    for side in (versions.ours, versions.theirs):
        for line in (side or "").split("\n")[:-1]:
            bare = line.removesuffix("\r")
            ends.setdefault(bare, line[len(bare) :])
    *lines, last = text.split("\n")
    bare_lines = [(line, line.removesuffix("\r")) for line in lines]
    ended = [bare + ends.get(bare, line[len(bare) :]) for line, bare in bare_lines]
    return "\n".join([*ended, last])


def _check(text: str, content: bytes, sides: list[str]) -> None:
    if not text.strip() and any(side.strip() for side in sides):
        raise Unfit("its answer is empty")
    if "\0" in text:
        raise Unfit("its answer is not text")
    if len(content) > sum(len(side.encode()) for side in sides) + _SPARE_BYTES:
        raise Unfit("its answer is longer than both versions together")
    _check_kept(text, content, sides)
    known = {line for side in sides for line in side.splitlines()}
    if any(_MARK.fullmatch(line) and line not in known for line in text.splitlines()):
        raise Unfit("its answer has the marks of a conflict")
    if text.count(_HIDDEN) > sum(side.count(_HIDDEN) for side in sides):
        raise Unfit("its answer has a secret's place instead of the secret")


def _check_kept(text: str, content: bytes, sides: list[str]) -> None:
    """Refuse a text that leaves out what no side removed, as models abbreviate files."""
    of_both, *others = (_lines_of(side) for side in sides)
    for lines in others:
        of_both &= lines
    lacking = (of_both - _lines_of(text)).total()
    if lacking > max(_SPARE_LINES, of_both.total() // 10):
        both = "both versions have" if others else "the file has"
        raise Unfit(f"its answer lacks {lacking} of the {of_both.total()} lines that {both}")
    shorter = min(len(side.encode()) for side in sides)
    if shorter > _SHORT_BYTES and len(content) < shorter / 2:
        raise Unfit("its answer is less than half as long as the shorter version")


def _lines_of(text: str) -> Counter[str]:
    """The lines of a text that are not blank, however they are indented."""
    return Counter(line.strip() for line in text.splitlines() if line.strip())
