"""Palette: a picture with at most 256 colours, which is a quarter of the size and looks the same."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TypedDict

from playwright.async_api import Page

_MAGIC = b"\x89PNG\r\n\x1a\n"
_INDEXED = struct.Struct(">IIBBBBB")
# The browser decodes its own picture. The most frequent colours stay; each other one becomes the nearest.
_REDUCE = """async (picture) => {
  const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
  const drawing = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  drawing.drawImage(bitmap, 0, 0);
  const dots = new Uint32Array(drawing.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);
  const counts = new Map();
  for (const dot of dots) counts.set(dot, (counts.get(dot) ?? 0) + 1);
  const colours = [...counts].sort((a, b) => b[1] - a[1]).map(([colour]) => colour);
  const parts = (colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
  const kept = colours.slice(0, 256).map(parts);
  const nearest = (colour) => {
    const [r, g, b] = parts(colour);
    let best = 0, least = Infinity;
    kept.forEach(([x, y, z], n) => {
      const far = (r - x) ** 2 + (g - y) ** 2 + (b - z) ** 2;
      if (far < least) [best, least] = [n, far];
    });
    return best;
  };
  const index = new Map(colours.map((colour, n) => [colour, n < 256 ? n : nearest(colour)]));
  let text = '';
  for (const dot of dots) text += String.fromCharCode(index.get(dot));
  return { width: bitmap.width, height: bitmap.height, colours: kept.flat(), dots: btoa(text) };
}"""


class _Reduced(TypedDict):
    width: int
    height: int
    colours: list[int]
    dots: str


async def reduced(page: Page, picture: bytes) -> bytes:
    """The PNG with a palette; `page` may be any page that may fetch data."""
    found: _Reduced = await page.evaluate(_REDUCE, base64.b64encode(picture).decode())
    width, height = found["width"], found["height"]
    dots = base64.b64decode(found["dots"])
    lines = (b"\0" + dots[at : at + width] for at in range(0, width * height, width))
    return b"".join(
        (
            _MAGIC,
            _chunk(b"IHDR", _INDEXED.pack(width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", bytes(found["colours"])),
            _chunk(b"IDAT", zlib.compress(b"".join(lines), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
