"""Media type: what content is by its first bytes; its name says nothing that could be relied on."""

from __future__ import annotations

PNG, JPEG, GIF, WEBP = "image/png", "image/jpeg", "image/gif", "image/webp"
PDF = "application/pdf"
TEXT = "text/plain"
BINARY = "application/octet-stream"
IMAGES = frozenset({PNG, JPEG, GIF, WEBP})
# How many bytes of the content are looked at.
HEAD_BYTES = 8192

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"%PDF-", PDF),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
)


def media_type_of(head: bytes) -> str:
    """What content that begins with these bytes is."""
    for start, media_type in _STARTS:
        if head.startswith(start):
            return media_type
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    return TEXT if _is_text(head[:HEAD_BYTES]) else BINARY


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The last character may be cut, if there is more than what is looked at.
        return len(head) == HEAD_BYTES and error.start >= HEAD_BYTES - 3
    return True
