"""Added option: an option of every command, which the command itself need not know of."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps


def with_option(
    command: Callable[..., None],
    name: str,
    annotation: object,
    take: Callable[[object], None] | None = None,
) -> Callable[..., None]:
    """A command with an option more, by the end of its signature.

    Args:
        command: it does not get the option's value.
        name: of the parameter.
        annotation: its type, as typer reads it.
        take: is called with the value before the command is.
    """
    signature = inspect.signature(command, eval_str=True)

    @wraps(command)
    def called(**given: object) -> None:
        value = given.pop(name)
        if take is not None:
            take(value)
        command(**given)

    option = inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )
    parameters = [*signature.parameters.values(), option]
    called.__dict__["__signature__"] = signature.replace(parameters=parameters)
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called
