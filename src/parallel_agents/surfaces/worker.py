"""Worker: a process in the background that carries out what commands leave behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from parallel_agents.core.store import OwnerState, Role, Store
from parallel_agents.engines.ownership import SILENT_SECONDS
from parallel_agents.settings import Environment

LOG_NAME = "worker.log"


async def ensure_worker(store: Store, environment: Environment, now: float) -> None:
    """Start a worker where none is alive.

    What it is to do must be in the store already: a worker that is about to leave looks there
    once more after it has said so.
    """
    for owner in await store.owners():
        is_heard = now - owner.beat_at < SILENT_SECONDS
        if owner.role is Role.WORKER and owner.state is OwnerState.LIVE and is_heard:
            return
    await asyncio.to_thread(_start, environment.home)


def _start(home: Path) -> None:
    command = [sys.executable, "-m", "parallel_agents", "work", "--home", str(home)]
    with (home / LOG_NAME).open("ab") as log:
        subprocess.Popen(  # noqa: S603 - our own command, in a session of its own to outlive us
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
