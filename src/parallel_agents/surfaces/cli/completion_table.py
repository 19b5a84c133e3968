"""Completion table: all commands with their options and arguments, as data that a shell's Tab reads.

`python -m parallel_agents.surfaces.cli.completion_table` writes it anew; a test compares it with the
commands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from typing import Any

import orjson

from parallel_agents.errors import PagentsError
from parallel_agents.models.local.known import known_models
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.simulated.days import DAYS, PROVIDER
from parallel_agents.settings import Settings
from parallel_agents.surfaces.cli.agent_templates import templates
from parallel_agents.surfaces.cli.main import COMMANDS, build
from parallel_agents.surfaces.completion.answering import TABLE
from parallel_agents.surfaces.plugins.clients import CLIENTS
from parallel_agents.views.session_query import FIELDS, STATES

_KINDS = {
    "team": "teams",
    "agent": "agents",
    "agents": "agents",
    "reduce": "agents",
    "resolver": "agents",
    "model": "models",
    "judge_model": "models",
    "tag": "tags",
    "profile": "profiles",
    "--for": "clients",
    "--id": "runs",
    "--code": "codes",
}
# Arguments that are called alike mean different things to different commands.
_ARGUMENTS = {
    "agent": "agents",
    "who": "agents|sessions",
    "words": "filters|sessions",
    "tree": "sessions",
    "question": "sessions",
    ("compare", "a"): "sessions",
    ("compare", "b"): "sessions",
    ("agents", "name"): "agents",
    ("agents init", "template"): "templates",
    ("config", "name"): "settings",
    ("models use", "name"): "models",
    ("teams", "name"): "teams",
    ("permissions", "name"): "agents",
    ("models check", "name"): "models",
    ("models path", "name"): "embedded",
    ("models pull", "name"): "embedded",
    ("limits set", "model"): "models",
    ("graph", "name"): "teams",
    ("validate", "name"): "teams",
    ("docs", "name"): "pages|codes",
    ("store prune", "names"): "sessions",
    ("dlq", "name"): "letters",
    ("dlq", "names"): "letters",
}
_OF_SESSIONS = frozenset(
    {
        "audit",
        "cost",
        "diff",
        "retry",
        "export",
        "fork",
        "history",
        "kill",
        "merge",
        "pause",
        "report",
        "resume",
        "send",
        "show",
        "steer",
        "unpause",
        "wait",
        "watch",
        "workspaces",
    }
)
# What the value of each field of a filter is; any text of the others.
_FILTERS = {
    "state": sorted(STATES),
    "agent": "agents",
    "label": "",
    "model": "models",
    "tag": "tags",
    "since": ["10m", "2h", "1d", "7d"],
    "in": "sessions",
    "text": "",
}


# What may stand before the command, which Click does not see, and the kind of its value.
_BEFORE_COMMANDS: Mapping[str, str | None] = {
    "--profile": "profiles",
    "--url": "",
    "--log-file": "",
    "--log-json": None,
    "-v": None,
}


def table_of() -> dict[str, Any]:
    """The commands, and the names that do not depend on the machine."""
    commands: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for name in COMMANDS:
        root: Any = build([name])
        commands[name] = _entry(root.commands[name], (name,))
        options = _options(root.params, ())
    models = {
        f"{provider.name}/{model}"
        for provider in read_providers().values()
        for model in provider.tiers.values()
    }
    names = {
        "models": ["local", *(f"{PROVIDER}/{day}" for day in DAYS), *sorted(models)],
        "settings": sorted(field.name for field in fields(Settings)),
        "filters": [f"{name}:" for name in FIELDS],
        "embedded": [model.model_name for model in known_models()],
        "templates": sorted(templates()),
        "clients": sorted(CLIENTS),
        "codes": sorted({kind.code.removeprefix("PA-") for kind in _errors(PagentsError)}),
    }
    options |= _BEFORE_COMMANDS
    root_entry: dict[str, Any] = {"options": options, "arguments": [], "commands": commands}
    return {"root": root_entry, "names": names, "filters": _FILTERS}


def _errors(kind: type[PagentsError]) -> Iterator[type[PagentsError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _errors(below)


def table_text() -> bytes:
    """The table as its file has it: a line for each command."""
    table = table_of()
    root: Mapping[str, Any] = table["root"]
    lines = [
        b"%s: %s" % (orjson.dumps(name), orjson.dumps(entry))
        for name, entry in sorted(root["commands"].items())
    ]
    commands = b",\n".join(lines)
    return (
        b'{"names": %s,\n"filters": %s,\n"root": {"options": %s, "arguments": [], "commands": {\n%s\n}}}\n'
        % (
            orjson.dumps(table["names"]),
            orjson.dumps(table["filters"]),
            orjson.dumps(root["options"]),
            commands,
        )
    )


def _entry(command: Any, path: Sequence[str]) -> dict[str, Any]:  # noqa: ANN401 - Click's
    below: Mapping[str, Any] = getattr(command, "commands", {})
    return {
        "options": _options(command.params, path),
        "arguments": [
            _kind(each, path) for each in command.params if each.param_type_name == "argument"
        ],
        "commands": {name: _entry(each, (*path, name)) for name, each in below.items()},
    }


def _options(params: Sequence[Any], path: Sequence[str]) -> dict[str, Any]:
    """Each option with the kind of its value; None for a flag."""
    found: dict[str, Any] = {"--help": None}
    for each in params:
        if each.param_type_name == "option":
            kind = None if each.is_flag or each.count else _kind(each, path)
            found |= dict.fromkeys(each.opts, kind)
    return found


def _kind(param: Any, path: Sequence[str]) -> str | list[str]:  # noqa: ANN401 - Click's
    """What a value is: one of several, a kind of names, or, if empty, something else."""
    annotation = param.type_descriptor.annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(each.value) for each in annotation]
    if param.param_type_name == "option":
        named = next((_KINDS[name] for name in param.opts if name in _KINDS), "")
        return named or _KINDS.get(param.name, "")
    if param.name in {"name", "names"} and path[0] in _OF_SESSIONS:
        return "sessions"
    named = (" ".join(path), path[0])
    found = next((_ARGUMENTS[at, param.name] for at in named if (at, param.name) in _ARGUMENTS), "")
    return found or _ARGUMENTS.get(param.name, "")


def main() -> None:
    """Write the table beside the code that reads it."""
    TABLE.write_bytes(table_text())


if __name__ == "__main__":
    main()
