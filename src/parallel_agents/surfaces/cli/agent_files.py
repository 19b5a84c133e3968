"""`pagents agents copy`, `edit` and `import`: files of agents that are yours to change."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from parallel_agents.agent_imports.finding import files_at, read_foreign
from parallel_agents.agent_imports.foreign_agent import ForeignAgent
from parallel_agents.agent_imports.taking_over import Taken, take_over
from parallel_agents.app.models import make_registry
from parallel_agents.catalog.agent_file import parse_agent
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.source import Source, read_source
from parallel_agents.core.json_value import Json
from parallel_agents.creating.request import check_name
from parallel_agents.creating.writing import agent_file
from parallel_agents.errors import Conflict, InvalidFile, InvalidInput, NotFound, PagentsError
from parallel_agents.files import make_private_folders, write_private
from parallel_agents.settings import Environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.agent_versions import (
    AgentArgument,
    InProject,
    note_trust,
    registry_of,
)
from parallel_agents.surfaces.cli.context import AsJson, Home, find_offers
from parallel_agents.surfaces.cli.editor import edit_file
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.first_call import cases_of, first_call
from parallel_agents.surfaces.cli.templates import write_new

_OTHER = "name another one, or move that file away"
_NewName = Annotated[
    str | None, typer.Argument(help="What the copy is called; the same by default.", metavar="NEW")
]


def copy(
    name: AgentArgument, new: _NewName = None, project: InProject = False, home: Home = None
) -> None:
    """Copy an agent and its cases into your home, to change them. Yours comes before a built-in one."""
    environment = find_offers(home).environment
    catalog = _catalog(environment)
    catalog.agent(name)  # refuses an unknown name, and a file that is not valid
    folder = registry_of(environment, in_project=project).folder
    called = new or name
    agents = {entry.name: entry.file for entry in catalog.agents()}
    cases = {entry.name: entry.file for entry in catalog.all_cases()}
    text = _renamed(read_source(agents[name]).text, "name", called)
    target = folder / "agents" / f"{called}.md"
    agent = parse_agent(Source(target, text))
    _write(target, text)
    if name in cases:
        _write(
            folder / "cases" / f"{called}.yaml",
            _renamed(read_source(cases[name]).text, "agent", called),
        )
    note_trust(project=project)
    call = first_call(agent, cases_of(catalog, name))
    render.note(f"Next: pagents agents edit {called} · {call}")


def edit(name: AgentArgument, project: InProject = False, home: Home = None) -> None:
    """Edit an agent of yours in $VISUAL or $EDITOR; what is wrong is told before it takes effect."""
    environment = find_offers(home).environment
    folder = registry_of(environment, in_project=project).folder / "agents"
    file = folder / f"{name}.md"
    if not file.is_file():
        agent = _catalog(environment).agent(name)
        raise NotFound(
            f"{agent.name} is not in {folder}",
            why="its file lies in another folder, or it is built in",
            hint=f"make it yours first: pagents agents copy {name}",
        )
    before, draft = read_source(file).text, folder / f".{name}.edited.md"

    def check(text: str) -> None:
        parse_agent(Source(file, text))

    saved = edit_file(draft, file, before, environment.variables, check)
    if saved is not None:
        if read_source(file).text != before:
            raise Conflict(
                f"{file} was changed while you were editing",
                why=f"what you saved is kept in {draft}",
                hint="bring the two together by hand",
            )
        write_private(file, saved.encode())
    draft.unlink(missing_ok=True)
    render.line(f"✔ Wrote {file}" if saved is not None else f"{file} stays as it was.")
    if saved is not None:
        note_trust(project=project)


def write_blank(name: str | None, purpose: str, *, project: bool, home: Path | None) -> None:
    """Write an agent that is complete and does little, to begin with.

    Raises:
        PagentsError: it exists, or cannot have that name.
    """
    if name is None:
        raise InvalidInput("--blank needs a name", hint="write: pagents agents new NAME --blank")
    environment = find_offers(home).environment
    check_name(name)
    target = registry_of(environment, in_project=project).folder / "agents" / f"{name}.md"
    _refuse_taken(name, target, environment)
    told = purpose or f"Does what {name} should do."
    front: dict[str, Json] = {"name": name, "description": told, "tier": "small"}
    text = agent_file(front, f"{told}\n\nSay how it works, and what its answer looks like.")
    agent = parse_agent(Source(target, text))
    _write(target, text)
    note_trust(project=project)
    render.note(f"Next: pagents agents edit {name} · {first_call(agent, ())}")


def _refuse_taken(name: str, target: Path, environment: Environment) -> None:
    """Refuse the name of an agent elsewhere, in whose place a blank one would run from now on.

    Raises:
        InvalidInput: there is such an agent.
    """
    if not target.exists() and name in {entry.name for entry in _catalog(environment).agents()}:
        raise InvalidInput(
            f"there is an agent {name!r} already",
            why="a blank one would take its place wherever it is named",
            hint=f"choose another name, or change a copy of it: pagents agents copy {name}",
        )


def import_agents(
    path: Annotated[
        Path,
        typer.Argument(
            help="A file of .claude/agents or .codex/prompts, an agents.yaml of CrewAI, a SKILL.md, or a folder.",
            metavar="PATH",
        ),
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="What a single agent is called.", metavar="NAME")
    ] = None,
    project: InProject = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Import agents of other programs, and report what could not be taken over.

    Nothing in them is executed. A tool is taken over only if one here does the same, and one that acts
    asks before each call; permissions, hooks and servers are never taken over.
    """
    context = find_offers(home)
    folder = registry_of(context.environment, in_project=project).folder / "agents"
    models = make_registry(context.environment, context.settings).names()
    results = [each for file in files_at(path) for each in _read(file)]
    if name is not None and len(results) != 1:
        raise InvalidInput(
            f"--name is for one agent, and {path} has {len(results)}", hint="leave it out"
        )
    present = frozenset(entry.name for entry in _catalog(context.environment).agents())
    into = _Into(folder, present, models, name or "")
    done = [_import(each, into) for each in results]
    if json:
        items = [_as_json(each) for each in done]
        render.envelope("imported", time.time(), items)
    else:
        for each in done:
            _show(each)
        written = [each.taken.agent.name for each in done if each.taken is not None]
        if written:
            note_trust(project=project)
            render.note(
                f"Next: pagents agents show {written[0]} · pagents agents edit {written[0]}"
            )
    if any(each.taken is None for each in done):
        raise typer.Exit(Exit.PARTIAL if any(each.taken for each in done) else Exit.FAILED)


