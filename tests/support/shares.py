"""Shares: of very many values that try one promise, the usual run takes some, and `--long` all or more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pytest
from hypothesis import settings

_Value = TypeVar("_Value")
_USUAL_EXAMPLES = 60  # of the profile of the usual run


def share_of(
    values: Sequence[_Value], config: pytest.Config, *, one_in: int, first: int = 0
) -> Sequence[_Value]:
    """Every `one_in`th value from `first` on, or all of them with `--long`.

    Each use says why its share is representative; it is never the only check of a promise.
    """
    return values if config.getoption("--long") else values[first % one_in :: one_in]


def examples(count: int) -> settings:
    """So many examples of a property in the usual run, and as many times more with `--long` as of others."""
    return settings(max_examples=count * settings().max_examples // _USUAL_EXAMPLES)
