"""Pricing: a block that only prices work, for which a model whose key is missing is as good as any."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_MISSING: ContextVar[dict[str, None] | None] = ContextVar("missing", default=None)


class MissingKeys:
    """The keys without which the work that was priced cannot begin.

    Args:
        noted: is filled while the block lasts.
    """

    def __init__(self, noted: dict[str, None]) -> None:
        self._noted = noted

    @property
    def names(self) -> tuple[str, ...]:
        """Where each key is expected, such as in `OPENAI_API_KEY`."""
        return tuple(self._noted)


@contextmanager
def pricing() -> Generator[MissingKeys]:
    """A block in which work is planned to be priced, and nothing is begun or called."""
    before = _MISSING.get()
    noted: dict[str, None] = {}
    _MISSING.set(noted)
    try:
        yield MissingKeys(noted)
    finally:
        _MISSING.set(before)


@contextmanager
def with_all_keys() -> Generator[None]:
    """A block within another in which a model whose key is missing is refused all the same."""
    before = _MISSING.get()
    _MISSING.set(None)
    try:
        yield
    finally:
        _MISSING.set(before)


def is_only_priced(name: str) -> bool:
    """Whether a missing key, which is noted, does not matter here."""
    missing = _MISSING.get()
    if missing is None:
        return False
    missing[name] = None
    return True
