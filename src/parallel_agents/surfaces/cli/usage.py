"""Usage: a command line that cannot be parsed is refused like any other wrong input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import typer

from parallel_agents.core.problems import Invalid, describe_problem
from parallel_agents.errors import InvalidInput


@runtime_checkable
class _UsageError(Protocol):
    """What Click raises; Typer does not export its base class."""

    message: str
    exit_code: int

    def format_message(self) -> str: ...

    def show(self) -> None: ...


def execute(app: Callable[..., object], arguments: Sequence[str]) -> int:
    """Run a command line, and return its exit code.

    Raises:
        InvalidInput: it cannot be parsed.
    """
    try:
        status = app(args=list(arguments), prog_name="pagents", standalone_mode=False)
    except typer.Abort:
        return 1
    except Exception as error:
        if not isinstance(error, _UsageError):
            raise
        if error.message.startswith("Usage:"):  # a group without a command: this is its help
            error.show()
            return error.exit_code
        raise _refusal(error, error.__cause__) from error
    return status if isinstance(status, int) else 0


def _refusal(error: _UsageError, cause: BaseException | None) -> InvalidInput:
    if isinstance(cause, Invalid):
        error.message = describe_problem(cause)
    text = error.format_message().rstrip(".")
    command = getattr(getattr(error, "ctx", None), "command_path", "pagents")
    return InvalidInput(f"{text[:1].lower()}{text[1:]}", hint=f"`{command} -h` shows how to use it")
