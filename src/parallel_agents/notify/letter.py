"""Letter: what is sent, and why it was not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class NotSent(Exception):
    """A notification was not sent; the text says why.

    Attributes:
        may_try_again: whether another try can succeed and does no harm.
    """

    def __init__(self, why: str, *, may_try_again: bool = False) -> None:
        super().__init__(why)
        self.may_try_again = may_try_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is sent.

    Attributes:
        id: the same at each try.
        document: JSON.
        facts: the variables that a command gets.
    """

    id: str
    document: bytes
    facts: Mapping[str, str]
