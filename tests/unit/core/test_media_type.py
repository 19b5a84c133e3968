"""What a content is, by its bytes."""

from __future__ import annotations

import pytest

from parallel_agents.core.media_type import HEAD_BYTES, media_type_of


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"GIF87a..", "image/gif"),
        (b"GIF89a..", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "application/octet-stream"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"\x1f\x8b\x08", "application/gzip"),
        (b"", "text/plain"),
        ("tea, Tee, чай".encode(), "text/plain"),
        (b"tea\0", "application/octet-stream"),
        (b"\xe4 in Latin-1", "application/octet-stream"),
        (b"\x89PNG", "application/octet-stream"),
    ],
)
def test_the_type(head: bytes, media_type: str) -> None:
    assert media_type_of(head) == media_type


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_character_that_is_cut_is_text_still(cut: int) -> None:
    head = b"x" * (HEAD_BYTES - cut) + "😀".encode()

    assert media_type_of(head[:HEAD_BYTES]) == "text/plain"
    assert media_type_of(head[: HEAD_BYTES - 1]) == (
        "text/plain" if cut == 1 else "application/octet-stream"
    )
