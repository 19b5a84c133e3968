"""What a model is told of a command: its output, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from parallel_agents.core.command import CommandEnd, Ending
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.tool import Access, Effect, SubjectKind, ToolContext, ToolError
from parallel_agents.errors import SandboxRefused
from parallel_agents.tools.commands.shell import python, shell


class Recorded:
    """Ends every command as it is told, and keeps what was asked for."""

    def __init__(self, end: CommandEnd | Exception) -> None:
        self.asked: list[tuple[tuple[str, ...], float, bytes]] = []
        self._end = end

    async def __call__(
        self, arguments: Sequence[str], *, timeout_seconds: float, stdin: bytes = b""
    ) -> CommandEnd:
        self.asked.append((tuple(arguments), timeout_seconds, stdin))
        if isinstance(self._end, Exception):
            raise self._end
        return self._end


def context(commands: Recorded | None) -> ToolContext:
    return ToolContext(SessionKey("s"), RunId("r"), run_command=commands)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (CommandEnd(Ending.EXITED, 0, "hi\n", 0.04), "hi\n[exit code 0, 0.0 s]"),
        (CommandEnd(Ending.EXITED, 0, "", 1.0), "[exit code 0, 1.0 s]"),
        (CommandEnd(Ending.EXITED, 3, "\x1b[1mno\x1b[0m", 2.0), "no\n[exit code 3, 2.0 s]"),
        (CommandEnd(Ending.EXITED, -9, "", 2.0), "[ended by signal 9 after 2.0 s]"),
        (
            CommandEnd(Ending.TIMED_OUT, -15, "half", 120.0),
            "half\n[ended after 120.0 s, its time limit]",
        ),
        (
            CommandEnd(Ending.TOO_MUCH_OUTPUT, -15, "y", 1.0),
            "y\n[ended because it wrote more than 10,000,000 bytes]",
        ),
    ],
)
async def test_the_output_and_the_end_are_told(end: CommandEnd, told: str) -> None:
    assert await shell.call({"command": "x"}, context(Recorded(end))) == told


async def test_a_command_line_is_given_to_a_shell_with_its_time() -> None:
    commands = Recorded(CommandEnd(Ending.EXITED, 0, "", 0.0))

    await shell.call({"command": "a | b", "timeout_seconds": 7}, context(commands))

    ((arguments, seconds, stdin),) = commands.asked
    assert arguments[1:] == ("-c", "a | b")
    assert seconds == 7
    assert stdin == b""


async def test_a_program_is_read_by_python_as_its_input() -> None:
    commands = Recorded(CommandEnd(Ending.EXITED, 0, "", 0.0))

    await python.call({"code": "print('é')"}, context(commands))

    assert commands.asked == [(("python3", "-u", "-"), 120.0, "print('é')".encode())]


async def test_what_no_program_can_be_given_is_refused() -> None:
    commands = Recorded(CommandEnd(Ending.EXITED, 0, "", 0.0))

    with pytest.raises(ToolError, match="NUL"):
        await shell.call({"command": "a\0b"}, context(commands))

    assert commands.asked == []


async def test_a_folder_that_is_refused_is_told_with_its_reason() -> None:
    commands = Recorded(SandboxRefused("the folder / is not given", why="it holds a home"))

    with pytest.raises(ToolError, match=r"the folder / is not given: it holds a home"):
        await shell.call({"command": "x"}, context(commands))


async def test_a_process_that_runs_no_commands_says_so() -> None:
    with pytest.raises(ToolError, match="runs no commands"):
        await shell.call({"command": "x"}, context(None))


def test_a_command_is_run_once_and_is_what_permissions_compare() -> None:
    assert shell.spec.effect is Effect.ONCE
    assert shell.spec.access is Access.RUN
    assert shell.spec.subject is not None
    assert shell.spec.subject.kind is SubjectKind.COMMAND
