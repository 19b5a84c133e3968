"""Output option: `-o FORM`, which means the same for every command that prints results or a list."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from enum import StrEnum
from functools import wraps
from itertools import pairwise
from typing import Annotated, TypeAlias

import typer

from parallel_agents.core.cutting import head
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.item_lines import ItemForm, printing

_NAME, _JSON = "output", "json"
_FLAGS = ("--output", "-o")


class Form(StrEnum):
    """What a command prints on stdout.

    Attributes:
        TEXT: answers alone; a list is a table.
        JSON: the document of `--json`.
        JSONL: its items alone, each on a line.
        CSV: its items as rows.
        MD: Markdown.
        TABLE: a row for each result or thing.
        ID: an id or a name a line, as other commands take them.
    """

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    MD = "md"
    TABLE = "table"
    ID = "id"


Output: TypeAlias = Annotated[Form | None, "set by with_output"]
_ALL = tuple(Form)
_ITEMS = {Form.JSONL: ItemForm.JSONL, Form.CSV: ItemForm.CSV}
_PLAIN = (Form.TEXT, Form.JSON, *_ITEMS)


def with_output(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the option, if it has `--json`, which stays the same as `-o json`.

    A command with a parameter `output` takes each form, and gets what is not JSON; any other one
    prints text, JSON, or the items of it.
    """
    signature = inspect.signature(command, eval_str=True)
    if _JSON not in signature.parameters:
        return command
    takes_all = _NAME in signature.parameters
    forms = _ALL if takes_all else _PLAIN

    @wraps(command)
    def called(**given: object) -> None:
        form = given.pop(_NAME)
        items = _ITEMS.get(form)  # pyright: ignore[reportArgumentType] - what the option has parsed
        if given[_JSON] and form not in (None, Form.JSON):
            raise InvalidInput(
                f"--json and -o {form} contradict each other",
                why="a command prints one of them",
                hint="leave one of them out",
            )
        given[_JSON] = given[_JSON] or form is Form.JSON or items is not None
        if takes_all:
            given[_NAME] = None if given[_JSON] else form
        with nullcontext() if items is None else printing(items):
            command(**given)

    parameters = [each for each in signature.parameters.values() if each.name != _NAME]
    option = inspect.Parameter(
        _NAME, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_option(forms)
    )
    called.__dict__["__signature__"] = signature.replace(parameters=[*parameters, option])
    called.__annotations__ = {each.name: each.annotation for each in (*parameters, option)}
    return called


def is_json_asked(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, however it says that."""
    asked = {"--json", "--output=json", "-ojson"}
    return not asked.isdisjoint(arguments) or any(
        flag in _FLAGS and form == Form.JSON for flag, form in pairwise(arguments)
    )


def _option(forms: Sequence[Form]) -> object:
    names = "|".join(forms)

    def parse(given: str | None) -> Form | None:
        if given is None or given in forms:
            return None if given is None else Form(given)
        is_file = "." in given or "/" in given
        raise InvalidInput(
            f"-o is {head(given, 80)!r}, which this command does not print",
            why=f"it prints {', '.join(forms)}",
            hint="write it to a file with > or --out FILE"
            if is_file
            else did_you_mean(given, forms),
        )

    return Annotated[
        str | None,
        typer.Option(*_FLAGS, help="What to print.", metavar=names, callback=parse),
    ]
