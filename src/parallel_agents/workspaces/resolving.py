"""Resolving: the versions of a file in conflict as texts, and an answer about it as its new content.

Whoever resolves the conflict is believed in nothing: an answer that fits no text, holds marks of a
conflict or grows out of bounds is refused with the reason, and the file stays in conflict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from parallel_agents.core.schema import Json
from parallel_agents.workspaces.blobs import Blobs
from parallel_agents.workspaces.entries import Entry, Mode

MOST_BYTES = 60_000
# What an answer may have beyond both versions, such as lines that join them.
_SPARE_BYTES = 4_000
_MARK = re.compile(r"(<{7}|\|{7}|={7}|>{7})(\s.*)?")
_HIDDEN = "[redacted:"


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
    which it is if it is left out, `removed` if one side did that, or `unsure`. Line ends are made
    those of the versions, and the last line ends as theirs does.

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
    text = _with_line_ends(text, sides)
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


def _with_line_ends(text: str, sides: list[str]) -> str:
    """The text with the line ends of the versions, if they agree."""
    text = text.replace("\r\n", "\n")
    if text and all(side.endswith("\n") for side in sides) and not text.endswith("\n"):
        text += "\n"
    is_windows = all("\n" in side and side.count("\n") == side.count("\r\n") for side in sides)
    return text.replace("\n", "\r\n") if is_windows else text


def _check(text: str, content: bytes, sides: list[str]) -> None:
    if not text.strip() and any(side.strip() for side in sides):
        raise Unfit("its answer is empty")
    if "\0" in text:
        raise Unfit("its answer is not text")
    if len(content) > sum(len(side.encode()) for side in sides) + _SPARE_BYTES:
        raise Unfit("its answer is longer than both versions together")
    known = {line for side in sides for line in side.splitlines()}
    if any(_MARK.fullmatch(line) and line not in known for line in text.splitlines()):
        raise Unfit("its answer has the marks of a conflict")
    if text.count(_HIDDEN) > sum(side.count(_HIDDEN) for side in sides):
        raise Unfit("its answer has a secret's place instead of the secret")
