"""Findings: everything that is wrong with a file, collected so that one error tells all of it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from parallel_agents.errors import InvalidFile


class Findings:
    """What is wrong with a file, as far as it was looked at."""

    def __init__(self) -> None:
        self._found: list[InvalidFile] = []

    def add(self, error: InvalidFile) -> None:
        """Add an error, and those that it has found besides itself."""
        self._found += [error, *error.others]

    @contextmanager
    def collecting(self) -> Generator[None]:
        """Collect what is raised inside instead of passing it on."""
        try:
            yield
        except InvalidFile as error:
            self.add(error)

    def error(self) -> InvalidFile:
        """One error for everything, in the order of lines; at least one was found."""
        once = {error.message: error for error in self._found}  # two tasks may name one file
        first, *others = sorted(once.values(), key=lambda error: error.line)
        first.others = tuple(others)
        return first

    def refuse(self) -> None:
        """Raise one error for everything; nothing if all is right.

        Raises:
            InvalidFile: the first finding, with the others.
        """
        if self._found:
            raise self.error()
