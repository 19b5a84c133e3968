"""Database: what the journal needs from one, so that its rules are written once for all of them.

A statement is called by its name; its SQL lies in `sql/DIALECT/queries.sql`. Ids and values for many
rows go in as one JSON array, so that a statement's cost in round trips does not grow with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

import orjson

Value: TypeAlias = str | int | float | bytes | None
Values: TypeAlias = Sequence[Value] | Mapping[str, Value]
SqlRow: TypeAlias = tuple[Any, ...]  # the driver types its rows no narrower


class Database(Protocol):
    """One connection. Its calls block and come from one thread at a time.

    Raises:
        StoreError: from each method, when the database cannot be used; the transaction has ended.
    """

    def one(self, query: str, values: Values = ()) -> SqlRow | None:
        """The first row, or None."""
        ...

    def all(
        self, query: str, values: Values = (), *, where: Sequence[str] | None = None
    ) -> list[SqlRow]:
        """Every row, or those that meet each condition of `where`, named `query.condition`."""
        ...

    def each(
        self, query: str, values: Values = (), *, where: Sequence[str] | None = None
    ) -> Iterator[SqlRow]:
        """The rows of `all`, one after the other, for more rows than should be in memory at once."""
        ...

    def run(self, query: str, values: Values = ()) -> None:
        """Execute a statement that returns nothing."""
        ...

    def run_many(self, query: str, rows: Sequence[Values]) -> int:
        """Execute a statement for each row of values, in order and in one round trip.

        Returns:
            How many rows of the table it wrote.
        """
        ...

    def writing(self) -> AbstractContextManager[None]:
        """A transaction that no other writer overlaps; an exception rolls it back."""
        ...

    def reading(self) -> AbstractContextManager[None]:
        """A transaction that reads one moment of the database while others write."""
        ...

    def has_news(self) -> bool:
        """Whether another connection has committed since the last call; sometimes a false alarm."""
        ...

    def close(self) -> None: ...


def as_array(values: Sequence[object]) -> str:
    """Values as the JSON text of one parameter."""
    return orjson.dumps(values).decode()
