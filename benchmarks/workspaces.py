"""A workspace of a repository with 10,000 files, beside `git worktree add`; prints medians of seconds as JSON."""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from parallel_agents.core.ids import SessionKey
from parallel_agents.workspaces.comparing import changes_of
from parallel_agents.workspaces.limits import LIMITS
from parallel_agents.workspaces.making import make
from parallel_agents.workspaces.record import Room

FILES = 10_000
ROUNDS = 5


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "gc.auto=0")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def fill(folder: Path) -> None:
    """A packed repository of files of 0.1 to 6 kB in 700 folders."""
    chance = random.Random(1)
    for number in range(FILES):
        file = folder / f"d{number % 100}/s{number % 7}/f{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = chance.randint(5, 200)
        file.write_text("".join(f"line {chance.random()}\n" for _ in range(lines)))
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all")
    git(folder, "gc", "-q")


def of_git(source: Path, place: Path) -> float:
    """The seconds of `git worktree add`."""
    os.sync()
    began = time.perf_counter()
    git(source, "worktree", "add", "-q", "--detach", str(place))
    took = time.perf_counter() - began
    git(source, "worktree", "remove", "--force", str(place))
    return took


def of_us(source: Path, home: Path) -> tuple[float, float]:
    """The seconds in which a workspace is made, and in which one changed file is found in it."""
    room = Room(home, SessionKey("agent:coder:subagent:1"))
    os.sync()
    began = time.perf_counter()
    record = make(room, source, home=home, parent="", limits=LIMITS, now=time.time)
    made = time.perf_counter() - began
    (room.files(record) / "d0/s0/f0.py").write_text("changed\n")
    began = time.perf_counter()
    assert len(changes_of(room, record, room.read_base())) == 1
    compared = time.perf_counter() - began
    shutil.rmtree(home)
    return made, compared


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        source, home, tree = (Path(place, name) for name in ("source", "home", "tree"))
        source.mkdir()
        fill(source)
        rounds = [(of_git(source, tree), *of_us(source, home)) for _ in range(ROUNDS)]
    names = ("git_s", "made_s", "compared_s")
    medians = map(statistics.median, zip(*rounds, strict=True))
    json.dump(dict(zip(names, medians, strict=True)), sys.stdout)


if __name__ == "__main__":
    main()
