"""Health look: what `health` is told of, found at one moment in a store and on its disk."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from parallel_agents.app.missing import STORE_NAME
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
    return Seen(
        vitals=await seer.journal.vitals(since=now - _RECENT_SECONDS),
        questions=await seer.sessions.questions(),
        throttles=await seer.limits.throttles(),
        owners=await seer.journal.owners(),
        room=await asyncio.to_thread(_room, home),
        store_bytes=await asyncio.to_thread(_store_bytes, home),
        free_bytes=(await seer.journal.pages()).free,
        retention=settings.retention,
        unsent=await seer.journal.unsent(since=now - _RECENT_SECONDS),
        stuck_rules=settings.stuck_rules,
        now=now,
        wall_ahead=time.time() - now,
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


def _room(home: Path) -> Room:
    usage = shutil.disk_usage(next(folder for folder in (home, *home.parents) if folder.exists()))
    return Room(usage.free, usage.total)


def _store_bytes(home: Path) -> int:
    files = [home / f"{STORE_NAME}{part}" for part in _PARTS]
    return sum(file.stat().st_size for file in files if file.exists())
