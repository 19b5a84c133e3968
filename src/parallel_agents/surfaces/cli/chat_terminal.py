"""ChatTerminal: a chat at a terminal: typing while the answer arrives."""

from __future__ import annotations

import asyncio
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Coroutine, Sequence
from typing import TypeAlias

from parallel_agents.core.budget import Budget
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.verbs import Sessions
from parallel_agents.errors import AlreadyAnswered, PagentsError
from parallel_agents.errors.base import where_to_look
from parallel_agents.interrupts import unless
from parallel_agents.surfaces.cli import chat_commands, render
from parallel_agents.surfaces.cli.chat_files import WithFiles, read_mentions
from parallel_agents.surfaces.cli.chat_screen import ChatScreen
from parallel_agents.surfaces.cli.chat_turns import Conversation
from parallel_agents.surfaces.cli.invocation import as_called
from parallel_agents.surfaces.cli.line_editor import (
    Ended,
    Interrupted,
    LineEditor,
    Sent,
    Suspended,
    Typed,
)
from parallel_agents.surfaces.cli.question_prompt import how_to_answer, read_answer
from parallel_agents.surfaces.cli.terminal_keys import CAN_TAKE_KEYS, TerminalKeys
from parallel_agents.views import format
from parallel_agents.views.questions import described

Line: TypeAlias = tuple[str, str]  # a text and its style
Turning: TypeAlias = Coroutine[None, None, None]
Answering: TypeAlias = Coroutine[None, None, Result]

_MOST_BYTES = 65_536
_SIZE_SECONDS = 0.25
_TWICE_SECONDS = 2.0
# Nobody has read a question and answered it sooner.
_READ_SECONDS = 0.5


def can_chat() -> bool:
    """Whether somebody can type here while an answer arrives."""
    return CAN_TAKE_KEYS and sys.stdin.isatty() and sys.stdout.isatty()


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


