"""Leading option: an option with a value that stands before the command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.errors import InvalidInput


class Leading(NamedTuple):
    """The value of an option, None if the command line does not begin with it, and what follows."""

    value: str | None
    rest: list[str]


def take_leading(arguments: Sequence[str], option: str, *, names: str, example: str) -> Leading:
    """Take an option with its value from the beginning of a command line.

    Args:
        arguments: the command line.
        option: such as `--url`; its value follows it, or an equals sign.
        names: what the value is the name of, such as `address`.
        example: a value, for the hint.

    Raises:
        InvalidInput: it has no value.
    """
    name, equals, value = arguments[0].partition("=") if arguments else ("", "", "")
    if name != option:
        return Leading(None, [*arguments])
    chosen = value if equals else "".join(arguments[1:2])
    if not chosen or chosen.startswith("-"):
        raise InvalidInput(
            f"{option} names no {names}", hint=f"name one: pagents {option} {example} COMMAND"
        )
    return Leading(chosen, [*(arguments[1:] if equals else arguments[2:])])
