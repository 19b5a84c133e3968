"""Process round: real processes on one home, and signals when the judge has counted to a number."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from tests.chaos.judge import Judge, judging
from tests.chaos.ledger import Effect, Ledger, Told
from tests.chaos.plan import Life, Mishap, Plan, Trouble

PROGRAM = Path(__file__).with_name("round_program.py")
ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("pagents")
CROWD, HEALER = 50, 90
PATIENCE_SECONDS = 90.0
# Of the changes that a plan counts in, one in so many comes with a request.
CHANGES_OF_A_REQUEST = 4
FREEZE_SECONDS = 0.4
LOCK_SECONDS = 0.7
READING_COMMANDS = (
    ("list",),
    ("list", "--all", "--json"),
    ("show", "round"),
    ("history", "round"),
    ("cost",),
    ("audit", "--verify"),
    ("limits",),
    ("dlq", "list"),
    ("doctor",),
)


@dataclass(slots=True)
class ProcessRound:
    """A round in a folder of its own.

    Attributes:
        older: the sources of an older version, which the first process runs; None for these.
        broken: what was found wrong while it was played.
    """

    plan: Plan
    folder: Path
    judge: Judge
    older: Path | None = None
    broken: list[str] = field(default_factory=list[str])

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def store(self) -> Path:
        return self.home / "store.db"

    @property
    def effects(self) -> Path:
        return self.folder / "effects"

    def play(self) -> Ledger:
        self.home.mkdir(mode=0o700)
        processes: list[subprocess.Popen[bytes]] = []
        try:
            if self.plan.mishap is Mishap.MOVED:
                self._move_store(processes)
            else:
                self._live(processes)
            self._heal()
        finally:
            for process in processes:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.communicate()
        if self.effects.exists():
            for line in self.effects.read_text("utf-8").splitlines():
                tool, ref, life = line.split()
                self.judge.ledger.effects.append(Effect(tool, ref, int(life)))
        return self.judge.ledger

    def _live(self, processes: list[subprocess.Popen[bytes]]) -> None:
        """Let all processes come to their trouble, one after the other."""
        lives = list(enumerate(self.plan.lives, start=1))
        for number, _ in lives:
            processes.append(self._start(number))
            if number == 1:
                self._wait_asked(processes[0], number, 1)  # the work is its own
        processes += [self._start(CROWD + number) for number in range(self.plan.crowd)]
        if self.plan.mishap is Mishap.LOCKED and self.store.exists():
            self._lock_store()
        for process, (number, life) in zip(processes, lives, strict=False):
            self._trouble(process, number, life)

    def _lock_store(self) -> None:
        with closing(sqlite3.connect(self.store, isolation_level=None, timeout=30)) as store:
            store.execute("BEGIN IMMEDIATE")
            self._wait(lambda: False, LOCK_SECONDS)  # for as long as it is locked
            store.execute("COMMIT")

    def _move_store(self, processes: list[subprocess.Popen[bytes]]) -> None:
        """Move the file away; the process must end, and the next one goes on with the file."""
        process = self._start(1)
        processes.append(process)
        if not self._wait_asked(process, 1, 2):
            return
        self.judge.ledger.troubled.add(1)
        away = self.folder / "away.db"
        self.store.rename(away)
        if not self._wait(lambda: process.poll() is not None, PATIENCE_SECONDS):
            self.broken.append("a process went on although its store was moved")
        if self.store.exists():
            self.broken.append("a process made a new store in the place of the one that was moved")
        away.rename(self.store)

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        arguments = (self.home, self.judge.base_url, str(self.plan.seed), str(number), self.effects)
        return subprocess.Popen(
            [sys.executable, PROGRAM, *arguments],
            env=_environment(self.folder, self.older if number == 1 else None),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
        )

    def _trouble(self, process: subprocess.Popen[bytes], number: int, life: Life) -> None:
        """Let a process come to its trouble, or to its end if that comes before."""
        ledger = self.judge.ledger
        if not self._wait_asked(process, number, 1 + life.at_change // CHANGES_OF_A_REQUEST):
            return
        match life.trouble:
            case Trouble.CRASH | Trouble.ZOMBIE:
                ledger.troubled.add(number)
                process.kill()
                process.wait()
            case Trouble.FREEZE:
                process.send_signal(signal.SIGSTOP)
                self._wait(lambda: False, FREEZE_SECONDS)  # for as long as it is frozen
                process.send_signal(signal.SIGCONT)
            case Trouble.STOP:
                process.send_signal(signal.SIGTERM if life.is_worker else signal.SIGINT)
                self._wait_end(process, number)
            case Trouble.ABORT:
                ledger.troubled.add(number)
                process.send_signal(signal.SIGINT)
                process.send_signal(signal.SIGINT)
                self._wait_end(process, number)
            case Trouble.NONE:
                pass

    def _wait_end(self, process: subprocess.Popen[bytes], number: int) -> None:
        if not self._wait(lambda: process.poll() is not None, PATIENCE_SECONDS):
            self.broken.append(f"process {number} did not end after a Ctrl-C")

    def _wait_asked(self, process: subprocess.Popen[bytes], life: int, number: int) -> bool:
        self._wait(
            lambda: self.judge.count(life) >= number or process.poll() is not None,
            2 * FREEZE_SECONDS if life > 1 else PATIENCE_SECONDS,  # the first may do all the work
        )
        return process.poll() is None

    def _wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    def _heal(self) -> None:
        """Ask for the team once more, and let it come to its end."""
        process = self._start(HEALER)
        try:
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.broken.append("the team has no end")
            return
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            self.broken.append(f"the last process ended with {process.returncode}: {err.decode()}")
            return
        self.judge.ledger.team = tuple(Told(*each) for each in orjson.loads(out))

    def check_commands(self) -> None:
        """Every command that reads works on the store as it is left."""
        for arguments in READING_COMMANDS:
            ended = subprocess.run(
                [COMMAND, *arguments],
                env=_environment(self.folder) | {"PARALLEL_AGENTS_HOME": str(self.home)},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE_SECONDS,
                check=False,
            )
            # `show` exits as the team ended; a refusal says so on stderr.
            is_refused = ended.returncode and (ended.stderr or arguments[0] != "show")
            if is_refused or b"Traceback" in ended.stderr:
                self.broken.append(f"pagents {' '.join(arguments)}: {ended.stderr.decode()}")


def _environment(folder: Path, older: Path | None = None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    sources = [str(older), str(ROOT)] if older else [str(ROOT)]
    return {**kept, "HOME": str(folder), "PYTHONPATH": os.pathsep.join(sources)}


def play(
    plan: Plan, folder: Path, *, checks_commands: bool, older: Path | None = None
) -> tuple[Ledger, list[str]]:
    """Play a round; the ledger, and what was found wrong meanwhile."""
    with judging(plan) as judge:
        played = ProcessRound(plan, folder, judge, older)
        if older is not None:
            judge.ledger.troubled.add(1)  # it ends when a newer version upgrades the store
        ledger = played.play()
        if checks_commands:
            played.check_commands()
        return ledger, played.broken
