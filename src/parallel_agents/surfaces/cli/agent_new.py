"""`pagents agents new`, `refine` and `register`: agents that are made, made better, and registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.agent_versions.record import Origin
from parallel_agents.app.client import App
from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import make_flow_key
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.creating import asking, request
from parallel_agents.creating.created import (
    MIN_PASS,
    MOST_ROUNDS,
    ROUNDS,
    TARGET,
    CreateOptions,
    Wanted,
)
from parallel_agents.creating.lint import lint
from parallel_agents.errors import InvalidFile, InvalidInput, NotFound
from parallel_agents.interrupts import run_cancellable
from parallel_agents.sessions.requests import check_key
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.agent_files import write_blank
from parallel_agents.surfaces.cli.agent_versions import (
    AgentArgument,
    InProject,
    note_trust,
    registry_of,
)
from parallel_agents.surfaces.cli.context import (
    AsJson,
    Home,
    MaxParallel,
    ModelName,
    Tokens,
    Usd,
    WeakJudge,
    budget_of,
    find_offers,
    find_work_context,
)
from parallel_agents.surfaces.cli.created_shown import concluded_creation, show_stages
from parallel_agents.surfaces.cli.foreground import (
    Begin,
    Display,
    Work,
    ended_before,
    note_kept,
    run_in_foreground,
)
from parallel_agents.surfaces.cli.log_options import executes_work
from parallel_agents.surfaces.cli.prepare_models import prepare_team
from parallel_agents.surfaces.cli.wanted_agents import read_wanted
from parallel_agents.views import format

_Target = Annotated[
    float, typer.Option(help="The score that it needs, 0 to 10.", metavar="N", min=0, max=10)
]
_Rounds = Annotated[
    int, typer.Option(help="The most versions to try.", metavar="N", min=1, max=MOST_ROUNDS)
]
_MinPass = Annotated[
    float,
    typer.Option(
        "--min-pass", help="The part of its cases that it must pass.", metavar="N", min=0, max=1
    ),
]
_JudgeModel = Annotated[
    str | None,
    typer.Option(
        "--judge-model", help="The reviewer's model; the strongest there is.", metavar="NAME"
    ),
]
_Blank = Annotated[
    bool, typer.Option("--blank", help="Write a file to begin with, without any model.")
]
_RunId = Annotated[
    str | None,
    typer.Option("--id", help="A name for the work; the same name continues it.", metavar="ID"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a command asks for.

    Attributes:
        task: the flow.
        key: identifies it.
        names: the agents that must not exist yet; none if they may.
        options: what an agent needs to be registered.
    """

    task: FlowTask
    key: str
    names: Sequence[str]
    options: CreateOptions


