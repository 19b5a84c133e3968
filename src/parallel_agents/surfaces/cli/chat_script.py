"""ChatScript: a chat whose stdin is not a terminal: each line is a turn, answered before the next."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

from parallel_agents.core.budget import Budget
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.errors import InvalidInput, PagentsError
from parallel_agents.surfaces.cli import chat_commands, render
from parallel_agents.surfaces.cli.chat_files import read_mentions
from parallel_agents.surfaces.cli.chat_turns import Conversation
from parallel_agents.surfaces.cli.exits import exit_of
from parallel_agents.views import format
from parallel_agents.views.questions import described, example_answer

_FENCE = '"""'
_MOST_BYTES = 4_000_000


class ChatScript:
    """Reads lines of stdin and prints the answers; questions are answered elsewhere."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.exit = 0

    def text(self, piece: str) -> None:
        """Answers are printed as a whole."""

    def said(self) -> None:
        """Answers are printed as a whole."""

    def note(self, text: str, style: str = "dim") -> None:
        render.note(f"  {text}", style)

    def doing(self, text: str) -> None:
        """Nobody watches."""

    def asked(self, question: OpenQuestion) -> None:
        render.note(f"? {question.id}  {described(question)}", "yellow")
        render.note(f"  pagents answer {question.id} {example_answer(question)}")

    def answered(self) -> None:
        """The answer is in the journal."""

    async def run(self, chat: Conversation, live: Row | None) -> None:
        """Have each message of stdin answered.

        Raises:
            PagentsError: a message could not be sent; those after it are not read.
        """
        if live is not None:
            self._show(await chat.take_up(live))
        lines = messages()
        while (message := await asyncio.to_thread(next, lines, None)) is not None:
            if not message.strip():
                continue
            if not chat_commands.is_command(message):
                self._show(await chat.say(read_mentions(message)))
                continue
            name, rest = chat_commands.parse(message)
            if name == "/exit":
                return
            await chat_commands.show(name, rest, chat, self._budget, render.line)

    def _show(self, result: Result) -> None:
        if result.status is RunStatus.DONE:
            render.line(format.output(result.output))
            for notice in format.notices(result):
                render.note(f"note: {notice}", "yellow")
        else:
            render.result(result)
            self.exit = self.exit or exit_of(result.status)


def messages() -> Iterator[str]:
    """The messages of stdin: lines, and several at once between lines of three quotes.

    Raises:
        InvalidInput: a line is not UTF-8 or too long, or the quotes are not closed.
    """
    block: list[str] | None = None
    while line := sys.stdin.buffer.readline(_MOST_BYTES + 1):
        if len(line) > _MOST_BYTES:
            raise InvalidInput(
                "a line of stdin is too long",
                why=f"a message has at most {_MOST_BYTES:,} bytes",
                hint="split it, or name a file with @path",
            )
        try:
            text = line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InvalidInput("a line of stdin is not UTF-8", why=str(error)) from error
        if text.strip() == _FENCE:
            if block is None:
                block = []
            else:
                yield "\n".join(block)
                block = None
        elif block is None:
            yield text
        else:
            block.append(text)
    if block is not None:
        raise InvalidInput(
            "a message that begins with three quotes does not end",
            hint=f"close it with a line of {_FENCE}",
        )


async def talk(script: ChatScript, chat: Conversation, live: Row | None) -> bool:
    """Run a script, and say what of it went wrong where it ends; True once it was read to its end."""
    try:
        await script.run(chat, live)
    except PagentsError:
        if name := await chat.called():
            render.note(f"Continue with: pagents chat {name}")
        raise
    return True
