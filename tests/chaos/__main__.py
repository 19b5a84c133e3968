"""Chaos: play drawn rounds for as long as you like, and print what each of them broke.

    python -m tests.chaos [--processes [--older COMMIT]] [--seed FIRST] [--rounds COUNT]

With `--older`, the first process of each round runs the version of that commit. One round alone also prints its plan. A round that broke something leaves its folder behind.
"""

from __future__ import annotations

import argparse
import logging
import pprint
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from parallel_agents.testing.clock import Deadlock
from tests.chaos import process_round, virtual_round
from tests.chaos.ledger import Ledger
from tests.chaos.plan import Plan, draw
from tests.chaos.promises import broken


def play(
    plan: Plan, folder: Path, *, processes: bool, older: Path | None
) -> tuple[Ledger | None, list[str]]:
    if processes:
        ledger, found = process_round.play(plan, folder, checks_commands=True, older=older)
        return ledger, found + broken(plan, ledger, folder / "home" / "store.db")
    store = folder / "store.db"
    try:
        ledger = virtual_round.play(plan, store)
    except Deadlock as deadlock:
        return None, [f"{type(deadlock).__name__}: {deadlock}"]
    return ledger, broken(plan, ledger, store)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--rounds", type=int, default=1, help="how many rounds")
    parser.add_argument("--processes", action="store_true", help="real processes and signals")
    parser.add_argument("--older", help="a commit, whose version the first process runs")
    options = parser.parse_args()
    with checked_out(options.older) as older:
        return play_all(options, older)


@contextmanager
def checked_out(commit: str | None) -> Generator[Path | None]:
    """The sources of a commit, in a work tree of their own; None without one."""
    if commit is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="chaos-older-")) / "tree"
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", folder, commit], check=True)
    try:
        yield folder / "src"
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", folder], check=True)


def play_all(options: argparse.Namespace, older: Path | None) -> int:
    logging.disable(logging.CRITICAL)
    began, breaks = time.monotonic(), 0
    ends: Counter[bool] = Counter()
    for seed in range(options.seed, options.seed + options.rounds):
        plan, folder = draw(seed), Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
        if options.rounds == 1:
            sys.stdout.write(f"{pprint.pformat(plan, width=140)}\n")
        ledger, found = play(plan, folder, processes=options.processes, older=older)
        if ledger is not None and ledger.team is not None:
            ends.update(told.is_done for told in ledger.team)
        for each in found:
            sys.stdout.write(f"seed {seed} in {folder}: {each}\n")
            sys.stdout.flush()
        breaks += bool(found)
        if not found:
            shutil.rmtree(folder)
    sys.stdout.write(
        f"{options.rounds} rounds in {time.monotonic() - began:.0f} s, {breaks} with a break;"
        f" {ends[True]} of {ends.total()} tasks were done\n"
    )
    return int(bool(breaks))


if __name__ == "__main__":
    sys.exit(main())
