"""What befalls a store's file: a full disk, no permission, other content, other versions."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import StoreError, StoreTooNew, StoreUnreachable
from parallel_agents.stores.opening import connect, migrate
from parallel_agents.stores.queries import Migration, read_migrations
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.testing import Behaviour, Hang, LoopbackProvider, serve
from parallel_agents.testing.behaviour import Fault, Reply, last_words

PROGRAM = Path(__file__).with_name("crew_program.py")
PATIENCE_SECONDS = 30.0
PARTS = 60
TASKS = [f"Part {n} of crew." for n in range(PARTS)]
# No file of the process may be larger: the journal reaches this in the middle of the work.
LIMITED = (
    "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (800_000, 800_000)); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
# A disk of 1.2 MB at $0 for one command; what is on it at the end is kept in $1.
SMALL_DISK = 'mount -t tmpfs -o size=1200k none "$0" && kept="$1" && shift && "$@"; code=$?; \
cp -R "$0/." "$kept" && exit $code'
PRIVATE_MOUNTS = ("unshare", "--map-root-user", "--mount")


class Ended(NamedTuple):
    code: int
    told: list[tuple[str, str, str]]
    log: str
    at: float


@dataclass(frozen=True, slots=True)
class Crew:
    """The program on a store's folder, and what the provider and the store know of its calls."""

    home: Path
    provider: LoopbackProvider

    def run(self, *before: str | Path) -> Ended:
        """Let it run to its end, by way of the command `before`."""
        arguments = (self.home, self.provider.base_url, "crew", str(PARTS), "8")
        # Without -B a limit on files would cut the bytecode that Python keeps.
        done = subprocess.run(
            [*(before or [sys.executable]), "-B", PROGRAM, *arguments],
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        told = [(label, status, output) for label, status, output in orjson.loads(done.stdout or b"[]")]
        return Ended(done.returncode, told, done.stderr.decode(), time.time())

    def kept(self) -> set[str]:
        """The tasks whose reply is in the store."""
        with closing(sqlite3.connect(self.home / "store.db")) as store:
            rows = store.execute(
                "SELECT title FROM runs JOIN events ON run = id WHERE key = 'turn-1/model'"
            ).fetchall()
        return {title for (title,) in rows}

    def asked(self, begin: int = 0) -> Counter[str]:
        """How often each task was asked for, from the provider's request number `begin` on."""
        return Counter(last_words(request.body) for request in self.provider.requests[begin:])


def long_answer(body: JsonObject) -> Reply:
    return f"{last_words(body)} " * 1000