class _Read(NamedTuple):
    """A file, and the agent in it or what is wrong with it."""

    file: Path
    content: ForeignAgent | PagentsError


class _Done(NamedTuple):
    """An agent that was written, or why it was not."""

    file: Path
    target: Path | None
    taken: Taken | None
    error: PagentsError | None


def _read(file: Path) -> list[_Read]:
    try:
        return [_Read(file, each) for each in read_foreign(file)]
    except InvalidFile as error:
        return [_Read(file, error)]


class _Into(NamedTuple):
    """Where agents are written, the names of those that there are, and the models that are known."""

    folder: Path
    present: frozenset[str]
    models: list[str]
    name: str


def _import(read: _Read, into: _Into) -> _Done:
    if isinstance(read.content, PagentsError):
        return _Done(read.file, None, None, read.content)
    try:
        taken = take_over(read.content, into.folder, into.models, name=into.name)
        _refuse_shadow(taken.agent.name, into.present)
        target = into.folder / f"{taken.agent.name}.md"
        _write(target, taken.text, is_told=False)
    except (InvalidFile, InvalidInput) as error:
        return _Done(read.file, None, None, error)
    return _Done(read.file, target, taken, None)


def _refuse_shadow(name: str, present: frozenset[str]) -> None:
    """Refuse a name that is taken: teams that name the agent would be given a stranger's.

    Raises:
        InvalidInput: there is such an agent.
    """
    if name in present:
        raise InvalidInput(
            f"there is an agent {name!r} already",
            why="an imported one would take its place in every team",
            hint="rename it in the file, or, if the file has no other agent, give it another --name",
        )


def _catalog(environment: Environment) -> Catalog:
    return Catalog(environment.folders, environment.accept)


def _show(done: _Done) -> None:
    if done.error is not None:
        render.error(done.error)
        return
    assert done.taken is not None, "what has no error was taken over"
    render.line(f"✔ {done.taken.agent.name}  {done.target}", "bold")
    for each in done.taken.taken:
        render.line(f"  taken     {each}")
    for each in done.taken.left:
        render.line(f"  left out  {each}", "yellow")


def _as_json(done: _Done) -> dict[str, Json]:
    if done.taken is None:
        error = done.error
        told = {"code": error.code, "message": error.message} if error is not None else {}
        return {"from": str(done.file), "name": None, "error": told}
    return {
        "from": str(done.file),
        "name": done.taken.agent.name,
        "file": str(done.target),
        "taken": list(done.taken.taken),
        "left_out": list(done.taken.left),
    }


def _write(target: Path, text: str, *, is_told: bool = True) -> None:
    try:
        make_private_folders(target.parent)
    except OSError as error:
        raise InvalidInput(
            f"{target.parent} cannot be made", why=str(error), hint="name another home"
        ) from error
    write_new(target, text, hint=_OTHER)
    if is_told:
        render.line(f"✔ Wrote {target}")


def _renamed(text: str, field: str, name: str) -> str:
    """The text with another name in the first field of that name at the beginning of a line."""
    return re.sub(rf"^{field}:.*$", lambda _: f"{field}: {name}", text, count=1, flags=re.MULTILINE)
