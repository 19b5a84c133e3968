"""kill -9 at random moments: one result for each accepted task, and no call made again that is stored.

The provider is a process of its own, and its log is the proof: a call whose answer it had sent in
full before a kill, and that was asked for again after it, was paid twice. A call whose answer it
sent to a process that was dead already was in flight; the table counts these apart. To run it:

    pytest tests/acceptance/test_kill.py           # 3 rounds of 60 runs, two kills a round
    pytest tests/acceptance/test_kill.py --long    # 10 rounds of 500 runs, about 4 minutes

The long form makes 200 calls a second: 500 agents that wait 2.5 s for each answer. What is paid
again is what a process has received and not yet committed, so it grows with the calls a second, and
with whatever else the machine does: only the long form asserts how much that is.
"""

from __future__ import annotations

import os
import random
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from tests.support.loaded import Loaded, Process

PROGRAM = Path(__file__).with_name("killed_program.py")
PROVIDER = Path(__file__).with_name("kill_provider.py")
CALLS_OF_A_RUN = 5
KILLS = 2
PATIENCE_SECONDS = 120.0


class Scale(NamedTuple):
    """How much is done; the provider takes `least` to `most` seconds for a call.

    Attributes:
        paid_again: the most calls that a kill may make be paid again, and their median; None for any.
    """

    rounds: int
    runs: int
    least: float
    most: float
    paid_again: tuple[int, int] | None = None

    @property
    def seconds(self) -> float:
        """What a round takes at least, without kills."""
        return CALLS_OF_A_RUN * (self.least + self.most) / 2


QUICK = Scale(rounds=3, runs=60, least=0.4, most=1.2)
LONG = Scale(rounds=10, runs=500, least=1.0, most=4.0, paid_again=(5, 0))


@dataclass(frozen=True, slots=True)
class Call:
    """A request in the provider's log; `messages` is the hash of its messages."""

    messages: str
    at: float
    answered_at: float | None

    def is_answered_by(self, moment: float) -> bool:
        return self.answered_at is not None and self.answered_at <= moment


class Life(NamedTuple):
    """A process of the program, from its start to its kill, in seconds since the epoch.

    Attributes:
        stored: the answers in the store when it had ended.
    """

    began_at: float
    killed_at: float
    stored: int


class Kill(NamedTuple):
    """A line of the report: what a kill met, and what it cost."""

    round: int
    after_seconds: float
    in_flight: int
    answered: int
    answered_too_late: int
    paid_again: int


@dataclass(frozen=True, slots=True)
class Provider:
    base_url: str
    log: Path

    def calls(self) -> list[Call]:
        """What it was asked, in order."""
        whole, _, _ = self.log.read_bytes().rpartition(b"\n")  # the last line may be half written
        lines = [orjson.loads(line) for line in whole.splitlines()]
        answered = {line["number"]: line["at"] for line in lines if line["event"] == "finished"}
        return [
            Call(line["run"], line["at"], answered.get(line["number"]))
            for line in lines
            if line["event"] == "started"
        ]


