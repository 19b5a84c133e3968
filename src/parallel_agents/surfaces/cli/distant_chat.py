"""Distant chat: a conversation with an agent at a gateway, line by line; what was said is kept there."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

from parallel_agents.app.distant import Distant, open_distant
from parallel_agents.core.call_decisions import Asked
from parallel_agents.core.event import Finished
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.task import AnyTask, Task
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import Spawned, whole_history
from parallel_agents.errors import NotFound, PagentsError, UnknownAgent
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import chat_commands, render
from parallel_agents.surfaces.cli.called import called
from parallel_agents.surfaces.cli.chat_files import WithFiles, read_mentions
from parallel_agents.surfaces.cli.chat_partner import check_partner, nobody
from parallel_agents.surfaces.cli.chat_script import messages
from parallel_agents.surfaces.cli.chat_turns import Turn, turns_of
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.distant_spawn import warn_at_distance
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.question_prompt import asked_in
from parallel_agents.surfaces.cli.results_shown import as_text
from parallel_agents.views import format
from parallel_agents.views.questions import described

_PROMPT = "> "
# Every home has it, and it needs no input: whether a model can be used there is asked with it.
_ANY_AGENT = "main"
_NOW = "/now TEXT"
_COMMANDS = {name: what for name, what in chat_commands.COMMANDS.items() if name != _NOW}
_KEYS = (
    'Enter sends the line; lines between two lines of """ are one message.',
    "Ctrl-C leaves the chat; an answer that is being written continues there.",
    '@path sends the text of a file with the message, as does @"a path"; @@ is an @.',
)


def chat_at_distance(context: CliContext, begin: AnyTask) -> int:
    """Send each line that is typed, and print the answer to it; the code to exit with.

    Ctrl-C leaves it; an answer that is being written continues there.
    """
    chat = _LineChat(context, begin)
    try:
        return run_cancellable(chat.run())
    except KeyboardInterrupt:
        chat.say_farewell()
        return Exit.INTERRUPTED


class _LineChat:
    """Reads lines, and prints what became of each before it reads the next."""

    def __init__(self, context: CliContext, begin: AnyTask) -> None:
        self._context = context
        self._begin = begin
        self._talk: DistantTalk | None = None
        self._status: RunStatus | None = None
        self._is_terminal = sys.stdin.isatty()
        self._told: set[str] = set()  # of these models it was said that they are simulated

    async def run(self) -> int:
        """Talk until stdin ends or somebody leaves; fails if the last answer did.

        Raises:
            PagentsError: a line of what is no terminal could not be sent; those after it are not read.
        """
        async with open_distant(self._context.environment) as distant:
            talk = self._talk = DistantTalk(distant, self._begin)
            await talk.find()
            who, where = talk.name or self._begin.agent_name, self._context.environment.gateway
            render.note(f"{who} at {where}. Enter sends, /help lists the rest, /exit leaves.")
            self._tell(talk.model)
            await self._listen(talk)
        self.say_farewell()
        return Exit.DONE if self._status in (None, RunStatus.DONE) else Exit.FAILED

    def _tell(self, model: str) -> None:
        """Warn once of a model that makes up its answers; nobody knows which it is before the gateway has chosen."""
        if model not in self._told:
            self._told.add(model)
            warn_at_distance(model)

    def say_farewell(self) -> None:
        if self._talk is not None and self._talk.name:
            render.note(f"Come back with: pagents chat {self._talk.name}")

    async def _listen(self, talk: DistantTalk) -> None:
        lines = messages()
        while True:
            self._prompt()
            line = await asyncio.to_thread(next, lines, None)
            try:
                if line is None or not await self._take(talk, line):
                    return
            except PagentsError as error:
                if not self._is_terminal:
                    self.say_farewell()
                    raise
                render.error(error)

    def _prompt(self) -> None:
        if self._is_terminal:
            sys.stderr.write(_PROMPT)
            sys.stderr.flush()

    async def _take(self, talk: DistantTalk, line: str) -> bool:
        """Do what a line says; False to leave."""
        if not line.strip():
            return True
        if not chat_commands.is_command(line):
            result = await talk.say(read_mentions(line))
            self._status = result.status
            self._tell(result.model)
            _print(result)
            return True
        name, rest = chat_commands.parse(line)
        if name == "/help":
            chat_commands.show_help(_COMMANDS, _KEYS, render.line)
        elif name != "/exit":
            await chat_commands.show(name, rest, talk, self._begin.budget, render.line)
        return name != "/exit"


