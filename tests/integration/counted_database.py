"""A database as a distant one would be: it does what another does, and counts the round trips."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager

from parallel_agents.stores.database import Database, SqlRow, Values


class CountedDatabase:
    """Another database, whose statements are listed by name in the order of their round trips."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.round_trips: list[str] = []

    def one(self, query: str, values: Values = ()) -> SqlRow | None:
        self.round_trips.append(query)
        return self._database.one(query, values)

    def all(
        self, query: str, values: Values = (), *, where: Sequence[str] | None = None
    ) -> list[SqlRow]:
        self.round_trips.append(query)
        return self._database.all(query, values, where=where)

    def each(
        self, query: str, values: Values = (), *, where: Sequence[str] | None = None
    ) -> Iterator[SqlRow]:
        self.round_trips.append(query)
        return self._database.each(query, values, where=where)

    def run(self, query: str, values: Values = ()) -> None:
        self.round_trips.append(query)
        self._database.run(query, values)

    def run_many(self, query: str, rows: Sequence[Values]) -> int:
        self.round_trips.append(query)
        return self._database.run_many(query, rows)

    @contextmanager
    def writing(self) -> Generator[None]:
        self.round_trips.append("begin")
        with self._database.writing():
            yield
        self.round_trips.append("commit")

    @contextmanager
    def reading(self) -> Generator[None]:
        self.round_trips.append("begin")
        with self._database.reading():
            yield
        self.round_trips.append("commit")

    def has_news(self) -> bool:
        return self._database.has_news()

    def close(self) -> None:
        self._database.close()
