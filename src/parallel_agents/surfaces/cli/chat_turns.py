"""Conversation: a chat as turns of one durable session, of which one at a time is answered."""

from __future__ import annotations

from collections.abc import Container, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import (
    Attempted,
    Delivered,
    Event,
    Finished,
    Noticed,
    Queued,
    Refused,
    Replied,
    Retrying,
    SteerMode,
    ToolStarted,
    Waiting,
)
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId, SessionKey, short
from parallel_agents.core.inspection import Journal
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result
from parallel_agents.core.task import AnyTask
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import Sessions, Spawned, whole_history
from parallel_agents.errors import RunIsOver
from parallel_agents.surfaces.cli.called import called
from parallel_agents.surfaces.cli.chat_files import WithFiles
from parallel_agents.surfaces.cli.question_prompt import asked_in
from parallel_agents.views import format
from parallel_agents.views.events import describe


class ChatSessions(Sessions, Protocol):
    """The verbs of a chat."""

    async def resume(self, name: str) -> Spawned:
        """Have the runs of a session executed that nobody works on."""
        ...


class ChatPlace(Protocol):
    """Where the session of a chat is."""

    @property
    def sessions(self) -> ChatSessions: ...

    @property
    def journal(self) -> Journal: ...

    async def agent_names(self) -> Container[str]:
        """The agents of the catalog, which the name of a session may not mean."""
        ...

    async def model_named(self, name: str) -> str:
        """The full name of a model.

        Raises:
            UnknownModel, MissingKey: it cannot be used.
        """
        ...

    async def leave(self, chat: Conversation) -> str:
        """Leave a chat while an answer is written; what becomes of that."""
        ...


class Told(Protocol):
    """Whoever shows a chat."""

    def text(self, piece: str) -> None:
        """A piece of the answer has arrived."""
        ...

    def said(self) -> None:
        """A message of the model is complete."""
        ...

    def note(self, text: str, style: str = "dim") -> None:
        """Something happened that is worth a line."""
        ...

    def doing(self, text: str) -> None:
        """What the run does now; empty once it has ended."""
        ...

    def asked(self, question: OpenQuestion) -> None:
        """The run waits for an answer."""
        ...

    def answered(self) -> None:
        """The question no longer waits."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said, and what was answered; empty while nothing was."""

    said: str
    answer: str


def turns_of(events: Sequence[Event]) -> list[Turn]:
    """The turns of one session, of all that happened in it."""
    found: dict[RunId, Turn] = {}
    for event in events:
        match event.body:
            case Queued(text=text):
                found[event.run] = Turn(text, "")
            case Delivered(text=text) if event.run in found:
                turn = found[event.run]
                found[event.run] = replace(turn, said=f"{turn.said}\n→ {text}")
            case Finished(outcome=outcome) if event.run in found:
                answer = format.output(outcome.output) if outcome.output else outcome.text
                if not answer and outcome.error is not None:
                    answer = f"({outcome.error.code} {outcome.error.message})"
                found[event.run] = replace(found[event.run], answer=answer)
            case _:
                pass
    return list(found.values())


