"""An answer to a conflict becomes a file's content only if it can be one."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.workspaces.blobs import Blobs
from parallel_agents.workspaces.entries import Entry, Mode
from parallel_agents.workspaces.resolving import (
    MOST_BYTES,
    Clash,
    Unfit,
    Versions,
    content_of,
    read_versions,
)

BOTH = Versions("a\nb\n", "a\nours\n", "a\ntheirs\n")
REMOVED = Versions("a\n", "a\nours\n", None)
LONG = "".join(f"line {number}\n" for number in range(50))
LONG_BOTH = Versions(f"a\n{LONG}", f"ours\n{LONG}", f"theirs\n{LONG}")
MIXED = Versions("a\r\nb\nc\r\n", "a\r\nours\nc\r\n", "a\r\ntheirs\nc\r\n")
MINIFIED = Versions("", "a" * 500, "b" * 600)
HEADING = Versions("", "Title\n=======\n", "Titel\n=======\n")


def answer(content: Json, decision: str = "merged") -> Json:
    return {"plan": "x", "decision": decision, "content": content}


@pytest.mark.parametrize(
    ("versions", "given", "content"),
    [
        (BOTH, answer("a\nboth\n"), b"a\nboth\n"),
        (BOTH, answer("a\nboth"), b"a\nboth\n"),
        (BOTH, {"content": "a\nboth\n"}, b"a\nboth\n"),
        (Versions("a", "b", "c"), answer("d\n"), b"d"),
        (Versions("a", "b", "c\n"), answer("d"), b"d\n"),
        (Versions("a\n", "b", "c\n"), answer("d\n"), b"d"),
        (Versions("\ufeffa\n", "\ufeffb\n", "\ufeffc\n"), answer("d\n"), b"\xef\xbb\xbfd\n"),
        (Versions("\ufeffa\n", "\ufeffb\n", "c\n"), answer("\ufeffd\n"), b"d\n"),
        (Versions(None, "a\r\n", "b\r\n"), answer("a\nb\n"), b"a\r\nb\r\n"),
        (Versions(None, "a\r\n", "b\n"), answer("a\r\nb\n"), b"a\r\nb\r\n"),
        (Versions("a\r\n", "b\r\n", "c\n"), answer("b\r\nc\n"), b"b\nc\n"),
        (Versions("a\n", "b\r\n", "c\n"), answer("b\r\nc\n"), b"b\r\nc\r\n"),
        (MIXED, answer("a\nboth\nc\r\n"), b"a\r\nboth\nc\r\n"),
        (MIXED, answer("a\r\nboth\r\nc"), b"a\r\nboth\r\nc\n"),
        (LONG_BOTH, answer("ours\ntheirs\n  " + LONG[7:]), f"ours\ntheirs\n  {LONG[7:]}".encode()),
        (Versions("a\n", "", "\n"), answer(""), b""),
        (HEADING, answer("Titel\n=======\n"), b"Titel\n=======\n"),
        (REMOVED, answer("", "removed"), None),
        (REMOVED, answer("a\nours\n"), b"a\nours\n"),
    ],
)
def test_an_answer_is_the_content_of_the_file(
    versions: Versions, given: Json, content: bytes | None
) -> None:
    assert content_of(versions, given) == content


@pytest.mark.parametrize(
    ("versions", "given", "why"),
    [
        (BOTH, "a\nboth\n", "has no content"),
        (BOTH, {"decision": "merged"}, "has no content"),
        (BOTH, answer(3), "has no content"),
        (BOTH, answer("a\n", "unsure"), "not sure"),
        (BOTH, answer("a\n", "perhaps"), "not sure"),
        (BOTH, answer("", "removed"), "which neither side did"),
        (BOTH, answer(""), "is empty"),
        (BOTH, answer(" \n\n"), "is empty"),
        (BOTH, answer("a\n<<<<<<< ours\nb\n"), "marks of a conflict"),
        (BOTH, answer("a\n=======\nb\n"), "marks of a conflict"),
        (BOTH, answer("a\n>>>>>>>\nb\n"), "marks of a conflict"),
        (BOTH, answer("a\n||||||| base\nb\n"), "marks of a conflict"),
        (BOTH, answer("a\0b\n"), "not text"),
        (BOTH, answer("a\ud800b\n"), "not text"),
        (BOTH, answer("x" * 4_100), "longer than both"),
        (BOTH, answer("key = [redacted:KEY]\n"), "secret"),
        (
            LONG_BOTH,
            answer(f"ours\n{LONG[:100]}# as before\n"),
            "lacks 37 of the 50 lines that both",
        ),
        (
            Versions(LONG, f"a\n{LONG}", None),
            answer("a\n"),
            "lacks 50 of the 51 lines that the file",
        ),
        (MINIFIED, answer("a"), "less than half as long"),
    ],
)
def test_an_answer_that_cannot_be_the_file_is_refused(
    versions: Versions, given: Json, why: str
) -> None:
    with pytest.raises(Unfit, match=why):
        content_of(versions, given)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff", "not UTF-8"),
        (b"a\0b", "not text"),
        (b"x" * (MOST_BYTES + 1), "more than 60,000 bytes"),
    ],
)
def test_what_is_no_text_of_moderate_size_is_not_read(
    tmp_path: Path, content: bytes, why: str
) -> None:
    blobs = Blobs(tmp_path / "base.git")
    ours, theirs = (Entry(Mode.FILE, blobs.add(each)) for each in (b"fine\n", content))

    with pytest.raises(Unfit, match=why):
        read_versions(blobs, Clash(Mode.FILE, None, ours, theirs))


def test_a_version_that_is_not_there_has_no_text(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "base.git")
    ours = Entry(Mode.FILE, blobs.add(b"fine\n"))

    assert read_versions(blobs, Clash(Mode.FILE, None, ours, None)) == Versions(
        None, "fine\n", None
    )
