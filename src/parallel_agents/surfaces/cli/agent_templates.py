"""`pagents agents init`: an agent of your own from a template, with its cases."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.catalog.agent_file import parse_agent
from parallel_agents.catalog.agent_template import AgentTemplate, lacking, parse_template
from parallel_agents.catalog.case_file import parse_cases
from parallel_agents.catalog.catalog import BUILT_IN
from parallel_agents.catalog.source import Source, read_source
from parallel_agents.core.cutting import head
from parallel_agents.errors import InvalidInput
from parallel_agents.files import make_folders
from parallel_agents.links import real_path
from parallel_agents.settings import find_project_around, read_user_environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import Home
from parallel_agents.surfaces.cli.first_call import first_call
from parallel_agents.surfaces.cli.templates import find_template, write_new
from parallel_agents.trust import PROJECT_FOLDER

_TEMPLATES = BUILT_IN / "templates"
_SHOWN = 80


def templates() -> dict[str, Path]:
    """The file of each template by its name."""
    return {each.stem: each for each in sorted((_TEMPLATES / "agents").glob("*.md"))}


def init(
    template: Annotated[
        str | None,
        typer.Argument(help="A template; without one, all are listed.", metavar="TEMPLATE"),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="The value of a placeholder."),
    ] = None,
    project: Annotated[
        bool, typer.Option("--project", help="Write it into the project's folder.")
    ] = False,
    home: Home = None,
) -> None:
    """Write an agent of your own from a template, and its cases.

    What is not set is asked for at a terminal. A file that exists is not overwritten.
    """
    found = templates()
    if template is None:
        if given or project:
            raise InvalidInput(
                "no template is named", hint="write: pagents agents init TEMPLATE ..."
            )
        _list(found)
        return
    made = parse_template(read_source(find_template(template, found, _BLANK)))
    values = _values(given)
    made.check(values)
    targets = {
        folder / f"{template}{suffix}": folder.name
        for folder, suffix in _places(home, is_project=project)
    }
    for target in targets:
        _refuse_existing(target)
    text = made.filled(_asked(made, values))
    cases = (_TEMPLATES / "cases" / f"{template}.yaml").read_text("utf-8")
    for target, kind in targets.items():
        _make_folder(target.parent)
        write_new(target, text if kind == "agents" else cases, hint=_OTHER)
        render.note(f"Wrote {target}")
    trusted = "pagents trust · " if project else ""
    (agent_file, cases_file) = targets
    call = first_call(
        parse_agent(Source(agent_file, text)), parse_cases(Source(cases_file, cases), template)
    )
    render.note(f"Next: {trusted}pagents agents show {template} · {call}")


_BLANK = "`pagents agents new NAME --blank` writes one to begin with"
_OTHER = "edit that file, or move it away and run this again"


def _list(templates: dict[str, Path]) -> None:
    rows: list[tuple[str, str, str]] = []
    for name, file in templates.items():
        template = parse_template(read_source(file))
        rows.append((name, template.agent.description, ", ".join(template.required)))
    render.table(("TEMPLATE", "WHAT IT DOES", "NEEDS"), rows)
    render.note("Write one: pagents agents init TEMPLATE [--set NAME=VALUE ...]")


def _values(given: list[str] | None) -> dict[str, str]:
    """`name=value` pairs as values.

    Raises:
        InvalidInput: a pair has no name or no `=`, or a name is given twice.
    """
    values: dict[str, str] = {}
    for pair in given or ():
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise InvalidInput(
                f"--set {head(pair, _SHOWN)!r} is not NAME=VALUE",
                hint='write --set home_city="Lyon"',
            )
        if name in values:
            raise InvalidInput(
                f"--set {head(name, _SHOWN)} is given twice", hint="set each placeholder once"
            )
        values[name] = value
    return values


def _places(home: Path | None, *, is_project: bool) -> tuple[tuple[Path, str], ...]:
    """The folders of the agent and of its cases, with the endings of their files."""
    environment = read_user_environment(home)
    folder = environment.home
    if is_project:
        around = find_project_around(environment)
        folder = Path.cwd() / PROJECT_FOLDER if around is None else around.folder
        if real_path(folder) == real_path(environment.home):
            raise InvalidInput(
                "the current folder is not in a project",
                why=f"{folder} is your home, where agents of all projects are",
                hint="change to the project's folder, or leave out --project",
            )
    return (folder / "agents", ".md"), (folder / "cases", ".yaml")


def _refuse_existing(target: Path) -> None:
    """Refuse a file that is there, even as a broken link, before anything is asked.

    Raises:
        InvalidInput: it exists.
    """
    if target.is_symlink() or target.exists():
        raise InvalidInput(f"{target} exists already", hint=_OTHER)


def _make_folder(folder: Path) -> None:
    try:
        make_folders(folder)
    except OSError as error:
        raise InvalidInput(
            f"{folder} cannot be made",
            why=error.strerror or str(error),
            hint="name a folder that you can write",
        ) from error


def _asked(template: AgentTemplate, values: dict[str, str]) -> dict[str, str]:
    """The values with those that a person at the terminal adds.

    Raises:
        InvalidInput: a required value is missing, and nobody can be asked.
    """
    if not (sys.stdin.isatty() and render.err().is_terminal):
        if missing := template.missing(values):
            raise lacking(template, missing)
        return values
    asked = dict(values)
    for name, placeholder in template.placeholders.items():
        if name in values:
            continue
        shown = f"{name}: {placeholder.description}, such as {placeholder.example!r}"
        while name not in asked:
            answer = typer.prompt(shown, default=placeholder.default, err=True)
            try:
                template.check({name: str(answer)})
            except InvalidInput as error:
                render.error(error)
            else:
                asked[name] = str(answer)
    return asked
