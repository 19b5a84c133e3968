"""Usage refusal: what is told of a command line that cannot be parsed, and what was probably meant."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from parallel_agents.core.problems import Invalid, describe_problem
from parallel_agents.core.spelling import closest, meant
from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.other_words import command_meant, option_meant, text_meant
from parallel_agents.views.query_fields import FIELDS

_PROGRAM = "pagents"
_WITH_TEXT = {
    "pagents spawn": 'pagents spawn code_reviewer "Review this" -f app.py --wait',
    "pagents send": 'pagents send NAME "Make it shorter" --wait',
    "pagents steer": 'pagents steer NAME "Make it shorter"',
}
# By the command, and by what Click says that it lacks.
_EXAMPLES = {
    **{
        (path, "missing argument 'text'"): f"say what to do, in quotes, after the name: {example}"
        for path, example in _WITH_TEXT.items()
    },
    ("pagents do", "missing argument 'goal'"): (
        'say what is to be reached, in quotes: pagents do "Compare these three libraries"'
    ),
}
_WITH_FILTERS = ("pagents list", "pagents search")
_INPUT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_CHOICE = re.compile(r"'([^']*)' is not one of (.*)")
_FILES = frozenset({"-f", "--file"})


@runtime_checkable
class UsageError(Protocol):
    """What Click raises; Typer does not export its base class."""

    message: str
    exit_code: int

    def format_message(self) -> str: ...

    def show(self) -> None: ...


class _Called(NamedTuple):
    """The command that a command line names, as far as there is one.

    Attributes:
        path: such as `pagents dlq retry`.
    """

    path: str
    command: Any  # Click's, which Typer does not export


def refusal_of(
    error: UsageError,
    command: Any,  # noqa: ANN401 - Click's, which Typer does not export
    arguments: Sequence[str],
) -> InvalidInput:
    """The refusal of a command line.

    Args:
        error: what Click says of it.
        command: the whole command line.
        arguments: those that were given.
    """
    cause = getattr(error, "__cause__", None)
    if isinstance(cause, Invalid):
        error.message = describe_problem(cause)
    called = _called(command, arguments)
    option = getattr(error, "option_name", "")
    text = (error.message if option else error.format_message()).rstrip(".")
    text, _, _ = text.partition(". Did you mean ")
    hint = _about_option(option, text, called, arguments) or _about_arguments(
        text, called, arguments
    )
    return InvalidInput(f"{text[:1].lower()}{text[1:]}", hint=hint)


def _called(command: Any, arguments: Sequence[str]) -> _Called:  # noqa: ANN401 - Click's
    path = [_PROGRAM]
    for argument in arguments:
        below = getattr(command, "commands", None)
        if below is None:
            break
        if argument in below:
            command = below[argument]
            path.append(argument)
        elif not argument.startswith("-"):
            break
    return _Called(" ".join(path), command)


def _about_option(option: str, text: str, called: _Called, arguments: Sequence[str]) -> str:
    """What to do about an option; empty if the command line is wrong in another way."""
    if not option:
        return ""
    if "requires an argument" in text:
        name = next((each.metavar for each in called.command.params if option in each.opts), None)
        return f"write it as {option} {name or 'VALUE'}; `{called.path} -h` shows all options"
    if "does not take a value" in text:
        return f"write {option} alone; `{called.path} -h` shows all options"
    known = [*_names(called.command)]
    if option in known:
        return f"options come after the command: {called.path} {option}"
    if filtered := _as_filter(option, called, arguments):
        return filtered
    if known_as := option_meant(called.path, option, known, [*_arguments(called.command)]):
        return known_as
    near = closest(option.removeprefix("--"), [each.removeprefix("--") for each in known])
    is_first = option == next(iter(arguments), "").partition("=")[0]
    if near and is_first and called.path != _PROGRAM:
        return f"did you mean --{near}? Options come after the command: {called.path} --{near}"
    usage = f"`{called.path} -h` shows"
    if near:
        return f"did you mean --{near}? {usage} all options"
    if is_first:
        return "options come after the command, as in `pagents list --json`"
    return f"{usage} how to use it"


def _as_filter(option: str, called: _Called, arguments: Sequence[str]) -> str:
    """What to write for an option that is a field of the filters which a command takes; empty otherwise."""
    field = option.removeprefix("--")
    if called.path not in _WITH_FILTERS or field not in FIELDS:
        return ""
    given = next(n for n, each in enumerate(arguments) if each.partition("=")[0] == option)
    joined = arguments[given].partition("=")[2]
    value = joined or next(iter(arguments[given + 1 :]), "")
    value = FIELDS[field] if not value or value.startswith("-") else value
    return f"it is a filter: {called.path} {shlex.quote(f'{field}:{value}')}"


def _names(command: Any) -> Iterator[str]:  # noqa: ANN401 - Click's
    """The long names of the options of a command."""
    yield "--help"
    for each in command.params:
        for name in (*each.opts, *each.secondary_opts):
            if name.startswith("--") and not getattr(each, "hidden", False):
                yield name


def _arguments(command: Any) -> Iterator[str]:  # noqa: ANN401 - Click's
    """The names of the arguments of a command."""
    for each in command.params:
        if each.param_type_name == "argument":
            yield each.name


def _about_arguments(text: str, called: _Called, arguments: Sequence[str]) -> str:
    path = called.path
    if path == _PROGRAM and (team_file := _team_file(arguments)):
        return f"to run a team file, write: pagents run {team_file}"
    if "unexpected extra arg" in text and (known_as := _about_surplus(called, arguments)):
        return known_as
    if example := _EXAMPLES.get((path, text.casefold())):
        return example
    usage = f"`{path} -h` shows how to use it"
    if choice := _CHOICE.search(text):
        return meant(choice[1], re.findall(r"'([^']*)'", choice[2]), usage)
    if text.casefold().startswith("no such command"):
        wrong = text.partition("'")[2].removesuffix("'")
        if known_as := command_meant(path, wrong):
            return known_as
        if path == _PROGRAM and " " in wrong:
            return text_meant(wrong)
        all_names = f"`{path} -h` lists all commands"
        return meant(wrong, called.command.commands, all_names, otherwise=usage)
    return usage


def _about_surplus(called: _Called, arguments: Sequence[str]) -> str:
    """What to do about more arguments than a command takes; empty if nobody can tell."""
    path = called.path
    if not _FILES.isdisjoint(arguments):
        return "each file has its own -f, and a pattern stands in quotes: -f 'src/*.py'"
    if given := _input(called, arguments):
        return f"an input has its -i: {path} … -i {given}"
    if path in _WITH_TEXT:
        return f"a text of several words stands in quotes: {_WITH_TEXT[path]}"
    if path == "pagents run":
        return "it takes one team file; `pagents spawn AGENT TEXT --wait` asks one agent"
    return ""


def _input(called: _Called, arguments: Sequence[str]) -> str:
    """The first argument that is an input without its option; empty if there is none, or no such option."""
    if not any("-i" in each.opts for each in called.command.params):
        return ""
    pairs = zip(arguments, ("", *arguments), strict=False)
    found = (each for each, before in pairs if _INPUT.match(each) and not before.startswith("-"))
    given = next(found, "")
    return shlex.quote(given) if given else ""


def _team_file(arguments: Sequence[str]) -> str:
    """The team file that stands where a command should; empty for anything else."""
    first = next((each for each in arguments if not each.startswith("-")), "")
    return first if first.endswith((".yaml", ".yml")) else ""
