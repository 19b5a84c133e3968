"""Several: what has results is iterated, counted and indexed as these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar, overload

V_co = TypeVar("V_co", covariant=True)


class Several(Generic[V_co]):
    """The base of values with results in an order: `for result in team`, `team[0]`, `len(team)`.

    Attributes:
        results: in that order.
    """

    __slots__ = ()
    results: tuple[V_co, ...]

    def __iter__(self) -> Iterator[V_co]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    @overload
    def __getitem__(self, place: int) -> V_co: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[V_co, ...]: ...
    def __getitem__(self, place: int | slice) -> V_co | tuple[V_co, ...]:
        return self.results[place]

    if not TYPE_CHECKING:  # a checker would take any name for one that is there

        def __getattr__(self, name: str) -> object:
            told = f"{type(self).__name__!r} object has no attribute {name!r}"
            # Of what is being copied, not even the results are there yet.
            kinds = () if name.startswith("_") or name == "results" else map(type, self.results)
            if any(hasattr(kind, name) for kind in kinds):
                told += f"; each of its results has: write .results[0].{name}"
            raise AttributeError(told)
