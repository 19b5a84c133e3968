"""Body: what a server sends, decompressed piece by piece, and never more of it than a bound."""

from __future__ import annotations

import zlib

from parallel_agents.core.cutting import head
from parallel_agents.core.tool import ToolError

ENCODINGS = "gzip, deflate"
_GZIP, _ZLIB, _RAW = 31, 15, -15
_GZIP_START = b"\x1f\x8b"


class Body:
    """The content of a response.

    Args:
        encoding: the header Content-Encoding.
        most_bytes: how much is kept; the rest is not decompressed.

    Raises:
        ToolError: the encoding is not supported.
    """

    def __init__(self, encoding: str, most_bytes: int) -> None:
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise ToolError(f"it is compressed as {head(name, 40)!r}, which was not asked for")
        self._is_deflate = name == "deflate"
        self._is_plain = name in ("", "identity")
        self._most_bytes = most_bytes
        self._pieces: list[bytes] = []
        self._size = 0
        self._received = 0
        self._inflater = None if self._is_plain or self._is_deflate else zlib.decompressobj(_GZIP)
        self.is_cut = False

    @property
    def content(self) -> bytes:
        return b"".join(self._pieces)

    @property
    def received(self) -> int:
        """How many bytes have arrived."""
        return self._received

    def feed(self, data: bytes) -> None:
        """Add what has arrived; `is_cut` says afterwards that the bound is reached.

        Raises:
            ToolError: it cannot be decompressed.
        """
        self._received += len(data)
        if self._is_plain:
            self._keep(data)
            return
        if self._is_deflate and self._inflater is None:
            self._inflater = zlib.decompressobj(_ZLIB if _is_zlib(data) else _RAW)
        try:
            self._inflate(data)
        except zlib.error as error:
            raise ToolError(f"what it sent cannot be decompressed: {error}") from error
        self.is_cut = self.is_cut or self._received > self._most_bytes

    def close(self) -> None:
        """Check that the content has come to its end.

        Raises:
            ToolError: it breaks off.
        """
        inflater = self._inflater
        if inflater is not None and self._received and not (inflater.eof or self.is_cut):
            raise ToolError(f"what it sent breaks off after {self._size:,} bytes")

    def _inflate(self, data: bytes) -> None:
        while data and not self.is_cut and self._inflater is not None:
            # One byte more than there is room for tells that there is more.
            room = self._most_bytes - self._size + 1
            self._keep(self._inflater.decompress(data, room))
            if not self._inflater.eof:
                data = self._inflater.unconsumed_tail
                continue
            data = self._inflater.unused_data
            if not data.startswith(_GZIP_START):
                break  # nothing, or what browsers ignore too
            self._inflater = zlib.decompressobj(_GZIP)

    def _keep(self, piece: bytes) -> None:
        room = self._most_bytes - self._size
        self.is_cut = self.is_cut or len(piece) > room
        kept = piece[:room]
        self._pieces.append(kept)
        self._size += len(kept)


def _is_zlib(data: bytes) -> bool:
    """Whether deflate comes in zlib's wrapping, as it should, or bare (RFC 1950, 2.2)."""
    return len(data) > 1 and data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
