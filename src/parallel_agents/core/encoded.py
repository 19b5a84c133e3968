"""Encoded: a value that stores its encoded bytes, so that it is encoded only once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self


class Encodable:
    """The base of frozen values that many requests contain; the bytes do not affect equality."""

    __slots__ = ("_encoded",)

    _encoded: tuple[Callable[[Self], bytes], bytes]

    def encoded(self, encode: Callable[[Self], bytes]) -> bytes:
        """The value as `encode` encodes it; stored until it is encoded by another function."""
        try:
            encoder, encoded = self._encoded
        except AttributeError:
            encoder, encoded = None, b""
        if encoder is not encode:
            # A copy: bytes from orjson occupy its whole buffer, 4 kB for the shortest message.
            encoded = bytes(memoryview(encode(self)))
            object.__setattr__(self, "_encoded", (encode, encoded))  # the value itself is frozen
        return encoded
