"""URL option: `--url` for each command, which asks a distant gateway instead of the home of this machine."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from typing import Annotated

import typer

from parallel_agents.errors import InvalidInput, NotAtDistance

_NAME = "url"
_OPTION = "--url"
# The modules of commands that ask a gateway, and those that use no home with sessions in it.
_DISTANT = frozenset(
    {"list", "show", "history", "watch", "wait", "cost", "report", "steer", "kill", "answer"}
    | {"audit", "inbox", "spawn", "dlq", "limits", "run", "do"}
)
_OF_THIS_MACHINE = frozenset(
    {"config", "docs", "init", "models", "schema", "secrets", "trust", "validate", "serve"}
    | {"agents", "teams", "catalogs", "doctor", "skill", "openclaw", "completion", "work"}
    | {"editor", "permissions", "check_model", "service_manager"}
)


def _choose(url: str | None) -> str | None:
    if url is not None:
        # Only settings write the environment, and --help does not need them.
        import_module("parallel_agents.settings").choose_gateway(url)
    return url


_Option = Annotated[
    str | None,
    typer.Option(
        _OPTION,
        help="Ask the gateway at this address, with the token in PARALLEL_AGENTS_TOKEN.",
        metavar="URL",
        is_eager=True,
        callback=_choose,
    ),
]


def take_leading_url(arguments: Sequence[str]) -> list[str]:
    """A command line whose `--url`, if it begins with one, stands after its command instead.

    Raises:
        InvalidInput: it names no address.
    """
    name, equals, value = arguments[0].partition("=") if arguments else ("", "", "")
    if name != _OPTION:
        return [*arguments]
    rest = arguments[1:] if equals else arguments[2:]
    url = value if equals else "".join(arguments[1:2])
    if not url or url.startswith("-"):
        raise InvalidInput(
            f"{_OPTION} names no address",
            hint=f"name one: pagents {_OPTION} https://box:7333 COMMAND",
        )
    _choose(url)
    return [*rest]


def with_url(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the option."""
    signature = inspect.signature(command, eval_str=True)
    module = command.__module__.rpartition(".")[2]

    @wraps(command)
    def called(**given: object) -> None:
        _check(module, is_given=given.pop(_NAME) is not None)
        command(**given)

    option = inspect.Parameter(
        _NAME, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_Option
    )
    parameters = [*signature.parameters.values(), option]
    called.__dict__["__signature__"] = signature.replace(parameters=parameters)
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called


def _check(module: str, *, is_given: bool) -> None:
    """Refuse a command that would use this machine's home although a gateway is named.

    Raises:
        NotAtDistance: it would.
    """
    if module in _DISTANT or (module in _OF_THIS_MACHINE and not is_given):
        return
    if not import_module("parallel_agents.settings").choose_gateway():
        return
    raise NotAtDistance(
        f"`pagents {module.replace('_', '-')}` is not possible over --url yet",
        why="" if is_given else "PARALLEL_AGENTS_URL names a gateway",
        hint="do it on the machine on which the gateway runs; or leave --url out and unset"
        " PARALLEL_AGENTS_URL, to do it on this machine",
    )