@executes_work
def new(
    name: Annotated[str | None, typer.Argument(help="Its name.", metavar="NAME")] = None,
    purpose: Annotated[
        str | None, typer.Argument(help="What it is for.", metavar="PURPOSE")
    ] = None,
    wanted_file: Annotated[
        Path | None,
        typer.Option("--from", help="A YAML or JSONL file of names and purposes.", metavar="FILE"),
    ] = None,
    model: ModelName = None,
    target: _Target = TARGET,
    rounds: _Rounds = ROUNDS,
    min_pass: _MinPass = MIN_PASS,
    tools: Annotated[
        str, typer.Option(help="The tools that it may have, with commas.", metavar="NAMES")
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Make a new version of an agent that exists.")
    ] = False,
    blank: _Blank = False,
    judge_model: _JudgeModel = None,
    allow_weak_judge: WeakJudge = False,
    project: InProject = False,
    usd: Usd = None,
    tokens: Tokens = None,
    max_parallel: MaxParallel = None,
    work_id: _RunId = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Have an agent made, tested and reviewed. It is registered if it is good enough.

    The same command continues it. Exits with 1 if it stays a draft.
    """
    if blank:
        if name is None or wanted_file is not None:
            raise InvalidInput(
                "--blank needs a name", hint="write: pagents agents new NAME --blank"
            )
        write_blank(name, purpose or "", project=project, home=home)
        return
    options = CreateOptions(
        target=target,
        rounds=rounds,
        min_pass=min_pass,
        tools=_listed(tools),
        replace=replace,
        judge_model=judge_model or "",
        allow_weak_judge=allow_weak_judge,
        in_project=project,
    )
    budget = budget_of(usd, tokens, None)
    wanted = [_one(name, purpose)] if wanted_file is None else _several(wanted_file, name)
    if wanted_file is None:
        task = request.create_task(wanted[0], options, model=model, budget=budget)
    else:
        task = request.create_many_task(wanted, options, model=model, budget=budget)
    names = [each.name for each in wanted]
    asked = _Asked(task=task, key=_key(work_id, task), names=names, options=options)
    _run(asked, home, max_parallel, is_json=json)


@executes_work
def refine(
    name: AgentArgument,
    purpose: Annotated[
        str, typer.Option(help="What it is for; its description.", metavar="TEXT")
    ] = "",
    model: ModelName = None,
    target: _Target = TARGET,
    rounds: _Rounds = ROUNDS,
    min_pass: _MinPass = MIN_PASS,
    judge_model: _JudgeModel = None,
    allow_weak_judge: WeakJudge = False,
    project: InProject = False,
    usd: Usd = None,
    tokens: Tokens = None,
    max_parallel: MaxParallel = None,
    work_id: _RunId = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Have an agent or a draft made better, round by round."""
    options = CreateOptions(
        target=target,
        rounds=rounds,
        min_pass=min_pass,
        judge_model=judge_model or "",
        allow_weak_judge=allow_weak_judge,
        in_project=project,
    )
    budget = budget_of(usd, tokens, None)
    task = request.refine_task(name, options, purpose=purpose, model=model, budget=budget)
    key = _key(work_id, task, _state(name, home, in_project=project))
    _run(_Asked(task=task, key=key, names=(), options=options), home, max_parallel, is_json=json)


@executes_work
def register(
    name: AgentArgument,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Without its cases and a review.")
    ] = False,
    model: ModelName = None,
    target: _Target = TARGET,
    min_pass: _MinPass = MIN_PASS,
    judge_model: _JudgeModel = None,
    allow_weak_judge: WeakJudge = False,
    project: InProject = False,
    usd: Usd = None,
    tokens: Tokens = None,
    max_parallel: MaxParallel = None,
    work_id: _RunId = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Register your agent, if it passes its cases and a review."""
    request.check_name(name)
    if unchecked:
        _register_unchecked(name, home, in_project=project)
        return
    options = CreateOptions(
        target=target,
        min_pass=min_pass,
        judge_model=judge_model or "",
        allow_weak_judge=allow_weak_judge,
        in_project=project,
    )
    task = request.register_task(name, options, model=model, budget=budget_of(usd, tokens, None))
    key = _key(work_id, task, _state(name, home, in_project=project))
    _run(_Asked(task=task, key=key, names=(), options=options), home, max_parallel, is_json=json)


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


def _one(name: str | None, purpose: str | None) -> Wanted:
    if name is None:
        raise InvalidInput(
            "nothing says which agent is wanted",
            hint='pagents agents new NAME "PURPOSE", or --from FILE',
        )
    if purpose is None:
        raise InvalidInput(
            f"nothing says what {name} is for",
            hint=f'pagents agents new {name} "Turns a list of commits into release notes" has it made; '
            f"pagents agents new {name} --blank writes a file to fill in yourself",
        )
    return Wanted(name=name, purpose=purpose)


def _several(file: Path, name: str | None) -> list[Wanted]:
    if name is not None:
        raise InvalidInput("--from and a name are given", hint="leave one of them out")
    return read_wanted(file)


def _key(given: str | None, task: FlowTask, *more: str) -> str:
    if given is not None:
        check_key(given)
    return given or request.request_key(task, *more)


def _state(name: str, home: Path | None, *, in_project: bool) -> str:
    """What the agent's files are now, by which two requests for it differ."""
    registry = registry_of(find_offers(home).environment, in_project=in_project)
    live = registry.live(name)
    if live is not None:
        return live.digest
    return registry.draft(name)[1].digest if name in registry.drafts() else ""


def _register_unchecked(name: str, home: Path | None, *, in_project: bool) -> None:
    registry = registry_of(find_offers(home).environment, in_project=in_project)
    files = registry.live(name)
    if files is None:
        raise NotFound(
            f"no agent {name!r} runs from {registry.folder}",
            hint=f"write {registry.folder / 'agents' / f'{name}.md'}",
        )
    linted = lint(name, files.agent)
    if linted.agent is None:
        raise InvalidFile("; ".join(map(str, linted.findings)), hint="correct the file")
    history = registry.history(name)
    if not history.is_edited:
        render.line(f"✔ {name} v{history.in_effect}  is registered already")
        return
    note = "registered without its cases"
    record = run_cancellable(registry.register(name, files, Origin.REGISTERED, note=note))
    render.line(f"✔ {name} v{record.version}  registered without its cases")
    for finding in linted.findings:
        render.note(f"! {finding}")
    note_trust(project=in_project)


def _run(asked: _Asked, home: Path | None, max_parallel: int | None, *, is_json: bool) -> None:
    context = find_work_context(
        home, allow_weak_judge=asked.options.allow_weak_judge, max_parallel=max_parallel
    )
    display = Display(progress.Style.TEXT, is_json)
    where = " --project" if asked.options.in_project else ""
    conclude = partial(concluded_creation, display=display, where=where)
    prepare = partial(_prepare, asked, is_json=is_json)
    exit_code = run_in_foreground(context, prepare, conclude, display, show_stages(display))()
    note_trust(project=asked.options.in_project)
    raise typer.Exit(exit_code)


async def _prepare(asked: _Asked, app: App, *, is_json: bool) -> Begin:
    """Check what is wanted, and get the model ready; the function that this returns starts the work."""
    try:
        await app.sessions.find(make_flow_key(asked.task.name, asked.key))
    except NotFound:
        for name in asked.names:
            app.keeping.check_free(name, asked.options)
        app.keeping.check_tools(asked.options)
        app.keeping.registry(in_project=asked.options.in_project)
    creator: AnyAgent = app.catalog.agent(asking.CREATOR)
    probe = Task(creator, "-", input={"name": "x", "purpose": "x"}, model=asked.task.model)
    plan = await app.sessions.plan_task(probe)
    app.keeping.reviewer(asked.options, asking.REVIEWER)  # refuses a model that is not there
    await prepare_team(app, TeamTask(tasks=(probe,), model=asked.task.model), [plan])

    async def begin() -> Work:
        spawned = await app.sessions.spawn_flow(asked.task, key=asked.key)
        (row,) = await app.sessions.rows_of([spawned.run_id])
        work = Work(format.name(row), row.session.key, row.run.id, {}, is_flow=True)
        if is_json:
            render.launched(work.name, work.session, agents=None)
        render.note(f"▶ {row.session.label} {work.name}{ended_before(row.run)}")
        note_kept(spawned, asked.task.budget)
        return work

    return begin
