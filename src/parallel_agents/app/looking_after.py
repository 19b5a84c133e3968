"""Looking after: what a process with an engine does at its heartbeats for the runs that it executes.

It finds runs that are stuck, and sees when the disk gets full.
"""

from __future__ import annotations

import asyncio
import logging
import math
import shutil
from collections.abc import Callable
from pathlib import Path

from parallel_agents.core.answer_rules import AnswerRules
from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.disk import Room
from parallel_agents.core.event import Entry, Noticed
from parallel_agents.core.ids import OwnerId, RunId
from parallel_agents.core.on_stuck import OnStuck
from parallel_agents.core.question import (
    WAIT,
    Answer,
    OpenQuestion,
    Question,
    QuestionKind,
    answered_key,
    asked_key,
    question_number,
)
from parallel_agents.core.silence import Silence, SilentRun, described, silences_of
from parallel_agents.core.store import Store
from parallel_agents.errors import AlreadyAnswered, OwnershipLost, RunIsOver
from parallel_agents.settings import Settings

LOOK_SECONDS = 30.0
_log = logging.getLogger(__name__)
_PREFIX = "stuck-"


class LookingAfter:
    """What a process looks after.

    Args:
        store: holds the runs.
        owner: this process.
        home: the folder that everything is written into.
        settings: say when a run is stuck, and what happens then.
    """

    def __init__(self, store: Store, owner: OwnerId, home: Path, settings: Settings) -> None:
        self._stuck = StuckRuns(store, owner, settings)
        self._home = home
        self._looked_at = -math.inf
        self._was_full = False

    async def sweep(self) -> None:
        """Look once.

        Raises:
            StoreError: the store cannot be read or written.
        """
        now = asyncio.get_running_loop().time()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            await self._stuck.look()
            self._look_at_disk()

    def _look_at_disk(self) -> None:
        try:
            usage = shutil.disk_usage(self._home)
        except OSError:
            return  # a store without a folder, or whose folder is gone
        is_full = Room(usage.free, usage.total).is_nearly_full
        if is_full and not self._was_full:
            _log.warning("the disk of %s is nearly full: %s bytes are left", self._home, usage.free)
        self._was_full = is_full


class StuckRuns:
    """Finds the runs of a process that are stuck, and says so in their histories or asks a person."""

    def __init__(
        self,
        store: Store,
        owner: OwnerId,
        settings: Settings,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._store = store
        self._owner = owner
        self._settings = settings
        self._now = now or store.now
        self._rules = AnswerRules(settings.answers)

    async def look(self) -> None:
        """Look once.

        Raises:
            StoreError: the store cannot be read or written.
        """
        now, rules = self._now(), self._settings.stuck_rules
        await self._store.close_expired()
        silent, gaps = await self._store.silent_runs(rules, now)
        asked = await self._settle({each.run: each for each in silent}, now)
        for each, silence in silences_of(silent, gaps, rules, now):
            if silence.is_stuck and each.run not in asked and each.owner == self._owner:
                await self._tell(each, silence, now)

    async def _settle(self, silent: dict[RunId, SilentRun], now: float) -> set[RunId]:
        """Answer what need not be asked any more; return the runs of which a person still is."""
        waiting: set[RunId] = set()
        for asked in await self._store.questions():
            if asked.question.question is not QuestionKind.STUCK:
                continue
            run = silent.get(asked.run)
            if run is not None and asked.about.startswith(f"{_PREFIX}{run.number}-"):
                waiting.add(asked.run)
            elif asked.asked_at < now - LOOK_SECONDS:  # whoever executes it had the time to see it
                await self._answer(asked, Answer(allow=True, text=WAIT), "the run, which went on")
        return waiting

    async def _answer(self, asked: OpenQuestion, answer: Answer, by: str) -> None:
        number = question_number(asked.id)
        assert number is not None  # it is an id of the store's own
        try:
            await self._store.answer(number, answer, by=by)
        except (AlreadyAnswered, RunIsOver):
            return

    async def _tell(self, run: SilentRun, silence: Silence, now: float) -> None:
        """Tell of a silence, once; and again whenever it has become twice as long."""
        again = int(math.log2(max(silence.seconds / silence.most, 1.0)))
        about = f"{_PREFIX}{run.number}-{again}"
        text = f"{run.label} {run.name} is {described(silence)}"
        if (run.on_stuck or self._settings.on_stuck) is OnStuck.NOTICE:
            await self._append(run, Entry(f"noticed/{about}", Noticed(text=text)))
            return
        question = Question(
            question=QuestionKind.STUCK,
            text=f"{text}; wait, kill it, or send it a message",
            default=WAIT,
            expires_at=now + self._settings.question_seconds,
        )
        given = self._rules.of(run.agent, question)
        asked = Entry(asked_key(about), Asked(turn=0, number=0, question=question))
        if given is not None and given.answer.text == WAIT:
            answered = Answered(turn=0, number=0, answer=given.answer, by=given.by)
            await self._append(run, asked, Entry(answered_key(about), answered))
            return
        await self._append(run, asked)
        if given is not None:
            for each in await self._store.questions():
                if each.run == run.run and each.about == about:
                    await self._answer(each, given.answer, given.by)

    async def _append(self, run: SilentRun, *entries: Entry) -> None:
        try:
            await self._store.append(run.run, run.epoch, entries)
        except OwnershipLost:
            return  # it ended meanwhile
