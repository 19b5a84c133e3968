"""Plain text: bytes as the UTF-8 text that they are, or what they are instead."""

from __future__ import annotations

import codecs
import shlex

from parallel_agents.core.cutting import head
from parallel_agents.core.media_type import HEAD_BYTES, IMAGES, PDF, media_type_of
from parallel_agents.errors import NotText

STDIN = "stdin"
_SHOWN = 200
# The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_MOST_LATIN = 0.9
_BLANK = 0x20
_LINE_CONTROLS = frozenset(b"\t\n\v\f\r\x1b")


def plain_text(content: bytes, name: str) -> str:
    """The text that content is; the mark with which some programs begin UTF-8 is left out.

    Args:
        content: all of it.
        name: what errors call it: a path, or `STDIN`.

    Raises:
        NotText: it is a file of another kind, or a text in another encoding; the error says which.
    """
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "")
    if encoding:
        raise _encoded(name, encoding, "it begins with the byte order mark of that encoding")
    kind = media_type_of(content[:HEAD_BYTES])
    if kind in IMAGES or kind == PDF:
        raise NotText(
            f"{head(name, _SHOWN)} is {kind}, and a text is expected",
            why="an image or a PDF is shown to an agent as a file of its own",
            hint="pass it with -f to spawn or send, or convert it to text",
        )
    if b"\0" in content and (wide := _wide(content)):
        raise _encoded(name, wide, "every other byte of its beginning is NUL")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if _has_controls(content[:HEAD_BYTES]):
            raise _binary(name) from error
        line = content.count(b"\n", 0, error.start) + 1
        why = f"byte {error.start + 1:,}, in line {line:,}, is 0x{content[error.start]:02x}"
        hint = _how_to_convert("WINDOWS-1252", name)
        raise NotText(
            f"{head(name, _SHOWN)} is not UTF-8", why=why, hint=f"if it is Latin-1, {hint}"
        ) from error
    if "\0" in text:
        raise _binary(name)
    return text


def _wide(content: bytes) -> str:
    """UTF-16 without a mark, by the NUL bytes of its Latin letters; empty if it is something else."""
    if len(content) % 2 or len(content) <= 2:
        return ""
    start = content[:HEAD_BYTES]
    low, high = start[::2], start[1::2]
    for letters, others, encoding in ((low, high, "UTF-16LE"), (high, low, "UTF-16BE")):
        if others.count(0) > _MOST_LATIN * len(others) and not _has_controls(letters):
            return encoding
    return ""


def _has_controls(start: bytes) -> bool:
    return any(byte < _BLANK and byte not in _LINE_CONTROLS for byte in start)


def _binary(name: str) -> NotText:
    return NotText(
        f"{head(name, _SHOWN)} is binary",
        why="models read text",
        hint="name a UTF-8 text file, or share the file as an artifact: `pagents artifact put`",
    )


def _encoded(name: str, encoding: str, why: str) -> NotText:
    return NotText(
        f"{head(name, _SHOWN)} is {encoding} and not UTF-8",
        why=why,
        hint=_how_to_convert(encoding, name),
    )


def _how_to_convert(encoding: str, name: str) -> str:
    if name == STDIN:
        return f"convert it: ... | iconv -f {encoding} -t UTF-8 | pagents ..."
    return f"convert it: iconv -f {encoding} -t UTF-8 {shlex.quote(head(name, _SHOWN))} > NEW"
