"""Search in 100,000 messages: how long they take to be indexed, how large the index is, and how long a search takes.

The words are drawn as in a language, few of them often and most of them seldom; a part of the
messages is Chinese. The phrases that are looked for are drawn from the texts by the same law, so
that common words are among them.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import parallel_agents as pa
from parallel_agents.core.event import Entry, Queued, Replied
from parallel_agents.core.ids import OwnerId, make_run_id, make_session_key
from parallel_agents.core.message import assistant
from parallel_agents.core.model import Finish
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.core.run import Outcome, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.session_plan import SessionPlan
from parallel_agents.core.usage import Usage
from parallel_agents.searching.store_search import INDEX_NAME, StoreSearch
from parallel_agents.stores.sqlite import SqliteStore

_OWNER = OwnerId("talker")
_AGENT = pa.Agent(name="talker", description="Talks.", instructions="You talk.")
_VOCABULARY, _WORDS, _CHINESE_SHARE = 30_000, 82, 0.05
_SEARCHES = 200


class Size(NamedTuple):
    """How many sessions, and messages in each of them."""

    sessions: int
    messages: int


LARGE, SMALL = Size(1_000, 100), Size(3, 20)


class Measured(NamedTuple):
    """What came of it; times in seconds, sizes in bytes."""

    messages: int
    text: int
    index_cpu: float
    index_size: int
    p50: float
    p95: float
    slowest: float


class Language:
    """Draws texts and phrases."""

    def __init__(self) -> None:
        self._rng = random.Random(1)
        letters = "abcdefghijklmnopqrstuvwxyz"
        self._vocabulary = [
            "".join(self._rng.choices(letters, k=self._rng.randint(2, 11)))
            for _ in range(_VOCABULARY)
        ]
        weights = [1 / (rank + 5) for rank in range(_VOCABULARY)]
        self._weights = list(itertools.accumulate(weights))

    def text(self) -> str:
        if self._rng.random() < _CHINESE_SHARE:
            return "".join(chr(0x4E00 + int(3000 * self._rng.random() ** 2)) for _ in range(300))
        return " ".join(self._rng.choices(self._vocabulary, cum_weights=self._weights, k=_WORDS))

    def phrases(self, texts: Sequence[str]) -> Iterator[str]:
        """One word, two words, a phrase of two, and the start of a word, in turn."""
        while True:
            words = self._rng.choice(texts).split()
            start = self._rng.randrange(max(1, len(words) - 1))
            first, last = words[start][:4], words[-1][:4]
            yield words[start] if len(words) > 1 else first
            yield f"{first} {last}"
            yield f'"{" ".join(words[start : start + 2])[:30]}"'
            yield f"{first}*"


async def fill(path: Path, size: Size) -> list[str]:
    """Make a store, through its own methods; return the texts of its messages."""
    language, texts = Language(), list[str]()
    store = await SqliteStore.open(path)
    try:
        await store.heartbeat(Owner(id=_OWNER, host="here", pid=1))
        for number in range(size.sessions):
            said = [language.text() for _ in range(size.messages)]
            await _talk(store, number, said)
            texts += said
        await store.heartbeat(Owner(id=_OWNER, host="here", pid=1, state=OwnerState.GONE))
        return texts
    finally:
        await store.aclose()


async def _talk(store: SqliteStore, number: int, texts: Sequence[str]) -> None:
    key = make_session_key(_AGENT.name)
    plan = SessionPlan(
        session=Session(key=key, agent=_AGENT, label="talk", spawn_key=key, root=key),
        run=make_run_id(),
        kind=RunnerKind.AGENT,
        queued=Queued(text=f"talk {number}"),
        digest=str(number),
        model="bench/talker",
    )
    await store.spawn([plan])
    await store.claim(plan.run, _OWNER)
    entries = [_replied(turn, text) for turn, text in enumerate(texts, 1)]
    await store.append(plan.run, 1, entries)
    await store.finish(plan.run, 1, Outcome(status=RunStatus.DONE, text=texts[-1]))


def _replied(turn: int, text: str) -> Entry:
    body = Replied(
        turn=turn,
        message=assistant(text),
        model="bench/talker",
        finish=Finish.STOP,
        usage=Usage(500, 50),
        cost_nanousd=70_000,
        seconds=1.5,
    )
    return Entry(f"turn-{turn}/model", body)


async def measure(size: Size) -> Measured:
    """Fill a store, index it, and search it."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        texts = await fill(home / "store.db", size)
        store = await SqliteStore.open(home / "store.db")
        search = StoreSearch(store, home, keeps_index=True)
        try:
            began = time.process_time()
            await search.catch_up()
            index_cpu = time.process_time() - began
            times = sorted([await _search(search, p) for p in _some(texts)])
        finally:
            search.close()
            await store.aclose()
        return Measured(
            messages=len(texts),
            text=sum(len(text.encode()) for text in texts),
            index_cpu=index_cpu,
            index_size=(home / INDEX_NAME).stat().st_size,
            p50=statistics.median(times),
            p95=statistics.quantiles(times, n=20)[-1],
            slowest=times[-1],
        )


def _some(texts: Sequence[str]) -> Iterator[str]:
    return itertools.islice(Language().phrases(texts), _SEARCHES)


async def _search(search: StoreSearch, phrase: str) -> float:
    began = time.perf_counter()
    await search.find(phrase, limit=20)
    return time.perf_counter() - began


async def main() -> None:
    found = await measure(LARGE)
    print(
        f"{found.messages:,} messages, {found.text / 1e6:.0f} MB: indexed in {found.index_cpu:.1f} s"
        f" of CPU, index {found.index_size / 1e6:.0f} MB; a search takes {found.p50 * 1000:.1f} ms,"
        f" p95 {found.p95 * 1000:.1f} ms, at most {found.slowest * 1000:.1f} ms"
    )


if __name__ == "__main__":
    asyncio.run(main())
