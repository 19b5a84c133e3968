"""docs/reference.md, made from the code: `python -m tests.docs.reference` writes it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, cast, get_args

from typer.core import TyperGroup

import parallel_agents as pa
from parallel_agents import errors
from parallel_agents.catalog.agent_file import AgentFields
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.fields import Fields
from parallel_agents.catalog.team_fields import TaskFields, TeamFields
from parallel_agents.core.event import Body, Event
from parallel_agents.core.question import OpenQuestion, Question
from parallel_agents.core.run import Outcome, RunStatus
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.settings import Settings
from parallel_agents.surfaces.cli.exits import Exit, exit_of
from parallel_agents.surfaces.cli.main import COMMANDS, build

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "reference.md"
_HEAD = """\
# Reference

Made from the code by `python -m tests.docs.reference`; the tests compare the two. What each thing is for, and what else there is
to know about it, is on the pages that are linked.
"""
_STATUSES = {
    RunStatus.QUEUED: "waits for a process with a free slot",
    RunStatus.RUNNING: "is executed, or waits for its children or for a person",
    RunStatus.DONE: "has an answer that was accepted",
    RunStatus.PARTIAL: "a team, flow or map of which a part is done",
    RunStatus.FAILED: "has an error that says why",
    RunStatus.TIMED_OUT: "its time was up; what it had is kept",
    RunStatus.KILLED: "was ended by a person, a program or its parent",
    RunStatus.OVER_BUDGET: "its next call could have cost more than was left",
    RunStatus.UNREADABLE: "its record in the store is damaged",
}


def text() -> str:
    """The page as it must be."""
    catalog = Catalog()
    agents, teams = catalog.agents(), catalog.teams()
    commands = [*_commands()]
    kinds = sorted({*_kinds(errors.PagentsError)}, key=lambda kind: (kind.code, kind.__name__))
    settings = fields(Settings)
    return "\n".join(
        [
            _HEAD,
            f"It has {len(commands)} commands, {len(settings)} settings, {len(RunStatus)} statuses, "
            f"{len(kinds)} errors, {len(agents)} agents, {len(teams)} teams, "
            f"{len(read_providers())} providers and {len(pa.__all__)} public names.\n",
            "## Commands\n",
            _table(("command", "does", "options"), commands),
            "## Exit codes\n",
            _table(("code", "name"), ((f"`{each.value}`", each.name) for each in Exit)),
            "## Statuses\n",
            _table(("status", "the run", "exit code"), map(_status, RunStatus)),
            *_fields("Fields of an agent's file", "agents.md#an-agent", AgentFields),
            *_fields("Fields of a team's file", "agents.md#a-team", TeamFields),
            *_fields("Fields of a task", "agents.md#a-team", TaskFields),
            "## All settings\n",
            "[Settings](settings.md) says where each can be set.\n",
            _table(
                ("setting", "default", "meaning"),
                (
                    (f"`{f.name}`", _default(getattr(Settings(), f.name)), f.metadata["sentence"])
                    for f in settings
                ),
            ),
            "## Error codes\n",
            _table(("code", "class", "again?"), map(_error, kinds)),
            "## Agents\n",
            _table(("agent", "does"), ((_card(e.name), _one_line(e.content)) for e in agents)),
            "## Teams\n",
            _table(("team", "does"), ((f"`{e.name}`", _one_line(e.content)) for e in teams)),
            *_events(),
            "## Public names\n",
            ", ".join(f"`{name}`" for name in sorted(pa.__all__)) + "\n",
        ]
    )


def _commands() -> Iterator[tuple[str, str, str]]:
    for name in COMMANDS:
        group = build([name])
        command = group.commands[name]
        if not isinstance(command, TyperGroup):
            yield _command(f"pagents {name}", command)
            continue
        if command.invoke_without_command and "list" not in command.commands:
            yield _command(f"pagents {name}", command)
        for leaf, leaf_command in command.commands.items():
            yield _command(f"pagents {name} {leaf}", leaf_command)


def _command(name: str, command: Any) -> tuple[str, str, str]:
    options = [
        f"`{max(cast('list[str]', parameter.opts), key=len)}`"
        for parameter in command.params
        if parameter.param_type_name == "option" and not getattr(parameter, "hidden", False)
    ]
    shown = [
        each for each in options if each not in ("`--help`", "`--home`", "`--profile`", "`--url`")
    ]
    anchor = name.replace(" ", "-")
    first = re.split(r"(?<=[.;:]) |\n", (command.help or "").strip(), maxsplit=1)[0]
    return f"[`{name}`](cli.md#{anchor})", first.rstrip(".;:"), ", ".join(shown) or "-"


def _status(status: RunStatus) -> tuple[str, str, str]:
    return f"`{status.value}`", _STATUSES[status], f"`{exit_of(status).value}`"


def _fields(title: str, link: str, table: type[Fields]) -> Iterator[str]:
    yield f"## {title}\n"
    yield f"[What they mean]({link})\n"
    rows = (
        (f"`{name}`", "yes" if field.is_required() else "no")
        for name, field in table.model_fields.items()
    )
    yield _table(("field", "required"), rows)


def _events() -> Iterator[str]:
    """The fields of what `follow` and `questions` give, and of each kind of event."""
    yield "## Events\n"
    yield (
        "[Following a run](python.md#following-a-run) shows how to use them. The classes are in `parallel_agents.events`.\n"
    )
    for kind in (Event, Outcome, OpenQuestion, Question):
        yield f"Fields of `{kind.__name__}`:\n"
        yield _table(("field", "type", "meaning"), _described(kind))
    yield "The `body` of an event is one of:\n"
    yield _table(("kind", "class", "meaning", "fields"), map(_body, get_args(Body)))


def _described(kind: type) -> Iterator[tuple[str, str, str]]:
    meanings, types = _meanings(kind), inspect.get_annotations(kind)
    for name in types:
        yield f"`{name}`", _type(types[name]), meanings.get(name, "")
    for name, value in vars(kind).items():
        if isinstance(value, property) and not name.startswith("_"):
            returns = inspect.get_annotations(cast("Any", value.fget))["return"]
            yield f"`{name}`", _type(returns), (value.__doc__ or "").split("\n")[0]


def _meanings(kind: type) -> dict[str, str]:
    """What the docstring of a class says of its attributes."""
    text = (inspect.getdoc(kind) or "").partition("Attributes:\n")[2]
    found = re.findall(r"^    (\w+(?:, \w+)*): (.*(?:\n {8}.*)*)", text, re.MULTILINE)
    told = {names: " ".join(meaning.split()).replace("|", "\\|") for names, meaning in found}
    return {name: meaning for names, meaning in told.items() for name in names.split(", ")}


def _body(kind: Any) -> tuple[str, str, str, str]:
    annotations = inspect.get_annotations(kind)
    told = " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())
    names = [f"{name}: {kind}" for name, kind in annotations.items() if name != "kind"]
    (tag,) = [each.default for each in fields(kind) if each.name == "kind"]
    return f"`{tag}`", f"`{kind.__name__}`", told, ", ".join(map(_type, names))


def _type(annotation: object) -> str:
    told = getattr(annotation, "__forward_arg__", annotation)
    return f"`{told}`".replace("|", "\\|")


def _default(value: object) -> str:
    if value is None or value in ({}, (), ""):
        return "-"
    if isinstance(value, tuple):
        return ", ".join(map(str, cast("tuple[object, ...]", value)))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kinds(kind: type[errors.PagentsError]) -> Iterator[type[errors.PagentsError]]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from _kinds(subclass)


def _error(kind: type[errors.PagentsError]) -> tuple[str, str, str]:
    code = f"[`{kind.code}`](errors.md#{kind.code.lower()})"
    is_call = issubclass(kind, errors.ProviderError)
    return code, f"`{kind.__name__}`", "yes" if is_call and kind.retryable else "-"


def _card(name: str) -> str:
    card = DOCS / "library" / f"{name}.md"
    return f"[`{name}`](library/{name}.md)" if card.exists() else f"`{name}`"


def _one_line(content: object) -> str:
    description = str(getattr(content, "description", ""))
    return " ".join(description.split()).replace("|", "\\|")


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(titles)
    lines = [head, ["---"] * len(head), *map(list, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(text(), "utf-8")