class DistantTalk:
    """One session of a gateway that is talked to.

    Args:
        begin: the task of the session that the first message begins; its text is replaced.
    """

    def __init__(self, distant: Distant, begin: AnyTask) -> None:
        self._distant = distant
        self._begin = begin
        self._session: SessionKey | None = None
        self._model = begin.model or ""
        self.name = ""

    @property
    def model(self) -> str:
        """The model of the next answer; empty until the gateway has chosen one."""
        return self._model

    async def use_model(self, name: str) -> str:
        """Have the next answers from another model; its full name.

        Raises:
            UnknownModel, MissingKey: the gateway cannot use it.
        """
        asked = Task(_ANY_AGENT, _PROMPT, model=name)
        (priced,) = (await self._distant.sessions.price(asked)).tasks
        self._model = priced.model
        self._begin = replace(self._begin, model=priced.model)
        return priced.model

    async def turns(self) -> Sequence[Turn]:
        """What was said and answered so far."""
        if self._session is None:
            return ()
        return turns_of(await whole_history(self._distant.sessions, self._session))

    async def spend(self) -> Spend:
        """What the chat has cost so far, with everything below it."""
        if self._session is None:
            return Spend()
        costs = await self._distant.journal.costs(tree=self._session)
        return sum((cost.spend for cost in costs), Spend())

    async def find(self) -> None:
        """Find the session that the name means, unless it is an agent's.

        Raises:
            NotFound: it is neither.
            InvalidInput: nobody can talk to what it means, or an option is for a beginning.
        """
        who = self._begin.agent_name
        try:
            await self._distant.catalog.agent(who)
        except UnknownAgent as error:
            unknown = error
        else:
            return
        try:
            row = await self._distant.sessions.find(who)
        except NotFound as error:
            raise nobody(who, unknown, error) from error
        check_partner(row, self._begin)
        self._session = row.session.key
        self._model = self._model or row.run.model
        await self._call(row)

    async def say(self, message: WithFiles) -> Result:
        """Send a message, show what its run asks, and return what it answered.

        Raises:
            PagentsError: nothing was sent, or the gateway is gone.
        """
        sessions, text, files = self._distant.sessions, message.text, message.files
        if self._session is None:
            spawned = await sessions.spawn(replace(self._begin, text=text, files=files))
            self._session = spawned.session_key
            (row,) = await sessions.rows_of([spawned.run_id])
            self._model = row.run.model
            await self._call(row)
        else:
            spawned = await sessions.send(self._session, text, files=files, model=self._begin.model)
        await self._follow(spawned)
        (result,) = await sessions.wait([spawned.run_id])
        return result

    async def _call(self, row: Row) -> None:
        """Learn what a person types to come back."""
        agents = {str(each.get("name")) for each in await self._distant.catalog.agents()}
        self.name = await called(self._distant.sessions, row, agents)

    async def _follow(self, spawned: Spawned) -> None:
        """Show what the run asks, until it has ended."""
        after = await self._distant.journal.last_seq()
        following = self._distant.sessions.follow(spawned.session_key, after=0)
        async with aclosing(following) as events:
            async for event in events:
                if isinstance(event.body, Finished) and event.run == spawned.run_id:
                    return
                if isinstance(event.body, Asked) and event.seq > after:
                    question = asked_in(event, event.body)
                    render.note(f"? {question.id}  {described(question)}", "yellow")
                    render.note(f"  pagents answer {question.id} ...")


def _print(result: Result) -> None:
    if result.output_json is not None:
        render.line(as_text(result))
    if not result.is_done:
        error = result.error
        why = f": {format.one_line(error.message)}" if error else ""
        render.note(f"{format.status(result.status)}{why}", "yellow")
