"""Interval: what a pass rate measured on few tries may really be."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

# The quantile of the normal distribution that leaves 2.5 % on each side.
_Z = 1.959963984540054


class Interval(NamedTuple):
    """The bounds of a rate, each from 0 to 1."""

    low: float
    high: float


def wilson(passed: int, tried: int) -> Interval:
    """The 95 % interval of a rate by E. B. Wilson; all of 0 to 1 if nothing was tried.

    Formula: Wilson, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22 (1927), 209-212. It stays within 0 and 1, and is not
    empty if all or none passed, which the usual one is.
    """
    if not tried:
        return Interval(0.0, 1.0)
    rate, square = passed / tried, _Z * _Z
    scale = 1 + square / tried
    middle = (rate + square / (2 * tried)) / scale
    width = _Z * sqrt(rate * (1 - rate) / tried + square / (4 * tried * tried)) / scale
    low = 0.0 if passed == 0 else middle - width
    return Interval(low, 1.0 if passed == tried else middle + width)
