"""Given values: what a person types for a setting, as the value that they would write into the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from parallel_agents.core.json_value import Json
from parallel_agents.core.toml import tables_of
from parallel_agents.errors import ConfigError, InvalidInput


def chosen_value(texts: Sequence[str], check: Callable[[Json], None]) -> Json:
    """The value that several texts stand for; the first reading that the setting takes.

    One text is a value of TOML if it is one, such as `8`, `true` or `["a"]`, or else itself; several
    are a list.

    Args:
        texts: one or more.
        check: raises ConfigError for a value that the setting does not take.

    Raises:
        ConfigError: it takes none of the readings; the error is that of the likeliest.
    """
    refusal: ConfigError | None = None
    for value in _readings(texts):
        try:
            check(value)
        except ConfigError as error:
            refusal = refusal or error
        else:
            return value
    if refusal is None:
        raise InvalidInput("no value is given", hint="write one after the setting's name")
    raise refusal


def _readings(texts: Sequence[str]) -> Iterator[Json]:
    if len(texts) > 1:
        yield list(texts)
        return
    for text in texts:
        read = _as_toml(text)
        if read is not None:
            yield read
        if not isinstance(read, list | dict):
            yield text
            yield [text]


def _as_toml(text: str) -> Json:
    """The value in a text; None if it is not one value."""
    try:
        tables = tables_of(f"value = {text}")
    except ValueError:
        return None
    return tables["value"] if len(tables) == 1 else None
