"""docs/reference.md, made from the code: `python -m tests.docs.reference` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from typer.core import TyperGroup

import parallel_agents as pa
from parallel_agents import errors
from parallel_agents.catalog.agent_file import AgentFields
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.fields import Fields
from parallel_agents.catalog.team_fields import TaskFields, TeamFields
from parallel_agents.core.run import RunStatus
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
