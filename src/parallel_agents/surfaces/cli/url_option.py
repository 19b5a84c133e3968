"""URL option: `--url` for each command, which asks a distant gateway instead of the home of this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from importlib import import_module
from typing import Annotated

import typer

from parallel_agents.errors import NotAtDistance
from parallel_agents.surfaces.cli.added_option import with_option
from parallel_agents.surfaces.cli.leading_option import take_leading

_OPTION = "--url"
# The modules of commands that ask a gateway, and those that use no home with sessions in it.
DISTANT = frozenset(
    {"list", "show", "history", "watch", "wait", "cost", "report", "steer", "kill", "answer"}
    | {
        "audit",
        "inbox",
        "spawn",
        "dlq",
        "limits",
        "run",
        "do",
        "chat",
        "top",
        "health",
        "search",
        "retry",
    }
    | {
        "state",
        "artifact",
        "export",
        "agents",
        "teams",
        "mcp",
        "diff",
        "merge",
        "workspaces",
        "map",
        "fork",
        "compare",
        "pause",
    }
)
OF_THIS_MACHINE = frozenset(
    {"config", "config_changes", "docs", "init", "models", "plans", "secrets", "trust", "serve"}
    | {"agent_files", "agent_new", "agent_versions", "agent_templates", "catalogs", "doctor"}
    | {"skill", "openclaw", "completion", "work", "editor", "permissions", "check_model"}
    | {"service_manager", "mcp_servers", "demo"}
)
# Those that are about this machine although others of their module ask a gateway.
_HERE = frozenset({"mcp:list_servers", "mcp:check_servers"})
_THERE = "type it on the machine on which the gateway runs, such as: ssh BOX {command}"
# Why a command is not for a gateway, where that is not plain, by its module.
WHY = {
    "store": "the care of a store belongs to whoever has its files",
    "models": "keys and models are those of the machine that calls them",
    "doctor": "it examines this machine",
    "work": "a worker executes the work of the machine that it runs on",
    "board": "boards and alerts are files of the gateway's home",
    "judge": "it calls models with the keys of this machine",
    "agent_tests": "it calls models with the keys of this machine",
    "agent_cards": "it reads what the tests of this machine have reported",
    "demo": "it runs in the home of this machine",
    "metrics": "Prometheus reads those of a gateway at its /metrics",
    "mcp": "MCP servers are those of the machine that executes the work",
    "agent_new": "it writes files of agents on this machine",
    "config": "settings are those of this machine",
    "config_changes": "settings are those of this machine",
}
# The address of a `--url` before the command, which the command itself does not see.
_leading = ContextVar("_leading", default="")


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
    url, rest = take_leading(arguments, _OPTION, names="address", example="https://box:7333")
    if url is None:
        return rest
    _choose(url)
    _leading.set(url)
    return rest


def with_url(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the option."""
    where = _where(command)
    return with_option(command, "url", _Option, lambda url: _check(where, is_given=url is not None))


def _check(where: str, *, is_given: bool) -> None:
    """Refuse a command that would use this machine's home although a gateway is named.

    Raises:
        NotAtDistance: it would.
    """
    module = where.partition(":")[0]
    is_here = module in OF_THIS_MACHINE or where in _HERE
    if module in DISTANT and not is_here:
        return
    is_given = is_given or bool(_leading.get())
    if is_here and not is_given:
        return
    if not import_module("parallel_agents.settings").choose_gateway():
        return
    command = f"pagents {_name_of(where)}"
    why = WHY.get(module, "")
    named = "" if is_given else "PARALLEL_AGENTS_URL names a gateway"
    raise NotAtDistance(
        f"`{command}` is not possible over --url",
        why="; ".join(filter(None, (why, named))),
        hint=f"{_THERE.format(command=command)}; or leave --url out and unset PARALLEL_AGENTS_URL,"
        " to do it on this machine",
    )


def _name_of(where: str) -> str:
    """The command that has a function, named as `module:function`, with its group, which is loaded then."""
    package = __name__.rpartition(".")[0]
    commands = import_module(f"{package}.commands").COMMANDS
    for name, each in commands.items():
        if each.where == where:
            return name
        group: typer.Typer | None = getattr(sys.modules.get(f"{package}.{each.where}"), "app", None)
        for one in group.registered_commands if group is not None else ():
            called = one.callback
            if called is not None and where == _where(called):
                return f"{name} {one.name or called.__name__.replace('_', '-')}"
    return where.partition(":")[0].replace("_", "-")


def _where(command: Callable[..., object]) -> str:
    return f"{command.__module__.rpartition('.')[2]}:{command.__name__}"
