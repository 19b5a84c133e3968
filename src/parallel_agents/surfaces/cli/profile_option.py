"""Profile option: `--profile` for each command, which need not know of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import takewhile
from typing import Annotated

import typer

from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.added_option import with_option
from parallel_agents.surfaces.cli.leading_option import take_leading

_OPTION = "--profile"


def _choose(name: str | None) -> str | None:
    if name is not None:
        # Only settings write the environment, and --help does not need them.
        import_module("parallel_agents.settings").choose_profile(name)
    return name


_Option = Annotated[
    str | None,
    typer.Option(
        _OPTION,
        help="Use the settings of this profile.",
        metavar="NAME",
        is_eager=True,
        callback=_choose,
    ),
]


def take_leading_profile(arguments: Sequence[str]) -> list[str]:
    """A command line whose `--profile`, if it begins with one, is chosen and taken out.

    Raises:
        InvalidInput: it names no profile, or another one follows.
    """
    chosen, rest = take_leading(arguments, _OPTION, names="profile", example="NAME")
    if chosen is None:
        return rest
    before = takewhile(lambda each: each != "--", rest)
    if any(each.partition("=")[0] == _OPTION for each in before):
        raise InvalidInput(
            f"{_OPTION} is given twice", why="it takes one value", hint=f"give {_OPTION} once"
        )
    _choose(chosen)
    return rest


def with_profile(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the option."""
    return with_option(command, "profile", _Option)
