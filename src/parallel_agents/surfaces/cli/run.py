"""`pagents run` and `pagents resume`: run a team in the foreground, with its progress and results."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.client import App, Client
from parallel_agents.app.foreseeing import Foresight, foresee_plan
from parallel_agents.app.reading import check_exists
from parallel_agents.app.stored_work import foresee_flow, foresee_team
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import RunId, make_name
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunnerKind, RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import OnFailure, TeamTask
from parallel_agents.errors import UnknownModel
from parallel_agents.flows.plan_task import plan_task
from parallel_agents.sessions.requests import check_key
from parallel_agents.settings import Environment
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.attached import Attaching, attach, find_worked_on
from parallel_agents.surfaces.cli.context import (
    AnswersFile,
    AsJson,
    Cache,
    CliContext,
    Cwd,
    Home,
    Inputs,
    MaxParallel,
    ModelName,
    Name,
    Notified,
    SandboxMode,
    Tags,
    Timeout,
    Tokens,
    Usd,
    WeakJudge,
    WhenUsedUp,
    WorkspaceFolder,
    budget_of,
    find_context,
    find_work_context,
    workspace_of,
)
from parallel_agents.surfaces.cli.distant_options import refuse_at_distance
from parallel_agents.surfaces.cli.distant_run import (
    named_team,
    overridden,
    resumed,
    run_at_distance,
    team_at_distance,
)
from parallel_agents.surfaces.cli.do_result import concluded_do
from parallel_agents.surfaces.cli.dry_run import DryRun, print_dry_run
from parallel_agents.surfaces.cli.exits import exit_of
from parallel_agents.surfaces.cli.file_option import Texts
from parallel_agents.surfaces.cli.foreground import (
    Begin,
    Display,
    Work,
    ended_before,
    note_kept,
    run_in_foreground,
)
from parallel_agents.surfaces.cli.given_files import Given, read_texts
from parallel_agents.surfaces.cli.heard import Heard
from parallel_agents.surfaces.cli.inputs import team_values
from parallel_agents.surfaces.cli.log_options import executes_work
from parallel_agents.surfaces.cli.map_shown import (
    announce_map,
    concluded_map,
    is_map,
    show_map,
)
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.surfaces.cli.overrides import Overrides
from parallel_agents.surfaces.cli.plan_approval import is_do, show_do
from parallel_agents.surfaces.cli.prepare_models import prepare_models, prepare_team
from parallel_agents.surfaces.cli.progress import ProgressStyle
from parallel_agents.surfaces.cli.run_plan import prepare_plan
from parallel_agents.surfaces.cli.team_ended import TeamEnded, earlier_in, print_team
from parallel_agents.surfaces.cli.team_given import team_or_file
from parallel_agents.views import format


class _AskedRun(NamedTuple):
    """The team that the options ask for.

    Attributes:
        team: its name or file.
        inputs: as they were given.
        files: for the one required input that is missing.
        name: of the run; None for a new one.
    """

    team: Path | str
    inputs: list[str] | None
    files: Given
    overrides: Overrides
    name: str | None
    max_parallel: int | None

    async def prepare(self, context: CliContext, display: Display, app: App) -> Begin:
        """Get the models ready; the function that this returns starts the work."""
        found = app.catalog.team(self.team)
        values = team_values(found, self.inputs, self.files)
        if found.plan is not None:
            plan = self.overrides.apply_to_plan(found.plan)
            task = await prepare_plan(app, context.environment, plan, found.filled(values))
            count, is_json = len(plan.steps), display.is_json
            return partial(_begin_plan, app, task, self.name, count, is_json=is_json)
        asked = self.overrides.team_task(found, values)
        return await prepare_run(
            app,
            asked,
            self.name,
            self.max_parallel,
            style=display.style,
            is_json=display.is_json,
        )

    async def foreseen(self, environment: Environment, client: Client) -> Foresight:
        """The sessions that it would start, as far as that is known."""
        found = client.catalog.team(self.team)
        values = team_values(found, self.inputs, self.files)
        if found.plan is None:
            asked = self.overrides.team_task(found, values)
            return await foresee_team(client, await client.sessions.plan_team(asked, key=self.name))
        plan, filled = self.overrides.apply_to_plan(found.plan), found.filled(values)
        work = await foresee_plan(client, environment, plan, filled)
        planned = await client.sessions.plan_flow(plan_task(plan, filled), key=self.name)
        return await foresee_flow(client, planned, work)


@executes_work
def run(
    team_file: Annotated[
        Path | None, typer.Argument(help="A team file.", metavar="TEAMFILE")
    ] = None,
    team: Annotated[str | None, typer.Option(help="A team by name.", metavar="NAME")] = None,
    inputs: Inputs = None,
    file: Texts = None,
    run_id: Annotated[
        str | None,
        typer.Option("--id", help="A name for the run; the same name continues it.", metavar="ID"),
    ] = None,
    model: ModelName = None,
    max_parallel: MaxParallel = None,
    timeout: Timeout = None,
    on_failure: Annotated[
        OnFailure | None, typer.Option(help="What happens to the other tasks when one fails.")
    ] = None,
    cache: Cache = None,
    usd: Usd = None,
    tokens: Tokens = None,
    on_limit: WhenUsedUp = None,
    tag: Tags = None,
    notify: Notified = None,
    answers: AnswersFile = None,
    workspace: WorkspaceFolder = None,
    cwd: Cwd = None,
    allow_weak_judge: WeakJudge = False,
    sandbox: SandboxMode = None,
    dry_run: DryRun = False,
    style: ProgressStyle = progress.Style.AUTO,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """Run a team, by name or from a file, and return every result.

    The same --id continues the run: finished work is not done again.
    """
    if run_id is not None:
        check_key(run_id)
    context = find_work_context(
        home,
        answers=answers,
        allow_weak_judge=allow_weak_judge,
        max_parallel=max_parallel,
        sandbox=sandbox,
        notify=notify,
        tags=tag,
    )
    place, budget = workspace_of(workspace, cwd), partial(budget_of, usd, tokens, on_limit)
    overrides = Overrides(model, max_parallel, timeout, budget, on_failure, cache, place)

    given = read_texts(file, "a team", "show it to one agent: pagents spawn AGENT TEXT -f FILE")
    chosen = team_or_file(team_file, team)
    asked = _AskedRun(chosen, inputs, given, overrides, run_id, max_parallel)
    begin = _run_at_distance if context.environment.gateway else _run_here
    begin(context, asked, tag or (), Display(style, json, output), is_dry=dry_run)


def _run_here(
    context: CliContext, asked: _AskedRun, _tags: Sequence[str], display: Display, *, is_dry: bool
) -> None:
    if is_dry:
        plan = partial(asked.foreseen, context.environment)
        print_dry_run(context, plan, is_json=display.is_json)
    else:
        _run_to_the_end(context, partial(asked.prepare, context, display), display)


def _run_at_distance(
    context: CliContext, asked: _AskedRun, tags: Sequence[str], display: Display, *, is_dry: bool
) -> None:
    key = asked.name or (None if is_dry else make_name())
    sent = overridden(asked.overrides, key, tags)
    ask = partial(named_team, team=asked.team, inputs=asked.inputs, given=asked.files, asked=sent)
    team_at_distance(context, ask, Attaching(*display), sent.budget, is_dry=is_dry)


async def prepare_run(
    app: App,
    asked: TeamTask,
    key: str | None = None,
    max_parallel: int | None = None,
    *,
    style: progress.Style = progress.Style.NONE,
    is_json: bool = False,
) -> Begin:
    """Plan a team and get its models ready; the function that this returns starts it."""
    plans = await app.sessions.plan_team(asked, key=key)
    await app.sessions.check(plans)
    await prepare_team(app, asked, plans)

    async def begin() -> Work:
        spawned = await app.sessions.start(plans)
        heard = _heard(app, [plan.run for plan in plans[1:]], style)
        if max_parallel is not None:
            app.sessions.limit_parallel(spawned.session_key, max_parallel)
        (row,) = await app.sessions.rows_of([spawned.run_id])
        work = await _announce(app, row, is_json=is_json)
        note_kept(spawned, plans[0].budget)
        return work._replace(heard=heard)

    return begin


async def _begin_plan(
    app: App, task: FlowTask, key: str | None, count: int, *, is_json: bool
) -> Work:
    spawned = await app.sessions.spawn_flow(task, key=key)
    if task.max_parallel is not None:
        app.sessions.limit_parallel(spawned.session_key, task.max_parallel)
    (row,) = await app.sessions.rows_of([spawned.run_id])
    work = await _announce(app, row, is_json=is_json, tasks=count)
    note_kept(spawned, task.budget)
    return work


@executes_work
def resume(
    name: Name,
    max_parallel: MaxParallel = None,
    style: ProgressStyle = progress.Style.AUTO,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """Continue a team or a session that was stopped, or whose process died.

    If another process executes it, attach to it, as `pagents watch` does.
    """
    context = find_context(home, max_parallel=max_parallel)
    if context.environment.gateway:
        refuse_at_distance(max_parallel=max_parallel)
        run_at_distance(context, partial(resumed, name), Attaching(style, json, output))
    check_exists(context.environment)
    if key := find_worked_on(context, name):
        if max_parallel is not None:
            render.note("Note: --max-parallel changes nothing, as another process executes it.")
        attach(context, key, Attaching(style, json, output))

    async def prepare(app: App) -> Begin:
        found = (await app.sessions.find(name)).session
        live = await app.sessions.list(Filter(tree=found.key, is_live=True))
        with suppress(UnknownModel):  # `resume` refuses the run, and says what it lacks
            await prepare_models(app, {row.run.model for row in live if row.run.model})

        async def begin() -> Work:
            if max_parallel is not None:
                app.sessions.limit_parallel(found.root, max_parallel)
            agents = [row.run.id for row in live if row.run.kind is RunnerKind.AGENT]
            heard = _heard(app, agents, style)
            resumed = await app.sessions.resume(found.key)
            (row,) = await app.sessions.rows_of([resumed.run_id])
            return (await _announce(app, row, is_json=json))._replace(heard=heard)

        return begin

    _run_to_the_end(context, prepare, Display(style, json, output))


def _heard(app: App, runs: Sequence[RunId], style: progress.Style) -> Heard | None:
    """What the only agent writes, where that is shown."""
    return Heard(app.sessions, runs[0]) if len(runs) == 1 and progress.is_live(style) else None


async def _announce(app: App, row: Row, *, is_json: bool, tasks: int | None = None) -> Work:
    """Print what was started, once it can be steered and killed; `tasks` are the steps of a plan."""
    if is_map(row.session.key):
        return announce_map(row, is_json=is_json)
    members = await app.sessions.members(row)
    name, is_flow = format.name(row), row.run.kind is RunnerKind.FLOW
    if is_json:
        render.launched(name, row.session.key, agents=len(members) if tasks is None else tasks)
    before = ended_before(row.run)
    if tasks is not None:
        told = f"{tasks} tasks" if tasks > 1 else "1 task"
    elif is_flow:
        told, before = ("", before.removeprefix("; ")) if before else ("continues", "")
    else:
        models = ", ".join(sorted({member.run.model for member in members}))
        told = f"{len(members)} agents on {models}" if len(members) > 1 else f"1 agent on {models}"
    render.note(f"▶ {row.session.label} {name}   {told}{before}")
    # The tasks of a flow are met as they begin.
    labels = {} if is_flow else {member.run.id: member.session.label for member in members}
    return Work(name, row.session.key, row.run.id, labels, is_flow=is_flow)


def _run_to_the_end(
    context: CliContext, prepare: Callable[[App], Coroutine[None, None, Begin]], display: Display
) -> None:
    """Show the work, print a summary, and exit with the code of its status."""

    async def conclude(app: App, work: Work) -> Callable[[], RunStatus]:
        if is_map(work.session):
            return await concluded_map(app, work, display)
        if is_do(work.session):
            return await concluded_do(app, work, display, context.environment.home)
        own = await app.sessions.results([work.run]) if work.is_flow else ()
        team = await app.sessions.team_result(work.session)
        earlier = await earlier_in(app.sessions, team) if work.is_flow else ()
        home = context.environment.home
        return partial(print_team, home, work.name, TeamEnded(team, own, earlier), display)

    show = show_do(context.environment, display, show_map(display))
    print_result = run_in_foreground(context, prepare, conclude, display, show)
    raise typer.Exit(exit_of(print_result()))
