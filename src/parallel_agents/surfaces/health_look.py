"""Health look: what `health` is told of, found at one moment in a store and on its disk."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from parallel_agents.app.missing import STORE_NAME
from parallel_agents.app.workers import is_starting
from parallel_agents.core.disk import Room
from parallel_agents.core.inspection import Journal, ModelLimits
from parallel_agents.core.verbs import SessionReads
from parallel_agents.settings import Settings
from parallel_agents.views.health import Seen, Sign

_RECENT_SECONDS = 3600.0
_PARTS = ("", "-wal", "-shm")


class Seer(Protocol):
    """Who looks at a store: a reader, or a client."""

    @property
    def sessions(self) -> SessionReads: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def limits(self) -> ModelLimits: ...
    @property
    def now(self) -> Callable[[], float]: ...


async def look(home: Path, settings: Settings, seer: Seer) -> Seen:
    """What is found now in the store of a home, and on its disk."""
    now = seer.now()
    journal, recent = seer.journal, now - _RECENT_SECONDS
    (vitals, unsent, pages), (owners, questions, throttles), on_disk = await asyncio.gather(
        asyncio.gather(journal.vitals(since=recent), journal.unsent(since=recent), journal.pages()),
        asyncio.gather(journal.owners(), seer.sessions.questions(), seer.limits.throttles()),
        asyncio.to_thread(_on_disk, home),
    )
    return Seen(
        vitals=vitals,
        questions=questions,
        throttles=throttles,
        owners=owners,
        room=on_disk.room,
        store_bytes=on_disk.store_bytes,
        free_bytes=pages.free,
        retention=settings.retention,
        unsent=unsent,
        stuck_rules=settings.stuck_rules,
        now=now,
        wall_ahead=time.time() - now,
        is_starting=on_disk.is_starting,
    )


def sign_json(sign: Sign) -> Mapping[str, object]:
    """A sign of health for machines."""
    return {
        "about": sign.about,
        "level": sign.level,
        "text": sign.text,
        "hint": sign.hint,
        **sign.facts,
    }


class _OnDisk(NamedTuple):
    """How much room the disk has, how large the store is, and whether a worker is starting."""

    room: Room
    store_bytes: int
    is_starting: bool


def _on_disk(home: Path) -> _OnDisk:
    return _OnDisk(_room(home), _store_bytes(home), is_starting(home))


def _room(home: Path) -> Room:
    usage = shutil.disk_usage(next(folder for folder in (home, *home.parents) if folder.exists()))
    return Room(usage.free, usage.total)


def _store_bytes(home: Path) -> int:
    files = [home / f"{STORE_NAME}{part}" for part in _PARTS]
    return sum(file.stat().st_size for file in files if file.exists())
