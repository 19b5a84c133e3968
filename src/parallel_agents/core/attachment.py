"""Attachment: what a file must be for models to take it, by its content alone.

A file that a provider refuses would be in every later request of its session, and end each of its
runs. So what none of them takes is refused before it is stored.

Limits: https://platform.claude.com/docs/en/build-with-claude/vision,
https://platform.claude.com/docs/en/build-with-claude/pdf-support,
https://platform.openai.com/docs/guides/images-vision, https://ai.google.dev/gemini-api/docs/image-understanding.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from parallel_agents.core.media_type import GIF, IMAGES, JPEG, PDF, PNG, WEBP, media_type_of
from parallel_agents.core.shown import shown
from parallel_agents.errors import InvalidInput

# Anthropic's 5 MB are those of the base64 text.
MOST_IMAGE_BYTES = 3_932_160
MOST_SIDE = 8_000
# Gemini takes 20 MB of base64 in a whole request.
MOST_PDF_BYTES = 14_000_000
MOST_FILES = 20
_MOST_IMAGE_TOKENS = 6_000
_PAGE_TOKENS = 5_000
_BYTES_OF_A_PAGE = 3_000
_MOST_INFLATED_BYTES = 64_000_000
_MOST_STREAMS = 20_000
_MOST_DICTIONARY_BYTES = 4_096
_PAGE = re.compile(rb"/Type\s{0,8}/Page(?![a-zA-Z])")
_PAGES = re.compile(rb"/Count\s{1,8}(\d{1,6})(?!\d)")
_REFERENCE = re.compile(rb"\d{1,10}\s{1,8}\d{1,5}\s{1,8}R\b")
_LETTERS = frozenset(b"TypePageCountKids")
_CHUNK_BYTES = 16_384
_JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})


class Shape(NamedTuple):
    """What a file is.

    Attributes:
        width, height: of an image, in pixels.
        pages: of a PDF, as far as they can be counted without reading it; else an estimate.
    """

    media_type: str
    width: int = 0
    height: int = 0
    pages: int = 0

    @property
    def is_image(self) -> bool:
        return self.media_type in IMAGES

    @property
    def most_tokens(self) -> int:
        """An upper bound of what a model counts for it; providers scale large images down."""
        if not self.is_image:
            return self.pages * _PAGE_TOKENS
        tiles = -(-self.width // 512) * -(-self.height // 512)
        counted = max(self.width * self.height // 750, tiles * 170 + 85)
        return min(counted + 100, _MOST_IMAGE_TOKENS)


def is_attachable(head: bytes) -> bool:
    """Whether content that begins so is an image or a PDF, which models take besides texts."""
    return media_type_of(head) in {*IMAGES, PDF}


def examine(content: bytes, name: str) -> Shape:
    """What a file is.

    Raises:
        InvalidInput: no model takes it: it is another kind of file, too large, cut off or locked.
    """
    media_type = media_type_of(content[:8192])
    if media_type == PDF:
        return _examine_pdf(content, name)
    if media_type not in IMAGES:
        raise InvalidInput(
            f"{shown(name)} is {media_type}, which models do not take as a file",
            why="they take PNG, JPEG, GIF and WEBP images, and PDFs, whatever a file is called",
            hint="put a text into the task or an input, or share the file as an artifact",
        )
    if len(content) > MOST_IMAGE_BYTES:
        raise _too_large(name, f"{len(content):,} bytes", f"{MOST_IMAGE_BYTES:,} bytes")
    size = _SIZES[media_type](content)
    if size is None or not _is_whole(content, media_type):
        raise InvalidInput(
            f"the image {shown(name)} is damaged or cut off",
            hint="attach a whole file; an image viewer should open it",
        )
    width, height = size
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE):
        raise _too_large(name, f"{width:,} by {height:,} pixels", f"{MOST_SIDE:,} pixels a side")
    return Shape(media_type, width, height)


def _examine_pdf(content: bytes, name: str) -> Shape:
    if len(content) > MOST_PDF_BYTES:
        raise _too_large(name, f"{len(content):,} bytes", f"{MOST_PDF_BYTES:,} bytes")
    if b"/Encrypt" in content:
        raise InvalidInput(
            f"the PDF {shown(name)} is locked", hint="attach a copy without a password"
        )
    if b"%%EOF" not in content[-4096:]:
        raise InvalidInput(f"the PDF {shown(name)} is cut off", hint="attach a whole file")
    return Shape(PDF, pages=_most_pages(content))


def _most_pages(content: bytes) -> int:
    """The pages of a PDF, rather too many than too few: what they cost is reserved in budgets.

    A page is an object, and the tree of pages tells how many there are and refers to each. From PDF
    1.5 on, objects may be compressed (ISO 32000-1, 7.5.7), and a name may have escapes (7.3.5).
    """
    objects = told = referred = 0
    for part in (content, *_object_streams(content)):
        plain = _without_escapes(part)
        objects += sum(1 for _ in _PAGE.finditer(plain))
        told = max([told, *(int(found[1]) for found in _PAGES.finditer(plain))])
        referred += sum(map(_references, _kids(plain)))
    return max(objects, told, referred) or max(1, len(content) // _BYTES_OF_A_PAGE)


def _without_escapes(part: bytes) -> bytes:
    """The same with the letters as such of the names that are looked for."""
    if b"#" in part:
        for letter in _LETTERS:
            for code in {b"#%02x" % letter, b"#%02X" % letter}:
                part = part.replace(code, bytes((letter,)))
    return part


def _kids(part: bytes) -> Iterator[bytes]:
    """The lists of what belongs to the nodes of the tree of pages."""
    at = part.find(b"/Kids")
    while at >= 0 and (end := part.find(b"]", at)) >= 0:
        yield part[at:end]
        at = part.find(b"/Kids", end)


def _references(part: bytes) -> int:
    return sum(1 for _ in _REFERENCE.finditer(part))


def _object_streams(content: bytes) -> Iterator[bytes]:
    """What is in the compressed objects of a PDF, up to a bound."""
    left, view = _MOST_INFLATED_BYTES, memoryview(content)
    at = content.find(b"/ObjStm")
    for _ in range(_MOST_STREAMS):
        if at < 0 or left <= 0:
            return
        begins = content.find(b"stream", at, at + _MOST_DICTIONARY_BYTES)
        if begins >= 0:
            begins += len(b"stream\r\n") if content[begins + 6 : begins + 7] == b"\r" else 7
            with suppress(zlib.error):  # compressed in another way, or damaged
                inflated = _inflated(view, begins, left)
                left -= len(inflated)
                yield inflated
        at = content.find(b"/ObjStm", max(begins, at + 1))


def _inflated(view: memoryview, begins: int, most: int) -> bytes:
    """The start of a compressed stream, up to a bound.

    Raises:
        zlib.error: it is not one.
    """
    decompressor, pieces = zlib.decompressobj(), list[bytes]()
    for at in range(
        begins, len(view), _CHUNK_BYTES
    ):  # what is behind the stream is copied each time
        pieces.append(decompressor.decompress(view[at : at + _CHUNK_BYTES], most))
        most -= len(pieces[-1])
        if decompressor.eof or most <= 0:
            break
    return b"".join(pieces)


def _too_large(name: str, has: str, most: str) -> InvalidInput:
    return InvalidInput(
        f"{shown(name)} is too large: it has {has}",
        why=f"models take at most {most}",
        hint="attach a smaller copy or a part of it, or share it as an artifact (artifact_put)",
    )


def _is_whole(content: bytes, media_type: str) -> bool:
    match media_type:
        case "image/png":
            return b"IEND" in content[-4096:]
        case "image/jpeg":
            return b"\xff\xd9" in content[-65536:]
        case "image/webp":
            return len(content) >= int.from_bytes(content[4:8], "little") + 8
        case _:
            return b";" in content[-4096:]


def _png(content: bytes) -> tuple[int, int] | None:
    if content[12:16] != b"IHDR" or len(content) < 24:
        return None
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _gif(content: bytes) -> tuple[int, int] | None:
    if len(content) < 10:
        return None
    return int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")


def _jpeg(content: bytes) -> tuple[int, int] | None:
    for marker, at in _segments(content):
        if marker in _JPEG_SIZES and len(content) >= at + 9:
            height = int.from_bytes(content[at + 5 : at + 7], "big")
            return int.from_bytes(content[at + 7 : at + 9], "big"), height
    return None


def _segments(content: bytes) -> Iterator[tuple[int, int]]:
    """The markers of a JPEG with where each begins."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # what fills up
            at += 1
            continue
        yield marker, at
        at += 2 if marker in _ALONE else 2 + int.from_bytes(content[at + 2 : at + 4], "big")


def _webp(content: bytes) -> tuple[int, int] | None:
    if len(content) < 30:
        return None
    match content[12:16]:
        case b"VP8X":
            width = int.from_bytes(content[24:27], "little") + 1
            return width, int.from_bytes(content[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(content[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width = int.from_bytes(content[26:28], "little") & 0x3FFF
            return width, int.from_bytes(content[28:30], "little") & 0x3FFF
        case _:
            return None


_SIZES = {PNG: _png, JPEG: _jpeg, GIF: _gif, WEBP: _webp}
