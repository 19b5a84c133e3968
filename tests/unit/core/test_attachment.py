"""What is attached, by its bytes; what a provider would refuse for ever is refused before it is stored."""

from __future__ import annotations

import struct
import time
import zlib

import pytest

from parallel_agents.core.attachment import (
    MOST_IMAGE_BYTES,
    MOST_PDF_BYTES,
    Shape,
    examine,
    is_attachable,
)
from parallel_agents.errors import InvalidInput


def png(width: int, height: int, pad: int = 0) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"\0" * pad) + chunk(b"IEND", b"")


def jpeg(width: int, height: int, marker: int = 0xC0) -> bytes:
    exif = b"\xff\xe1" + struct.pack(">H", 9000) + b"\xff\xd8\xff" + b"\0" * 8995
    frame = bytes((0xFF, marker)) + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\1\x11\0"
    return b"\xff\xd8" + exif + b"\xff" + frame + b"\xff\xda\0\2data\xff\xd9"


def webp(kind: bytes, body: bytes) -> bytes:
    chunk = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


GIF = b"GIF89a" + struct.pack("<HH", 30, 20) + b"\0" * 20 + b";"
PDF = b"%PDF-1.7\n1 0 obj <</Type /Pages/Kids[]>> /Type /Page >> /Type/Page\n/Type /PageX %%EOF\n"


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        (png(30, 20), Shape("image/png", 30, 20)),
        (jpeg(30, 20), Shape("image/jpeg", 30, 20)),
        (jpeg(30, 20, 0xC2), Shape("image/jpeg", 30, 20)),
        (GIF, Shape("image/gif", 30, 20)),
        (webp(b"VP8X", b"\0" * 4 + b"\x1d\0\0\x13\0\0" + b"\0" * 8), Shape("image/webp", 30, 20)),
        (
            webp(b"VP8L", b"\x2f" + struct.pack("<I", 29 | 19 << 14) + b"\0" * 8),
            Shape("image/webp", 30, 20),
        ),
        (
            webp(b"VP8 ", b"\0" * 3 + b"\x9d\x01\x2a" + struct.pack("<HH", 30, 20) + b"\0" * 8),
            Shape("image/webp", 30, 20),
        ),
        (PDF, Shape("application/pdf", pages=2)),
        (b"%PDF-1.7\n" + b"x" * 9000 + b"%%EOF", Shape("application/pdf", pages=3)),
    ],
)
def test_what_is_attached_is_told_by_its_bytes_whatever_it_is_called(
    content: bytes, shape: Shape
) -> None:
    assert examine(content, "report.txt") == shape
    assert is_attachable(content)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "text/plain"),
        (b"a text", "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "text/plain"),
        (b"PK\x03\x04 a document of an office", "application/zip"),
        (b"BM a bitmap\0", "octet-stream"),
        (png(30, 20)[:-20], "cut off"),
        (b"\x89PNG\r\n\x1a\n", "cut off"),
        (jpeg(30, 20)[:-2], "cut off"),
        (b"\xff\xd8\xff\xd9", "cut off"),
        (webp(b"VP8X", b"\0" * 20)[:-1], "cut off"),
        (webp(b"ALPH", b"\0" * 20), "cut off"),
        (b"GIF89a", "cut off"),
        (png(8001, 20), "8,001 by 20 pixels"),
        (png(0, 20), "pixels"),
        (png(30, 20, MOST_IMAGE_BYTES), "bytes"),
        (b"%PDF-1.7\n trailer <</Encrypt 5 0 R>> %%EOF", "locked"),
        (b"%PDF-1.7\n half", "cut off"),
        (b"%PDF-1.7\n" + b"x" * MOST_PDF_BYTES, "14,000,000 bytes"),
    ],
)
def test_what_no_model_takes_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        examine(content, "chart.png")

    assert says in str(refused.value) + refused.value.why
    assert "chart.png" in refused.value.message


@pytest.mark.parametrize("shape", [Shape("image/png", 1, 1), Shape("image/png", 8000, 8000)])
def test_an_image_has_a_bound_of_tokens(shape: Shape) -> None:
    assert 100 <= shape.most_tokens <= 6000


def test_a_pdf_counts_by_its_pages() -> None:
    assert Shape("application/pdf", pages=10).most_tokens == 50_000


def streamed(objects: bytes) -> bytes:
    """Compressed objects, as PDF 1.5 has them."""
    return b"5 0 obj <</Type/ObjStm/N 2/First 9/Filter/FlateDecode>>stream\r\n" + zlib.compress(
        objects
    )


@pytest.mark.parametrize(
    ("body", "pages"),
    [
        (b"<</Type /Page>> " * 3, 3),
        (streamed(b"<</Type/Page>> " * 600), 600),
        (streamed(b"<</Type/Page>> " * 3) + streamed(b"<</Type/Page>> " * 4), 7),
        (b"<</#54ype/#50#61ge>> " * 3, 3),
        (b"<</Type/Pages/Count 40/Kids[1 0 R]>> <</Type/Page>>", 40),
        (b"<</Type/Pages/Count 1/Kids[" + b"1 0 R " * 50 + b"]>> <</Type/Page>>", 50),
        (streamed(b"x")[:-4] + b"damaged", 1),
        (b"/ObjStm <<>> no stream", 1),
        (b"x" * 9_000, 3),
    ],
)
def test_the_pages_of_a_pdf_are_rather_too_many_than_too_few(body: bytes, pages: int) -> None:
    assert examine(b"%PDF-1.5\n" + body + b"\n%%EOF", "a.pdf").pages == pages


@pytest.mark.parametrize(
    "piece",
    [
        *(b"/ObjStm ", b"/Kids [", b"1", b"1 0 ", b"/Count ", b"#41", b"/Type"),
        streamed(b"1" * 1000),
    ],
)
def test_a_pdf_that_is_made_to_take_long_is_counted_in_one_pass(piece: bytes) -> None:
    def seconds(size: int) -> float:
        content = b"%PDF-1.5\n" + piece * (size // len(piece)) + b"%%EOF"
        began = time.process_time()
        examine(content, "a.pdf")
        return time.process_time() - began

    assert seconds(1_600_000) < 40 * max(seconds(200_000), 0.001)
