from __future__ import annotations

import pytest

from parallel_agents.core.plain_text import plain_text
from parallel_agents.errors import NotText

# What a file contains, what is said of it, and how to go on.
REFUSED = [
    ("hi\n".encode("utf-16"), "x is UTF-16 and not UTF-8", "iconv -f UTF-16 -t UTF-8 x > NEW"),
    ("hi\n".encode("utf-32"), "x is UTF-32 and not UTF-8", "iconv -f UTF-32 -t UTF-8 x > NEW"),
    ("hi\n".encode("utf-16-le"), "x is UTF-16LE and not UTF-8", "-f UTF-16LE"),
    ("hi\n".encode("utf-16-be"), "x is UTF-16BE and not UTF-8", "-f UTF-16BE"),
    ("one\nhéllo".encode("latin-1"), "x is not UTF-8", "-f WINDOWS-1252"),
    (b"\x89PNG\r\n\x1a\n....", "x is image/png", "pass it with -f"),
    (b"%PDF-1.7\n", "x is application/pdf", "pass it with -f"),
    (b"\x00\x01\x02", "x is binary", "pagents artifact put"),
    (b"a\x00b", "x is binary", "UTF-8 text file"),
    (b"\x7fELF\x02\x01\xff", "x is binary", "UTF-8 text file"),
]


@pytest.mark.parametrize(("content", "what", "hint"), REFUSED)
def test_what_is_no_utf_8_is_refused_by_what_it_is(content: bytes, what: str, hint: str) -> None:
    with pytest.raises(NotText) as refused:
        plain_text(content, "x")

    assert what in refused.value.message
    assert hint in refused.value.hint


def test_the_place_of_the_first_wrong_byte_is_told() -> None:
    with pytest.raises(NotText) as refused:
        plain_text(b"one\ntwo \xe9", "x")

    assert refused.value.why == "byte 9, in line 2, is 0xe9"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", ""),
        ("Größe ≤ 5\r\n".encode(), "Größe ≤ 5\r\n"),
        (b"\xef\xbb\xbfname,count", "name,count"),
        (b"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
    ],
)
def test_utf_8_is_taken_as_it_is_without_its_mark(content: bytes, text: str) -> None:
    assert plain_text(content, "x") == text


def test_a_name_in_a_hint_can_be_copied_into_a_shell() -> None:
    with pytest.raises(NotText) as refused:
        plain_text(b"\xe9", "a b; rm.txt")

    assert "'a b; rm.txt'" in refused.value.hint
