"""Profile option: `--profile` for each command, which need not know of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Annotated

import typer

_NAME = "profile"


def _choose(name: str | None) -> str | None:
    if name is not None:
        # Only settings write the environment, and --help does not need them.
        import_module("parallel_agents.settings").choose_profile(name)
    return name


_Option = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help="Use the settings of this profile.",
        metavar="NAME",
        is_eager=True,
        callback=_choose,
    ),
]


def with_profile(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the option."""
    signature = inspect.signature(command, eval_str=True)

    @wraps(command)
    def called(**given: object) -> None:
        given.pop(_NAME)
        command(**given)

    option = inspect.Parameter(
        _NAME, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_Option
    )
    parameters = [*signature.parameters.values(), option]
    called.__dict__["__signature__"] = signature.replace(parameters=parameters)
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called
