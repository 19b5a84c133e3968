"""Distant chat: a conversation with an agent at a gateway, line by line; what was said is kept there."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from dataclasses import replace

from parallel_agents.app.distant import Distant, open_distant
from parallel_agents.core.call_decisions import Asked
from parallel_agents.core.event import Finished
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.task import AnyTask
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import InvalidInput, NotFound, UnknownAgent
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.called import called
from parallel_agents.surfaces.cli.chat_partner import nobody
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.question_prompt import asked_in
from parallel_agents.surfaces.cli.results_shown import as_text
from parallel_agents.views import format
from parallel_agents.views.questions import described

_LEAVE = "/exit"
_PROMPT = "> "


def chat_at_distance(context: CliContext, begin: AnyTask) -> int:
    """Send each line that is typed, and print the answer to it; the code to exit with.

    Ctrl-C leaves it; an answer that is being written continues there.
    """
    talk = _Talk(context, begin)
    try:
        return run_cancellable(talk.run())
    except KeyboardInterrupt:
        talk.say_farewell()
        return Exit.INTERRUPTED


class _Talk:
    def __init__(self, context: CliContext, begin: AnyTask) -> None:
        self._context = context
        self._begin = begin
        self._session: SessionKey | None = None
        self._name = ""
        self._is_terminal = sys.stdin.isatty()

    async def run(self) -> int:
        """Talk until stdin ends or somebody leaves; fails if the last answer did."""
        status: RunStatus | None = None
        async with open_distant(self._context.environment) as distant:
            await self._find(distant)
            render.note(
                f"{self._name or self._begin.agent_name} at {self._context.environment.gateway}."
                f" Enter sends, {_LEAVE} leaves."
            )
            while (line := await self._line()) is not None:
                try:
                    result = await self._answered(distant, line)
                except InvalidInput as error:
                    render.error(error)
                    continue
                status = result.status
                self._print(result)
        self.say_farewell()
        return Exit.DONE if status in (None, RunStatus.DONE) else Exit.FAILED

    def say_farewell(self) -> None:
        if self._name:
            render.note(f"Come back with: pagents chat {self._name}")

    async def _find(self, distant: Distant) -> None:
        """The session that the name means, unless it is an agent's.

        Raises:
            NotFound: it is neither.
            InvalidInput: nobody can talk to what it means.
        """
        who = self._begin.agent_name
        try:
            await distant.catalog.agent(who)
        except UnknownAgent as error:
            unknown = error
        else:
            return
        try:
            row = await distant.sessions.find(who)
        except NotFound as error:
            raise nobody(who, unknown, error) from error
        if row.run.kind.is_group:
            raise InvalidInput(
                f"{who} is a team or a flow",
                why="a chat is with one agent",
                hint=f"`pagents show {who}` lists its agents; continue one of them by its id",
            )
        self._session, self._name = row.session.key, await _typed(distant, row)

    async def _line(self) -> str | None:
        """The next line that says something; None at the end."""
        while True:
            if self._is_terminal:
                sys.stderr.write(_PROMPT)
                sys.stderr.flush()
            typed = await asyncio.to_thread(sys.stdin.readline)
            if not typed or typed.strip() == _LEAVE:
                return None
            if typed.strip():
                return typed.rstrip("\r\n")

    async def _answered(self, distant: Distant, line: str) -> Result:
        if self._session is None:
            spawned = await distant.sessions.spawn(replace(self._begin, text=line))
            self._session = spawned.session_key
            (row,) = await distant.sessions.rows_of([spawned.run_id])
            self._name = await _typed(distant, row)
        else:
            spawned = await distant.sessions.send(self._session, line, model=self._begin.model)
        await self._follow(distant, spawned)
        (result,) = await distant.sessions.wait([spawned.run_id])
        return result

    async def _follow(self, distant: Distant, spawned: Spawned) -> None:
        """Show what the run asks, until it has ended."""
        after = await distant.journal.last_seq()
        async with aclosing(distant.sessions.follow(spawned.session_key, after=0)) as events:
            async for event in events:
                if isinstance(event.body, Finished) and event.run == spawned.run_id:
                    return
                if isinstance(event.body, Asked) and event.seq > after:
                    question = asked_in(event, event.body)
                    render.note(f"? {question.id}  {described(question)}", "yellow")
                    render.note(f"  pagents answer {question.id} ...")

    def _print(self, result: Result) -> None:
        if result.output_json is not None:
            render.line(as_text(result))
        if not result.is_done:
            error = result.error
            why = f": {format.one_line(error.message)}" if error else ""
            render.note(f"{format.status(result.status)}{why}", "yellow")


async def _typed(distant: Distant, row: Row) -> str:
    """What a person types to come back to a session."""
    agents = {str(each.get("name")) for each in await distant.catalog.agents()}
    return await called(distant.sessions, row, agents)
