"""`pagents agents history`, `diff`, `revert` and `drafts`: the versions of agents, and what is not registered."""

from __future__ import annotations

import time
from typing import Annotated

import orjson
import typer

from parallel_agents.agent_versions.record import Proof, version_number
from parallel_agents.agent_versions.registry import AgentRegistry
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput, NotFound
from parallel_agents.interrupts import run_cancellable
from parallel_agents.settings import Environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_offers
from parallel_agents.views import format
from parallel_agents.views.version_documents import changed_lines

AgentArgument = Annotated[str, typer.Argument(help="An agent.", metavar="NAME")]
InProject = Annotated[
    bool, typer.Option("--project", help="In the project's folder instead of the home.")
]
_Version = Annotated[str, typer.Argument(help="A version, such as v2.", metavar="VERSION")]
_Versions = Annotated[
    list[str] | None,
    typer.Argument(
        help="One version, to compare with what runs, or two; by default the last one.",
        metavar="VERSION",
    ),
]
_RUNS = "what runs"


def history(
    name: AgentArgument, project: InProject = False, json: AsJson = False, home: Home = None
) -> None:
    """List the versions of an agent, with scores and cases."""
    environment = find_offers(home).environment
    registry = registry_of(environment, in_project=project)
    found = registry.history(name)
    if json:
        items = [_as_json(record) for record in found.records]
        render.envelope(
            "versions", time.time(), items, in_effect=found.in_effect, edited=found.is_edited
        )
        return
    if not found.records and registry.live(name) is None:
        _explain_missing(name, environment)
    rows = [
        (
            f"v{record.version}",
            format.moment(record.at),
            record.origin.value,
            _score(record.proof),
            _cases(record.proof),
            record.proof.model or "—",
            "runs" if record.version == found.in_effect else "",
            record.note,
        )
        for record in found.records
    ]
    if rows:
        render.table(("VERSION", "WHEN", "FROM", "SCORE", "CASES", "MODEL", "", "NOTE"), rows)
    else:
        render.note(f"{name} has no versions yet.")
    for record in found.records:
        if record.proof.weakness:
            judge = record.proof.judge_model
            render.note(f"v{record.version} was scored by a weak judge, {judge}")
    if found.is_edited:
        is_known = "is edited, not registered" if rows else "is not registered"
        render.note(f"The file that runs {is_known}: pagents agents register {name}")


def diff(
    name: AgentArgument, versions: _Versions = None, project: InProject = False, home: Home = None
) -> None:
    """Compare versions of an agent and of its cases."""
    registry = registry_of(find_offers(home).environment, in_project=project)
    if versions and len(versions) > 2:
        raise InvalidInput("more than two versions are named", hint="name one or two")
    numbers = [version_number(each) for each in versions or ()]
    if not numbers:
        records = registry.history(name).records
        if not records:
            raise NotFound(
                f"{name} has no versions here", hint=f"pagents agents register {name} makes one"
            )
        numbers = [records[-1].version]
    before = registry.version(name, numbers[0])[1]
    after = registry.version(name, numbers[1])[1] if len(numbers) == 2 else registry.live(name)
    if after is None:
        raise NotFound(f"no agent {name!r} runs from this folder", hint="name two versions")
    called = f"v{numbers[1]}" if len(numbers) == 2 else _RUNS
    lines = [*changed_lines(name, before, after, (f"v{numbers[0]}", called))]
    for line in lines:
        render.line(line, _style(line))
    if not lines:
        render.note(f"v{numbers[0]} and {called} are the same.")


def revert(
    name: AgentArgument, version: _Version, project: InProject = False, home: Home = None
) -> None:
    """Put an earlier version of an agent into effect again. It becomes the next version."""
    registry = registry_of(find_offers(home).environment, in_project=project)
    number = version_number(version)
    record = run_cancellable(registry.revert(name, number))
    kept = registry.history(name).records
    if record.before is not None and kept[record.before - 1].origin.value == "edited by hand":
        render.note(f"What was edited by hand is kept as v{record.before}.")
    render.line(f"✔ {name} v{record.version}  is v{number} again")
    note_trust(project=project)


def drafts(project: InProject = False, json: AsJson = False, home: Home = None) -> None:
    """List the agents that are not registered, and why."""
    registry = registry_of(find_offers(home).environment, in_project=project)
    found = {name: registry.draft(name)[0] for name in registry.drafts()}
    if json:
        items = [{"name": name, **_as_json(record)} for name, record in found.items()]
        render.envelope("drafts", time.time(), items)
        return
    for name, record in found.items():
        told = f"{_score(record.proof)} of {record.proof.target or 0:g}"
        render.line(f"{name}  score {told}, cases {_cases(record.proof)}", "bold")
        for reason in record.reasons:
            render.line(f"  {format.one_line(reason)}")
    if not found:
        render.note("There are no drafts.")
        return
    name = next(iter(found))
    where = " --project" if project else ""
    render.note(f"Next: pagents agents refine {name}{where} · {registry.folder / 'drafts'}")


def registry_of(environment: Environment, *, in_project: bool) -> AgentRegistry:
    """The registry of the project's folder or of the home.

    Raises:
        InvalidInput: there is no project.
    """
    if not in_project:
        return AgentRegistry(environment.home)
    if environment.project is None:
        raise InvalidInput(
            "there is no project here",
            why="no folder around the current one has a .parallel-agents folder that you trust",
            hint="make one: mkdir .parallel-agents; or leave --project out",
        )
    return AgentRegistry(environment.project)


def note_trust(*, project: bool) -> None:
    """Say that a project's folder takes effect only as it was trusted."""
    if project:
        render.note("The project's folder has changed: pagents trust")


def _explain_missing(name: str, environment: Environment) -> None:
    agent = Catalog(environment.folders, environment.accept).agent(name)
    raise NotFound(
        f"{agent.name} has no versions in this folder",
        why="its file lies in another folder, or it is built in",
        hint="--project looks into the project's folder; `pagents agents refine` makes a version",
    )


def _style(line: str) -> str:
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")


def _score(proof: Proof) -> str:
    return "—" if proof.score is None else f"{proof.score:g}"


def _cases(proof: Proof) -> str:
    return "—" if proof.passed is None else f"{proof.passed}/{proof.cases}"


def _as_json(record: object) -> dict[str, Json]:
    return orjson.loads(orjson.dumps(record))
