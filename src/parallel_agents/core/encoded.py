"""Encoded: a value that keeps the bytes that it is sent as, so that it is encoded once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self


class Encodable:
    """The base of frozen values that many requests contain; the bytes are no part of the value."""

    __slots__ = ("_encoded",)

    _encoded: tuple[Callable[[Self], bytes], bytes]

    def encoded(self, encode: Callable[[Self], bytes]) -> bytes:
        """What `encode` makes of the value; kept until another function encodes it."""
        try:
            by, kept = self._encoded
        except AttributeError:
            by, kept = None, b""
        if by is not encode:
            # A copy: what a JSON encoder returns may hold the whole of its buffer, 4 kB with orjson.
            kept = bytes(memoryview(encode(self)))
            object.__setattr__(self, "_encoded", (encode, kept))  # the value itself is frozen
        return kept
