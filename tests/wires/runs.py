"""Runs: plays cases in their forms, many at once on one event loop."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parallel_agents.app.reading import STORE_NAME
from parallel_agents.stores.sqlite import SqliteStore
from tests.wires.case import Case, Form
from tests.wires.drive import KEY, KEY_VARIABLE, Mismatch, play

_AT_ONCE = 20
_PROXIES = [f"{scheme}_proxy" for scheme in ("http", "https", "all", "no")]


@dataclass(slots=True)
class Run:
    """A case in one form, and what the product does not meet of it."""

    name: str
    case: Case
    form: Form
    problem: str = ""

    @property
    def id(self) -> str:
        return f"{self.name}-{self.form}"

    @property
    def file(self) -> str:
        """The file of the case, below the folder of cases and without its ending."""
        return self.name.partition(":")[0]

    @property
    def why_it_fails(self) -> str:
        return self.case.why_it_fails(self.form)

    async def play(self, empty_store: bytes) -> None:
        """Play it in a home of its own, with a copy of an empty store."""
        with _home(empty_store) as home:
            try:
                await play(self.case, self.form, home)
            except Mismatch as error:
                self.problem = str(error)


def runs_of(cases: Iterable[tuple[str, Case]]) -> Iterator[Run]:
    """Each case in each form in which it can be played."""
    for name, case in cases:
        for form in Form:
            if case.runs_in(form):
                yield Run(name, case, form)


def play_all(runs: Sequence[Run]) -> None:
    """Play runs and note their problems; it clears the variables that name proxies."""
    for name in _PROXIES:
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)
    os.environ[KEY_VARIABLE] = KEY
    empty_store = _make_store()
    asyncio.run(_play(runs, empty_store))


async def _play(runs: Sequence[Run], empty_store: bytes) -> None:
    turns = asyncio.Semaphore(_AT_ONCE)

    async def take(run: Run) -> None:
        async with turns:
            await run.play(empty_store)

    await asyncio.gather(*(take(run) for run in runs if not run.case.env))
    for run in runs:
        if run.case.env:  # one at a time: they share the environment
            await run.play(empty_store)


@contextmanager
def _home(store: bytes) -> Generator[Path]:
    with tempfile.TemporaryDirectory() as home:
        Path(home, STORE_NAME).write_bytes(store)
        yield Path(home)


def _make_store() -> bytes:
    """The file of an empty store: making one takes longer than many a case."""

    async def make(path: Path) -> None:
        await (await SqliteStore.open(path)).aclose()

    with tempfile.TemporaryDirectory() as home:
        path = Path(home, STORE_NAME)
        asyncio.run(make(path))
        return path.read_bytes()
