"""Resent: requests without a key of their own that a client sends again, after it got no answer.

OpenAI's SDKs name no request, but count its retries in `X-Stainless-Retry-Count`. A retry is known by
its content: it finds what the same request has begun a moment ago, which is not paid for twice.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple
from uuid import uuid4

_MOST = 1_000
_SECONDS = 3_600.0


class _Begun(NamedTuple):
    key: str
    at: float


class ResentRequests:
    """The keys of requests that came lately, by what they say."""

    def __init__(self) -> None:
        self._begun: OrderedDict[str, _Begun] = OrderedDict()

    def key_of(self, content: str, at: float, *, is_again: bool) -> str:
        """The key under which a request takes effect: of a retry, that of the request before it."""
        known = self._begun.pop(content, None)
        is_known = is_again and known is not None and at - known.at < _SECONDS
        begun = (
            _Begun(known.key, at) if is_known and known is not None else _Begun(str(uuid4()), at)
        )
        self._begun[content] = begun
        while len(self._begun) > _MOST:
            self._begun.popitem(last=False)
        return begun.key
