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
HEADING = Versions("", "Title\n=======\n", "Titel\n=======\n")


def answer(content: Json, decision: str = "merged") -> Json:
    return {"plan": "x", "decision": decision, "content": content}


@pytest.mark.parametrize(
    ("versions", "given", "content"),
    [
        (BOTH, answer("a\nboth\n"), b"a\nboth\n"),
        (BOTH, answer("a\nboth"), b"a\nboth\n"),
        (BOTH, {"content": "a\nboth\n"}, b"a\nboth\n"),
        (Versions("a", "b", "c\n"), answer("d"), b"d"),
        (Versions(None, "a\r\n", "b\r\n"), answer("a\nb\n"), b"a\r\nb\r\n"),
        (Versions(None, "a\r\n", "b\n"), answer("a\r\nb\n"), b"a\nb\n"),
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