@contextmanager
def serving(folder: Path, seed: int, scale: Scale) -> Generator[Provider]:
    log = folder / "provider.jsonl"
    command = [sys.executable, PROVIDER, log, str(seed), str(scale.least), str(scale.most)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Provider(process.stdout.readline().strip(), log)
        finally:
            process.kill()


@dataclass(slots=True)
class Job:
    """The program, killed and started again under one key, until it is let go to its end."""

    home: Path
    provider: Provider
    runs: int
    loaded: Loaded | None
    lives: list[Life] = field(default_factory=list[Life])

    def live_until_killed(self, after_seconds: float) -> None:
        """Let it live so long after its first call, then kill it."""
        began_at = time.time()
        with self._living() as process:
            self._wait_first_call(process, began_at)
            time.sleep(after_seconds)  # nothing is waited for: this is the random moment
            assert process.poll() is None, "it came to its end before the kill"
            process.kill()
            killed_at = time.time()
        self._note(began_at, killed_at)

    def live_to_the_end(self) -> list[tuple[str, str, str]]:
        """Label, status and output of each result."""
        began_at = time.time()
        with self._living() as process:
            code = process.wait(PATIENCE_SECONDS)
            assert code == 0
            assert process.stdout is not None
            told = process.stdout.read()
        self._note(began_at, time.time())
        return [(label, status, output) for label, status, output in orjson.loads(told)]

    def _note(self, began_at: float, ended_at: float) -> None:
        [(stored,)] = self.query("SELECT COUNT(*) FROM events WHERE key LIKE 'turn-%/model'")
        self.lives.append(Life(began_at, ended_at, stored))

    @contextmanager
    def _living(self) -> Generator[Process]:
        """The program, which has ended after the block."""
        process = self._start()
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()

    def _start(self) -> Process:
        arguments = [str(PROGRAM), str(self.home), self.provider.base_url, str(self.runs)]
        command = [sys.executable, *arguments]
        forked = self.loaded and self.loaded.fork(command, os.environ, Path.cwd())
        return forked or subprocess.Popen(command, stdout=subprocess.PIPE)

    def _wait_first_call(self, process: Process, began_at: float) -> None:
        """Wait for a call that this process makes; late ends of those before it are in the log, too."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not any(call.at >= began_at for call in self.provider.calls()):
            assert process.poll() is None, "it ended without a call"
            assert time.monotonic() < deadline, "it made no call"
            time.sleep(0.01)

    def calls_of_lives(self) -> list[list[Call]]:
        """What each of its lives asked for."""
        starts = [life.began_at for life in self.lives]
        calls = self.provider.calls()
        return [
            [call for call in calls if begin <= call.at < end]
            for begin, end in zip(starts, [*starts[1:], float("inf")], strict=True)
        ]

    def query(self, sql: str) -> list[tuple[int, ...]]:
        """Rows of the store's file."""
        with closing(sqlite3.connect(self.home / "store.db")) as store:
            return store.execute(sql).fetchall()


def weigh(number: int, job: Job, moments: Sequence[float]) -> list[Kill]:
    """What each kill of a round met, and what it cost."""
    lives = job.calls_of_lives()
    kills: list[Kill] = []
    for life, (calls, moment) in enumerate(zip(lives, moments, strict=False)):
        killed_at = job.lives[life].killed_at
        answered = {call.messages for call in calls if call.is_answered_by(killed_at)}
        sent = sum(call.answered_at is not None for call in calls)
        asked_later = {call.messages for later in lives[life + 1 :] for call in later}
        kills.append(
            Kill(
                round=number,
                after_seconds=moment,
                in_flight=len(calls) - len(answered),
                answered=len(answered),
                answered_too_late=sent - len(answered),
                paid_again=len(answered & asked_later),
            )
        )
    return kills


def play_round(number: int, folder: Path, scale: Scale, loaded: Loaded | None) -> list[Kill]:
    """Kill the program twice, let it come to its end, and hold what it did against the log."""
    chance = random.Random(number)
    moments = [chance.uniform(0, scale.seconds / (KILLS + 1)) for _ in range(KILLS)]
    folder.mkdir()
    with serving(folder, number, scale) as provider:
        job = Job(folder / "home", provider, scale.runs, loaded)
        for moment in moments:
            job.live_until_killed(moment)
        told = job.live_to_the_end()

    plots = [f"plot {n}" for n in range(scale.runs)]
    ends = job.query(
        "SELECT (SELECT COUNT(*) FROM events WHERE run = id AND key = 'finished') FROM runs"
    )
    answers = Counter(call.messages for call in provider.calls() if call.answered_at is not None)
    kills = weigh(number, job, moments)
    assert told == [(plot, "done", f"Done: Survey {plot}.") for plot in plots]
    assert ends == [(1,)] * (scale.runs + 1)
    assert job.query("SELECT SUM(calls) FROM runs") == [(scale.runs * CALLS_OF_A_RUN,)]
    assert len(answers) == scale.runs * CALLS_OF_A_RUN
    for lived, life in enumerate(job.lives, 1):
        asked_later = {call.messages for later in job.calls_of_lives()[lived:] for call in later}
        assert len(asked_later) <= scale.runs * CALLS_OF_A_RUN - life.stored
    # Whatever the provider answered more than once is in the report.
    told_twice = sum(kill.paid_again + kill.answered_too_late for kill in kills)
    assert answers.total() - len(answers) == told_twice
    return kills


def report(kills: Sequence[Kill], scale: Scale) -> str:
    lines = [
        "",
        f"{scale.runs} runs of {CALLS_OF_A_RUN} calls, {scale.least:g} to {scale.most:g} s each",
        "round  killed after  in flight  of these answered too late  answered  paid again",
    ]
    lines += [
        f"{kill.round:5}  {kill.after_seconds:10.2f} s  {kill.in_flight:9}"
        f"  {kill.answered_too_late:26}  {kill.answered:8}  {kill.paid_again:10}"
        for kill in kills
    ]
    median = statistics.median(kill.paid_again for kill in kills)
    return "\n".join([*lines, f"calls paid again, median of a kill: {median:g}", ""])


@pytest.mark.timeout(900)
def test_killed_at_random_moments_each_task_has_one_result_and_no_stored_call_is_made_again(
    tmp_path: Path,
    pytestconfig: pytest.Config,
    capsys: pytest.CaptureFixture[str],
    loaded: Loaded | None,
) -> None:
    scale = LONG if pytestconfig.getoption("--long") else QUICK

    kills = [
        kill
        for number in range(1, scale.rounds + 1)
        for kill in play_round(number, tmp_path / f"round-{number}", scale, loaded)
    ]

    with capsys.disabled():
        sys.stdout.write(report(kills, scale))
    assert any(kill.in_flight for kill in kills)
    if scale.paid_again is not None:
        most, median = scale.paid_again
        assert max(kill.paid_again for kill in kills) <= most
        assert statistics.median(kill.paid_again for kill in kills) <= median