class ChatTerminal:
    """Reads what is typed, and shows a conversation above it."""

    def __init__(self, sessions: Sessions, budget: Budget) -> None:
        self._sessions = sessions
        self._budget = budget
        self._editor = LineEditor()
        self._keys = TerminalKeys(_write)
        has_styles = render.out().color_system is not None and not render.out().no_color
        self._screen = ChatScreen(_write, self._editor, has_styles=has_styles)
        self._typed: asyncio.Queue[Typed] = asyncio.Queue()
        self._question: OpenQuestion | None = None
        self._asked_at = 0.0
        self._interrupted_at = -_TWICE_SECONDS
        self._turn: asyncio.Task[None] | None = None

    def text(self, piece: str) -> None:
        self._screen.text(piece)

    def said(self) -> None:
        self._screen.end_text()

    def note(self, text: str, style: str = "dim") -> None:
        self._screen.line(text, style)

    def doing(self, text: str) -> None:
        self._screen.status(f"… {text}" if text else "")

    def asked(self, question: OpenQuestion) -> None:
        self._question, self._asked_at = question, time.monotonic()
        self._screen.line(f"? {question.id}  {described(question)}", "yellow")
        self._screen.line(f"  type {how_to_answer(question)}, and press Enter")
        if self._editor.text:
            self._editor.set_aside()
            self._screen.line("  what you had typed is set aside; ↑ brings it back", "dim")

    def answered(self) -> None:
        self._question = None

    async def run(
        self,
        chat: Conversation,
        live: Row | None,
        stop: asyncio.Event,
        greeting: Sequence[Line],
    ) -> None:
        """Talk until somebody leaves, or `stop` is set."""
        loop = asyncio.get_running_loop()
        self._keys.take()
        self._take_typed_ahead()
        loop.add_reader(sys.stdin.fileno(), self._read)
        resizing = asyncio.create_task(self._follow_size())
        try:
            for text, style in greeting:  # only now: whoever reads it may type
                self._screen.line(text, style)
            if live is not None:
                self._begin(self._show(chat, chat.take_up(live)))
            await unless(stop, self._listen(chat))
        finally:
            loop.remove_reader(sys.stdin.fileno())
            await self._end(resizing, self._turn)
            self._screen.end_text()
            self._screen.clear()
            self._keys.give_back()

    async def _listen(self, chat: Conversation) -> None:
        while await self._take(chat, await self._typed.get()):
            pass
        if self._is_answering:
            self._screen.line(await chat.leave(), "yellow")

    async def _follow_size(self) -> None:
        """Draw anew after a change of the size, whose signal only the main thread would get."""
        size = shutil.get_terminal_size()
        while True:
            await asyncio.sleep(_SIZE_SECONDS)
            if (now := shutil.get_terminal_size()) != size:
                size = now
                self._screen.refresh()

    async def _end(self, *tasks: asyncio.Task[None] | None) -> None:
        for task in tasks:
            if task is not None:
                task.cancel()
                await asyncio.wait({task})

    def _take_typed_ahead(self) -> None:
        """Read what was typed before this began, when the terminal still made Enter a line feed."""
        if select.select([sys.stdin], [], [], 0)[0]:
            data = os.read(sys.stdin.fileno(), _MOST_BYTES)
            for each in self._editor.feed(data.replace(b"\n", b"\r")):
                self._typed.put_nowait(each)

    def _read(self) -> None:
        try:
            data = os.read(sys.stdin.fileno(), _MOST_BYTES)
        except OSError:  # the terminal is gone
            data = b""
        if not data:
            self._typed.put_nowait(Ended())
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            return
        for each in self._editor.feed(data):
            self._typed.put_nowait(each)
        self._screen.refresh()

    async def _take(self, chat: Conversation, typed: Typed) -> bool:
        """Act on what was typed; False to leave."""
        match typed:
            case Sent(text=text):
                return await self._sent(chat, text)
            case Interrupted():
                return await self._interrupted(chat)
            case Suspended():
                self._suspend()
                return True
            case Ended():
                return False

    async def _sent(self, chat: Conversation, text: str) -> bool:
        text = _unfenced(text)
        if not text.strip():
            return True
        self._screen.line(f"> {text}", "bold")
        try:
            if chat_commands.is_command(text):
                return await self._command(chat, text)
            if self._question is not None:
                await self._answer(self._question, text.strip())
            else:
                await self._say(chat, text)
        except PagentsError as error:
            self._error(error)
        return True

    async def _command(self, chat: Conversation, text: str) -> bool:
        name, rest = chat_commands.parse(text)
        if name == "/exit":
            return False
        if name == "/now" and rest and self._is_answering:
            await self._steer(chat, rest, now=True)
        else:
            await chat_commands.show(name, rest, chat, self._budget, self._screen.line)
        return True

    @property
    def _is_answering(self) -> bool:
        return self._turn is not None and not self._turn.done()

    async def _say(self, chat: Conversation, text: str) -> None:
        if not self._is_answering:
            self._begin(self._show(chat, chat.say(read_mentions(text))))
        else:
            await self._steer(chat, text)

    async def _steer(self, chat: Conversation, text: str, *, now: bool = False) -> None:
        message = read_mentions(text)
        if message.files:
            self._screen.line(
                "an image or PDF waits for the next message: send it again then", "yellow"
            )
            return
        if await chat.steer(message.text, now=now):
            return
        if self._is_answering:
            chat.keep(message.text)  # `_show` sends it once the answer is shown
        else:
            self._begin(self._show(chat, chat.say(message)))

    def _begin(self, turn: Turning) -> None:
        self._turn = asyncio.create_task(turn)

    async def _show(self, chat: Conversation, turn: Answering) -> None:
        """Show the answer of a turn, and then those of the messages that came too late for it."""
        try:
            result = await turn
            self._result(chat, result)
            while result.status is not RunStatus.KILLED and (left := chat.take_pending()):
                self._screen.line("→ sent as the next message", "dim")
                result = await chat.say(WithFiles("\n\n".join(left), ()))
                self._result(chat, result)
        except PagentsError as error:
            self._error(error)
        finally:
            self._question = None

    def _result(self, chat: Conversation, result: Result) -> None:
        self._screen.end_text()
        if result.status is RunStatus.KILLED:
            chat.take_pending()
            self._screen.line("■ stopped; the model will not see what it had written", "yellow")
            return
        if not chat.shows(result):
            self._screen.line(format.output(result.output))
        for notice in format.notices(result):
            self._screen.line(f"note: {notice}", "yellow")
        if result.error is not None:
            failure = result.error
            self._screen.line(f"✖ {failure.code}  {failure.message}", "red")
            for text in (failure.why, as_called(failure.hint), where_to_look(failure.code)):
                if text:
                    self._screen.line(f"  {text}")
        spend = result.total_spend
        told = f"{format.seconds(result.seconds)} · {format.tokens(spend)} · {format.money(spend)}"
        self._screen.line(f"{told} · {result.model}", "dim")

    def _error(self, error: PagentsError) -> None:
        self._screen.line(f"✖ {error.code}  {error.message}", "red")
        for text in (error.why, as_called(error.hint)):
            if text:
                self._screen.line(f"  {text}")

    async def _answer(self, question: OpenQuestion, line: str) -> None:
        if time.monotonic() - self._asked_at < _READ_SECONDS:
            self._screen.line("  sent before the question could be read; send it again", "yellow")
            return
        answer = read_answer(question, line)
        if answer is None:
            self._screen.line(f"  type {how_to_answer(question)}", "yellow")
            return
        self._question = None
        try:
            await self._sessions.answer(question.id, answer)
        except AlreadyAnswered as error:
            self._error(error)
        except PagentsError:
            self._question = question
            raise

    async def _interrupted(self, chat: Conversation) -> bool:
        """Stop the answer; a second Ctrl-C leaves."""
        now, before = time.monotonic(), self._interrupted_at
        self._interrupted_at = now
        if now - before < _TWICE_SECONDS:
            return False
        if self._is_answering and chat.key is not None:
            await chat.stop()
        else:
            self._screen.line("Ctrl-C once more, Ctrl-D or /exit leaves the chat", "dim")
        return True

    def _suspend(self) -> None:
        self._screen.clear()
        self._keys.give_back()
        os.kill(os.getpid(), signal.SIGTSTP)
        self._keys.take()
        self._screen.refresh()


def _unfenced(text: str) -> str:
    """A message without the quotes around its lines."""
    lines = text.strip()
    is_fenced = len(lines) >= len('""""""') and lines.startswith('"""') and lines.endswith('"""')
    return lines[3:-3].strip("\n") if is_fenced else text
