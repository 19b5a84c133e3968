"""A process that indexes the transcripts of a home, and says after each step how far it is.

python indexing_program.py HOME
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from parallel_agents.core.transcript_search import Coverage
from parallel_agents.searching.store_search import StoreSearch
from parallel_agents.stores.sqlite import SqliteStore


def say(coverage: Coverage) -> None:
    sys.stdout.write(f"{coverage.behind}\n")
    sys.stdout.flush()


async def main(home: Path) -> None:
    store = await SqliteStore.open(home / "store.db")
    search = StoreSearch(store, home, keeps_index=True)
    found = await search.catch_up(on_progress=say)
    search.close()
    await store.aclose()
    say(found)


asyncio.run(main(Path(sys.argv[1])))
