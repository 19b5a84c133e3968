"""Place: the options that every command takes, and the home and settings that they choose."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

import orjson
import typer

from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput
from parallel_agents.settings import Environment, Settings, load, read_environment

T = TypeVar("T")

Home = Annotated[
    Path | None,
    typer.Option(help="The folder of the store; PARALLEL_AGENTS_HOME or ~/.parallel-agents."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelName = Annotated[
    str | None, typer.Option("--model", "-m", help="provider/model, or local.", metavar="NAME")
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input", "-i", metavar="NAME=VALUE", help="An input; NAME=@FILE reads it from a file."
    ),
]
Timeout = Annotated[float | None, typer.Option(help="Seconds for the whole.", metavar="SECONDS")]
Name = Annotated[
    str,
    typer.Argument(help="An id, the start of one, a label, RUN/LABEL, or @last.", metavar="NAME"),
]


class Place(NamedTuple):
    environment: Environment
    settings: Settings


def find_place(home: Path | None = None, **flags: object) -> Place:
    """The home and the settings for a command; a flag of None was not given."""
    environment = read_environment(home)
    return Place(environment, load(environment, flags).settings)


def read_inputs(given: list[str] | None, schema: Mapping[str, Json] | None) -> dict[str, Json]:
    """`name=value` pairs as values.

    `name=@file` is the file's text. A value is JSON where the schema wants other than a string.

    Raises:
        InvalidInput: a pair without `=`, a file that cannot be read, or JSON that is none.
    """
    values: dict[str, Json] = {}
    for pair in given or ():
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise InvalidInput(
                f"--input {pair[:80]!r} has no name", mend='write --input topic="Monday"'
            )
        if text.startswith("@"):
            text = read_text(Path(text[1:]))
        values[name] = text if _wants_text(name, schema) else _json(name, text)
    return values


def read_text(file: Path) -> str:
    """A file's text.

    Raises:
        InvalidInput: it cannot be read, or is no UTF-8.
    """
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"the file {file} cannot be read", why=str(error), mend="name a UTF-8 text file"
        ) from error


def _wants_text(name: str, schema: Mapping[str, Json] | None) -> bool:
    properties = (schema or {}).get("properties")
    wanted = properties.get(name) if isinstance(properties, Mapping) else None
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    return kind in (None, "string")


def _json(name: str, text: str) -> Json:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            f"--input {name} is no JSON: {text[:80]!r}",
            why=str(error),
            mend=f'write it as JSON, such as --input {name}=\'["a", "b"]\'',
        ) from error


def carry_out(work: Callable[[asyncio.Event], Coroutine[None, None, T]]) -> T:
    """Run `work`; the first Ctrl-C sets the event that it is handed, the second cancels it."""

    async def main() -> T:
        stop = asyncio.Event()
        task = asyncio.ensure_future(work(stop))

        def on_interrupt() -> None:
            if stop.is_set():
                task.cancel()
            stop.set()

        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # where a loop takes no handlers Ctrl-C stops at once
            loop.add_signal_handler(signal.SIGINT, on_interrupt)
        try:
            return await task
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    return asyncio.run(main())
