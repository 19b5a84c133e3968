"""Text: the content of a text file with all that an edit must keep: encoding, mark and line ends."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from parallel_agents.folder import PathRefused

_BREAK = re.compile(r"\r\n|\n|\r")
# The longer mark first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LOOKED_AT = 8192
_SHOWN_AROUND = 3
_MOST_SHOWN_LINES = 200


class Change(NamedTuple):
    """A change to a text file, and the lines of it as a unified diff shows them."""

    text: TextFile
    diff: str


@dataclass(frozen=True, slots=True)
class TextFile:
    """The text of a file as it is stored.

    Attributes:
        raw: the text with its own line ends.
        encoding: how it is encoded.
        mark: the bytes before the text, which say how it is encoded; empty for none.
    """

    raw: str
    encoding: str = "utf-8"
    mark: bytes = b""

    @classmethod
    def of(cls, content: bytes, path: str) -> TextFile:
        """The text in the content of a file.

        Raises:
            PathRefused: the content is not text in UTF-8, or in UTF-16 or UTF-32 with a mark.
        """
        mark, encoding = next((x for x in _MARKS if content.startswith(x[0])), (b"", "utf-8"))
        if not mark and (guessed := _utf_16_without_mark(content)):
            raise PathRefused(
                f"{path} is text in {guessed} without a byte-order mark; convert it to UTF-8, as with"
                f" iconv -f {guessed} -t UTF-8"
            )
        if not mark and b"\0" in content[:_LOOKED_AT]:
            raise PathRefused(f"{path} is not text but a binary file of {len(content):,} bytes")
        try:
            return cls(content[len(mark) :].decode(encoding), encoding, mark)
        except UnicodeDecodeError as error:
            raise PathRefused(
                f"{path} is not text in {encoding.upper()} (at byte {error.start:,})"
            ) from error

    @property
    def content(self) -> bytes:
        return self.mark + self.raw.encode(self.encoding)

    @property
    def lines(self) -> Sequence[str]:
        """The lines without their ends; a last line end begins no further line."""
        return _lines_of(self.raw)

    def replaced(self, old: str, new: str, path: str, *, replace_all: bool) -> Change:
        """The file with `new` in place of `old`, which it must contain once; all, if asked.

        A line end in `old` matches one of any form. Those of `new` get the file's form, and the
        rest of the file keeps its own, even if they differ.

        Raises:
            PathRefused: `old` is not in the file, or not once, or nothing would change.
        """
        if not old:
            raise PathRefused("old_text is empty; write_file makes a file")
        pattern = re.compile(r"(?:\r\n|\n|\r)".join(map(re.escape, _BREAK.split(old))))
        found = list(pattern.finditer(self.raw))
        if not found:
            raise PathRefused(f"old_text is not in {path}{self._near(old)}")
        if len(found) > 1 and not replace_all:
            lines = ", ".join(str(self._line_of(match.start())) for match in found[:5])
            raise PathRefused(
                f"old_text is in {path} {len(found)} times, first in the lines {lines}; "
                "add lines around it until it is unique, or pass replace_all"
            )
        fitting = _BREAK.sub(lambda _: self._line_end, new)
        raw = pattern.sub(lambda _: fitting, self.raw)
        if raw == self.raw:
            raise PathRefused("old_text and new_text are the same, so nothing was changed")
        return Change(replace(self, raw=raw), self._diff(found[0], fitting, len(found)))

    @property
    def _line_end(self) -> str:
        """The most frequent line end; the first of the file among equals."""
        ends = Counter(_BREAK.findall(self.raw[: 1 << 20]))
        return ends.most_common(1)[0][0] if ends else "\n"

    def _line_of(self, position: int) -> int:
        return len(_BREAK.findall(self.raw, 0, position)) + 1

    def _near(self, old: str) -> str:
        """Where a passage is that differs in white space only."""
        wanted = [line.strip() for line in _BREAK.split(old) if line.strip()]
        lines = [(number, line.strip()) for number, line in enumerate(self.lines, start=1)]
        lines = [(number, line) for number, line in lines if line]
        for at in range(len(lines) - len(wanted) + 1):
            if wanted and all(lines[at + step][1] == want for step, want in enumerate(wanted)):
                return f"; a passage that differs in white space only begins in line {lines[at][0]}"
        return "; read the file again, and copy the passage as it is"

    def _diff(self, match: re.Match[str], new: str, count: int) -> str:
        """The first change with the lines around it, as a unified diff."""
        begin = max(self.raw.rfind(end, 0, match.start()) + 1 for end in "\r\n")
        end = match.end()
        if not (_ends_line(match[0]) and _ends_line(new)):
            line_end = _BREAK.search(self.raw, end)
            end = line_end.start() if line_end else len(self.raw)
        removed = _lines_of(self.raw[begin:end])
        added = _lines_of(self.raw[begin : match.start()] + new + self.raw[match.end() : end])
        start, lines = self._line_of(begin), self.lines
        last = start + len(removed) - 1
        before = lines[max(0, start - 1 - _SHOWN_AROUND) : start - 1]
        after = lines[last : last + _SHOWN_AROUND]
        first, kept = start - len(before), len(before) + len(after)
        shown = [
            f"@@ -{first},{kept + len(removed)} +{first},{kept + len(added)} @@",
            *(f" {line}" for line in before),
            *(f"-{line}" for line in removed),
            *(f"+{line}" for line in added),
            *(f" {line}" for line in after),
        ]
        if (more := len(shown) - _MOST_SHOWN_LINES) > 0:
            shown = [*shown[:_MOST_SHOWN_LINES], f"... {more:,} more lines"]
        if count > 1:
            shown.append(f"... and {count - 1:,} more places")
        return "\n".join(shown)


def _ends_line(text: str) -> bool:
    return text.endswith(("\n", "\r"))


def _lines_of(text: str) -> list[str]:
    """The lines of a text without their ends; a last line end begins no further line."""
    lines = _BREAK.split(text)
    return lines[:-1] if not lines[-1] else lines


def _utf_16_without_mark(content: bytes) -> str:
    """The encoding of content in which nearly every other byte and no other is 0; empty if not."""
    head = content[:_LOOKED_AT]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if not len(content) % 2 and max(even, odd) * 4 > len(head) and not min(even, odd):
        return "UTF-16LE" if odd else "UTF-16BE"
    return ""
