"""Chat commands: the lines of a chat that begin with a slash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from parallel_agents.core.budget import Budget
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.usage import SIMULATED, SIMULATED_NOTICE, Spend
from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.chat_turns import Turn
from parallel_agents.views import format

COMMANDS = {
    "/help": "what can be typed here",
    "/model [NAME]": "show the model, or have the next answers from another one",
    "/cost": "what the chat has cost so far",
    "/history": "what was said and answered so far",
    "/now TEXT": "interrupt the answer with a message to it",
    "/exit": "leave; `pagents chat NAME` comes back",
}
_KEYS = (
    "Enter sends; Alt-Enter or Ctrl-J begins a new line, and so does a paste.",
    "While it answers, Enter steers it; Ctrl-C stops the answer, and twice leaves the chat.",
    '@path sends a file with the message, as does @"a path"; @@ is an @.',
)
NAMES = tuple(command.split()[0] for command in COMMANDS)


class Talk(Protocol):
    """What the commands show and change: a chat, wherever its session is."""

    @property
    def model(self) -> str:
        """The model of the next answer; empty until one is chosen."""
        ...

    async def use_model(self, name: str) -> str:
        """Have the next answers from another model; its full name.

        Raises:
            UnknownModel, MissingKey: it cannot be used.
        """
        ...

    async def turns(self) -> Sequence[Turn]:
        """What was said and answered so far."""
        ...

    async def spend(self) -> Spend:
        """What the chat has cost so far, with everything below it."""
        ...


def is_command(line: str) -> bool:
    """Whether a line is meant as a command; one after a space is not, nor a path such as /etc/hosts."""
    return line.startswith("/") and "/" not in line.split(maxsplit=1)[0][1:]


def parse(line: str) -> tuple[str, str]:
    """The command that a line names, and the rest of the line.

    Raises:
        InvalidInput: there is no such command.
    """
    name, _, rest = line.strip().partition(" ")
    name = {"/quit": "/exit", "/?": "/help"}.get(name, name)
    if name not in NAMES:
        raise InvalidInput(
            f"there is no command {name!r} in a chat",
            why=f"the commands are {', '.join(NAMES)}",
            hint=did_you_mean(name, NAMES)
            or "a message that begins with / needs a space before it",
        )
    return name, rest.strip()


async def show(
    name: str, rest: str, chat: Talk, budget: Budget, line: Callable[[str, str], None]
) -> None:
    """Execute a command that shows or chooses something.

    Raises:
        UnknownModel, MissingKey: the model cannot be used.
        InvalidInput: no answer is being written that could be interrupted.
    """
    match name:
        case "/help":
            for command, what in COMMANDS.items():
                line(f"  {command:<14} {what}", "")
            for text in _KEYS:
                line(f"  {text}", "dim")
        case "/model":
            if rest:
                model = await chat.use_model(rest)
                simulated = f", which is {SIMULATED_NOTICE}" if model.startswith(SIMULATED) else ""
                line(f"the next answers are from {model}{simulated}", "dim")
            else:
                line(chat.model or "the model that the agent or the settings choose", "")
        case "/cost":
            spend = await chat.spend()
            told = f"{format.tokens(spend)}  {format.money(spend)}"
            line(f"{told}{_of_budget(budget)}", "")
        case "/history":
            for turn in await chat.turns():
                line(f"> {turn.said}", "bold")
                line(turn.answer or "(no answer yet)", "")
        case _ if rest:
            raise InvalidInput(
                f"{name} interrupts an answer, and none is being written",
                hint=f"send it without {name}",
            )
        case _:
            raise InvalidInput(f"{name} takes a message", hint=f"write it after {name}")


def _of_budget(budget: Budget) -> str:
    parts = [
        *(() if budget.usd is None else (f"${budget.usd:g}",)),
        *(() if budget.tokens is None else (f"{budget.tokens:,} tokens",)),
    ]
    return f"  of {' and '.join(parts)}" if parts else ""
