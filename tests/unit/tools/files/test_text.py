"""Edits that keep everything that they do not name."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, strategies as st

from parallel_agents.folder import PathRefused
from parallel_agents.tools.files.text import TextFile


def edited(content: bytes, old: str, new: str, *, replace_all: bool = False) -> bytes:
    return TextFile.of(content, "f").replaced(old, new, "f", replace_all=replace_all).text.content


@pytest.mark.parametrize(
    ("content", "old", "new", "after"),
    [
        (b"a\nb\nc\n", "b", "B", b"a\nB\nc\n"),
        (b"a\r\nb\r\nc\r\n", "a\nb", "A\nB", b"A\r\nB\r\nc\r\n"),
        (b"a\r\nb\nc\r\n", "c", "C\nD", b"a\r\nb\nC\r\nD\r\n"),
        (b"a\rb\r", "a\nb", "x\ny", b"x\ry\r"),
        (b"a\nb", "b", "B\n", b"a\nB\n"),
        (codecs.BOM_UTF8 + b"a\r\nb", "a", "\xe4", codecs.BOM_UTF8 + "\xe4\r\nb".encode()),
        (
            codecs.BOM_UTF16_LE + "a\r\nb".encode("utf-16-le"),
            "a\nb",
            "c",
            codecs.BOM_UTF16_LE + "c".encode("utf-16-le"),
        ),
        ("tee \U0001f375".encode(), "\U0001f375", "", b"tee "),
        (rb"a\1b", r"\1", r"\2", rb"a\2b"),
        (b"a.c abc", "a.c", "x", b"x abc"),
    ],
)
def test_only_the_passage_changes(content: bytes, old: str, new: str, after: bytes) -> None:
    assert edited(content, old, new) == after


@pytest.mark.parametrize(
    ("content", "old", "new", "why"),
    [
        (b"a a", "a", "b", r"2 times, first in the lines 1, 1"),
        (b"a\n\na", "a", "b", r"first in the lines 1, 3"),
        (b"a", "b", "c", "is not in f; read the file again"),
        (b"  if x:\n    y\n", "if x:\n  y", "z", "white space only begins in line 1"),
        (b"a", "", "c", "old_text is empty"),
        (b"a\r\nb", "a\nb", "a\nb", "nothing was changed"),
        (b"a\r\nb", "a\r\nb", "a\nb", "nothing was changed"),
    ],
)
def test_an_edit_that_is_not_clear_is_refused(content: bytes, old: str, new: str, why: str) -> None:
    with pytest.raises(PathRefused, match=why):
        edited(content, old, new)


def test_every_passage_changes_if_asked() -> None:
    assert edited(b"a b a", "a", "c", replace_all=True) == b"c b c"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "binary file of 10 bytes"),
        ("tea is good".encode("utf-16-le"), "UTF-16LE without a byte-order mark"),
        ("tea is good".encode("utf-16-be"), "iconv -f UTF-16BE -t UTF-8"),
        (codecs.BOM_UTF16_LE + b"a", r"not text in UTF-16-LE \(at byte 0\)"),
        (b"caf\xe9", r"not text in UTF-8 \(at byte 3\)"),
        (codecs.BOM_UTF16_LE + b"a", "not text in UTF-16-LE"),
    ],
)
def test_what_is_no_text_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(PathRefused, match=why):
        TextFile.of(content, "f")


@pytest.mark.parametrize(
    ("content", "lines"),
    [("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\n\n", ["a", ""]), ("a\r\nb\rc", ["a", "b", "c"])],
)
def test_a_last_line_end_begins_no_line(content: str, lines: list[str]) -> None:
    assert TextFile(content).lines == lines


@pytest.mark.parametrize(
    ("content", "old", "new", "diff"),
    [
        (
            "1\n2\n3\n4\n5\n6\n7\n8\n",
            "5",
            "five",
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8",
        ),
        ("a\nb\nc\n", "b\n", "", "@@ -1,3 +1,2 @@\n a\n-b\n+\n-c\n+c"),
        ("a\nb\n", "a\n", "x\ny\n", "@@ -1,2 +1,3 @@\n-a\n+x\n+y\n b"),
        ("a b c", "b", "x", "@@ -1,1 +1,1 @@\n-a b c\n+a x c"),
    ],
)
def test_the_change_is_told_as_a_diff(content: str, old: str, new: str, diff: str) -> None:
    change = TextFile(content).replaced(old, new, "f", replace_all=False)

    if new:
        assert change.diff == diff
    else:
        assert "-b" in change.diff


@given(
    before=st.text(st.sampled_from("ab\n\r "), max_size=30),
    old=st.text(st.sampled_from("xy\n"), min_size=1, max_size=8),
    after=st.text(st.sampled_from("ab\n\r "), max_size=30),
    new=st.text(st.sampled_from("pq\n"), max_size=8),
)
def test_what_is_around_a_passage_stays_byte_for_byte(
    before: str, old: str, after: str, new: str
) -> None:
    marked = f"x{old}y"
    raw = f"{before}{marked}{after}"

    change = TextFile(raw).replaced(marked, f"<{new}>", "f", replace_all=False)

    assert change.text.raw.startswith(f"{before}<")
    assert change.text.raw.endswith(f">{after}")