class Conversation:
    """One session that is talked to.

    Args:
        begin: the task of the session that the first message begins; its text is replaced.
        row: the session that is continued; None to begin one.
        told: whoever shows what happens.
    """

    def __init__(self, place: ChatPlace, begin: AnyTask, row: Row | None, told: Told) -> None:
        self._place = place
        self._begin = begin
        self._told = told
        self._key: SessionKey | None = row.session.key if row else None
        self._model: str = row.run.model if row else ""
        self._is_data = row is not None and row.session.agent.output_schema is not None
        self._seen = 0
        self._early = self._streamed = ""
        self._pending: dict[str, str] = {}
        self._kept = count()
        self.live: RunId | None = None

    @property
    def name(self) -> str:
        """The session's short id; empty before the first message."""
        return short(self._key) if self._key else ""

    async def called(self) -> str:
        """What a person types to come back; empty before the first message."""
        row = await self.row()
        if row is None:
            return ""
        return await called(self._place.sessions, row, await self._place.agent_names())

    @property
    def key(self) -> SessionKey | None:
        return self._key

    @property
    def model(self) -> str:
        """The model of the next turn; empty until the settings have chosen one."""
        return self._model

    async def use_model(self, name: str) -> str:
        """Have the next turn asked of another model; returns its full name.

        Raises:
            UnknownModel, MissingKey: it cannot be used.
        """
        self._model = await self._place.model_named(name)
        self._begin = replace(self._begin, model=self._model)
        return self._model

    async def say(self, message: WithFiles) -> Result:
        """Say something, and show the answer while it arrives.

        Raises:
            InvalidInput, CannotSee, RunIsOver: nothing was sent.
        """
        sessions = self._place.sessions
        self.live, self._early = None, ""
        if self._key is None:
            task = replace(self._begin, text=message.text, files=message.files)
            spawned = await sessions.spawn(task, on_text=self._hear)
            self._key = spawned.session_key
            (row,) = await sessions.rows_of([spawned.run_id])
            self._model, self._is_data = row.run.model, row.session.agent.output_schema is not None
        else:
            # What was said before this chat began is not told as news.
            self._seen = self._seen or await self._place.journal.last_seq()
            spawned = await sessions.send(
                self._key,
                message.text,
                files=message.files,
                model=self._model or None,
                on_text=self._hear,
            )
        return await self._answered(spawned.run_id)

    async def take_up(self, row: Row) -> Result:
        """Show the answer of a run that another process began, and have it executed if nobody does."""
        self.live, self._early = None, ""
        stop = self._place.sessions.listen(row.run.id, self._hear)
        try:
            await self._place.sessions.resume(row.session.key)
            return await self._answered(row.run.id)
        finally:
            stop()

    async def _answered(self, run: RunId) -> Result:
        assert self._key is not None
        sessions = self._place.sessions
        self.live, self._streamed = run, ""
        self._hear(self._early)
        try:
            async with aclosing(sessions.follow(self._key, after=self._seen)) as events:
                async for event in events:
                    self._seen = max(self._seen, event.seq)
                    if event.session != self._key or event.run == run:
                        self._take(event)
                    if event.run == run and isinstance(event.body, Finished):
                        break
            (result,) = await sessions.wait([run])
        finally:
            self.live = None
            self._told.doing("")
        return result

    def shows(self, result: Result) -> bool:
        """Whether the answer was shown in full while it arrived, and last.

        What was shown before it was said before a message arrived in between, or was rejected.
        """
        answer = result.text.strip()
        return not self._is_data and bool(answer) and self._streamed.strip().endswith(answer)

    def take_pending(self) -> list[str]:
        """The messages that were sent to a run which ended before they were delivered."""
        left, self._pending = list(self._pending.values()), {}
        return left

    def _hear(self, piece: str) -> None:
        if self.live is None:  # before it is known what the answer is
            self._early += piece
            return
        if not piece:
            return
        self._streamed += piece
        if self._is_data:  # half of a JSON document says little; the whole is shown in its form
            self._told.doing(f"writes its answer, {len(self._streamed):,} characters so far")
        else:
            self._told.text(piece)

    def _take(self, event: Event) -> None:
        body = event.body
        is_own = event.session == self._key
        match body:
            case Asked():
                self._told.asked(asked_in(event, body))
            case Answered():
                self._told.answered()
            case Delivered(steer=key) if is_own:
                if self._pending.pop(key, None) is not None:
                    self._told.note("→ delivered")
            case Retrying() if is_own:
                self._streamed = ""
                self._told.note(describe(body).title, "yellow")
            case Replied() if is_own:
                self._told.said()
                self._streamed = "" if body.message.tool_calls else self._streamed
            case ToolStarted() | Refused() | Noticed() | Waiting() | Attempted() if is_own:
                self._told.note(f"· {describe(body).title}")
            case _:
                pass
        if event.run == self.live and not isinstance(body, Finished):
            self._told.doing(describe(body).doing)

    def keep(self, text: str) -> None:
        """Keep a message that reaches no run; `take_pending` returns it."""
        self._pending[f"kept-{next(self._kept)}"] = text

    async def steer(self, text: str, *, now: bool = False) -> bool:
        """Send a message to the run that answers; False if it has just ended, or is not stored yet."""
        if self._key is None:
            return False
        mode = SteerMode.NOW if now else SteerMode.NEXT
        try:
            receipt = await self._place.sessions.steer(self._key, text, mode=mode)
        except RunIsOver:
            return False
        self._pending[receipt.key] = text
        return True

    async def leave(self) -> str:
        """Leave while an answer is written; what becomes of that."""
        return await self._place.leave(self)

    async def stop(self) -> None:
        """End the run that answers; the chat can be continued."""
        if self._key is not None:
            await self._place.sessions.kill(self._key, keeps_session=True)

    async def turns(self) -> list[Turn]:
        """What was said and answered so far."""
        if self._key is None:
            return []
        return turns_of(await whole_history(self._place.sessions, self._key))

    async def spend(self) -> Spend:
        """What the chat has cost so far, with everything below it."""
        if self._key is None:
            return Spend()
        costs = await self._place.journal.costs(tree=self._key)
        return sum((cost.spend for cost in costs), Spend())

    async def row(self) -> Row | None:
        """The session with its latest run."""
        if self._key is None:
            return None
        (row,) = await self._place.sessions.list(Filter(session=self._key))
        return row
