"""Live watch: looks at what models are writing for all streams of the gateway together, while there are some.

One look at the folder, in a thread, serves all who look; each is told of the runs that it asks about.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence, Set
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

from parallel_agents.core.ids import RunId
from parallel_agents.live_text.folder import (
    NO_VERSION,
    NOTHING,
    WANTED_SECONDS,
    LiveTextFolder,
    Text,
    TextReader,
    Version,
    text_name,
)

LOOK_SECONDS = 0.1
_WANT_LOOKS = int(WANTED_SECONDS / LOOK_SECONDS / 4)


class Written(NamedTuple):
    """What the model of a run is writing."""

    run: RunId
    text: Text


class Look:
    """What one stream looks at, and what was written there that it has not taken yet."""

    def __init__(self, on_news: Callable[[], None]) -> None:
        self.runs: set[RunId] = set()
        self._on_news = on_news
        self._added: set[RunId] = set()
        self._news: dict[RunId, Text] = {}

    def add(self, run: RunId) -> None:
        """Be told what a run writes."""
        self.runs.add(run)
        self._added.add(run)

    def forget(self, run: RunId) -> None:
        """Be told no more of it."""
        for known in (self.runs, self._added):
            known.discard(run)
        self._news.pop(run, None)

    def take(self) -> Written | None:
        """The text that has waited longest; None if there is no news."""
        for run in self._news:
            return Written(run, self._news.pop(run))
        return None

    def put_back(self, written: Written) -> None:
        """Be told again at the next look, if nothing newer is written until then."""
        self._news.setdefault(written.run, written.text)

    def note(self, known: Mapping[RunId, _Known], changed: Set[RunId]) -> None:
        """Take what was found to be written."""
        for run in (changed & self.runs) | (self._added & known.keys()):
            self._news[run] = known[run].text
            self._added.discard(run)
        if self._news:
            self._on_news()


class LiveWatch:
    """What is written in a home, for the streams that look at it."""

    def __init__(self, folder: LiveTextFolder) -> None:
        self._folder = folder
        self._looks: set[Look] = set()
        self._targets: Counter[str] = Counter()
        self._expected: dict[str, float] = {}
        self._left: set[str] = set()
        self._known: dict[RunId, _Known] = {}
        self._changed = asyncio.Event()

    @contextmanager
    def looking(self, target: str, on_news: Callable[[], None]) -> Generator[Look]:
        """Have a run, or the runs of a tree, tell what they write, until the block ends.

        Args:
            target: the id of the run, or the key of the session at the root of the tree.
            on_news: called when there is something to take.
        """
        look = Look(on_news)
        self._looks.add(look)
        self._targets[target] += 1
        self._expected.pop(target, None)
        self._changed.set()
        try:
            yield look
        finally:
            self._looks.remove(look)
            self._targets[target] -= 1
            if not self._targets[target]:
                del self._targets[target]
                self._left.add(target)
            self._changed.set()

    async def want(self, target: str) -> None:
        """Say that somebody will look, before the stream that does has begun; if none does, for 20 seconds."""
        self._expected[target] = time.monotonic() + WANTED_SECONDS
        self._changed.set()
        await asyncio.to_thread(self._folder.want, target)

    async def read(self, run: RunId) -> Text:
        """What a run is writing at this moment, which a look may not have found yet."""
        return await asyncio.to_thread(self._folder.read, run)

    @asynccontextmanager
    async def expecting(self, key: str) -> AsyncGenerator[None]:
        """Have the run tell what it writes, from its first call on, that is spawned under a key in this block.

        The key of its session is known only after that, when a worker may have begun.
        """
        await asyncio.to_thread(self._folder.want, key)
        try:
            yield
        finally:
            await asyncio.to_thread(self._folder.leave, key)

    async def run(self) -> None:
        """Look ten times a second while somebody does, until this is cancelled."""
        looks = 0
        try:
            while True:
                if not self._looks and not self._expected:
                    await self._changed.wait()
                self._changed.clear()
                await self._look(is_due=looks % _WANT_LOOKS == 0)
                looks += 1
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for target in (*self._targets, *self._expected, *self._left):
                self._folder.leave(target)

    async def _look(self, *, is_due: bool) -> None:
        now = time.monotonic()
        for target in [each for each, until in self._expected.items() if until < now]:
            del self._expected[target]
            self._left.add(target)
        targets = tuple(self._targets.keys() | self._expected.keys())
        left = tuple(self._left.difference(targets))
        self._left.clear()
        runs = {run for look in self._looks for run in look.runs}
        for run in self._known.keys() - runs:
            del self._known[run]
        for run in runs - self._known.keys():
            self._known[run] = _Known(self._folder, run)
        known = tuple(self._known.values())
        changed = await asyncio.to_thread(self._found, targets, left, known, is_due=is_due)
        for look in tuple(self._looks):
            look.note(self._known, changed)

    def _found(
        self,
        targets: Sequence[str],
        left: Sequence[str],
        known: Sequence[_Known],
        *,
        is_due: bool,
    ) -> set[RunId]:
        """Say what is looked at and what no more, and read the texts that have changed."""
        for target in left:
            self._folder.leave(target)
        for target in targets:
            if is_due or not self._folder.is_wanted(target):  # another gateway may have left
                self._folder.want(target)
        texts = self._folder.texts()
        return {each.run for each in known if each.is_changed(texts.get(each.name, NO_VERSION))}


class _Known:
    """A run that is looked at, and its text as it was found last."""

    __slots__ = ("_reader", "_version", "name", "run", "text")

    def __init__(self, folder: LiveTextFolder, run: RunId) -> None:
        self.run = run
        self.name = text_name(run)
        self.text = NOTHING
        self._reader = TextReader(folder, run)
        self._version = NO_VERSION

    def is_changed(self, version: Version) -> bool:
        """Whether the file is another than before, which is then read."""
        if version == self._version:
            return False
        self._version = version
        self.text = self._reader.read()
        return True
