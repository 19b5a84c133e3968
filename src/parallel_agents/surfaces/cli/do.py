"""`pagents do`: have agents plan a goal, reach it, and report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath
from typing import NamedTuple

import typer

from parallel_agents.app.client import App, Client
from parallel_agents.app.foreseeing import Foresight, foresee_goal
from parallel_agents.app.stored_work import foresee_flow
from parallel_agents.core.ids import make_name
from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import InvalidInput
from parallel_agents.gateway_client.bodies import Goal
from parallel_agents.orchestration.request import DO, DoRequest
from parallel_agents.orchestration.roster import ORCHESTRATOR
from parallel_agents.sessions.requests import check_key
from parallel_agents.settings import Environment
from parallel_agents.surfaces.cli import do_options, progress, render
from parallel_agents.surfaces.cli.context import (
    AnswersFile,
    AsJson,
    CliContext,
    Home,
    Inputs,
    ModelName,
    Notified,
    SandboxMode,
    Tags,
    Timeout,
    Tokens,
    Usd,
    WeakJudge,
    WhenUsedUp,
    budget_of,
    find_work_context,
)
from parallel_agents.surfaces.cli.distant_do import do_at_distance, price_at_distance
from parallel_agents.surfaces.cli.do_result import concluded_do, planned
from parallel_agents.surfaces.cli.dry_run import DryRun, print_dry_run
from parallel_agents.surfaces.cli.exits import exit_of
from parallel_agents.surfaces.cli.file_option import Texts
from parallel_agents.surfaces.cli.foreground import (
    Begin,
    Display,
    Shown,
    Work,
    ended_before,
    note_kept,
    run_in_foreground,
)
from parallel_agents.surfaces.cli.given_files import read_texts
from parallel_agents.surfaces.cli.inputs import read_inputs
from parallel_agents.surfaces.cli.log_options import executes_work
from parallel_agents.surfaces.cli.out_option import Force, check_out
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.surfaces.cli.plan_approval import show_do
from parallel_agents.surfaces.cli.prepare_models import prepare_team
from parallel_agents.surfaces.cli.progress import ProgressStyle

_UNPLANNED = (
    "Only the planning is known: the steps are whatever the plan says. `--plan-only` has it made, and "
    "`--plan FILE --dry-run` prices it."
)


@executes_work
def do(
    goal: do_options.Goal,
    inputs: Inputs = None,
    files: Texts = None,
    yes: do_options.Yes = False,
    plan_only: do_options.PlanOnly = False,
    out: do_options.Out = None,
    force: Force = False,
    plan: do_options.PlanFile = None,
    agents: do_options.OnlyAgents = None,
    max_steps: do_options.MostSteps = None,
    parallel: do_options.Parallel = None,
    replans: do_options.Replans = 1,
    run_id: do_options.DoId = None,
    model: ModelName = None,
    timeout: Timeout = None,
    usd: Usd = None,
    tokens: Tokens = None,
    on_limit: WhenUsedUp = None,
    tag: Tags = None,
    notify: Notified = None,
    answers: AnswersFile = None,
    allow_weak_judge: WeakJudge = False,
    sandbox: SandboxMode = None,
    dry_run: DryRun = False,
    style: ProgressStyle = progress.Style.AUTO,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """Have agents plan a goal, reach it, and report what each statement is from.

    The plan is shown first. The same --id continues: what is done is not paid for
    again.
    """
    _check_out(out, force=force, is_plan_only=plan_only)
    check_key(name := run_id or make_name())
    context = find_work_context(
        home,
        answers=answers,
        allow_weak_judge=allow_weak_judge,
        max_parallel=parallel,
        sandbox=sandbox,
        notify=notify,
        tags=tag,
    )
    request = DoRequest(
        goal=goal,
        material={**_read_files(files), **read_inputs(inputs, None)},
        agents=_names(agents),
        most_steps=max_steps,
        replans=replans,
        is_plan_only=plan_only,
        is_asked=not yes and not plan_only,
    )
    request = replace(request, model=model, max_parallel=parallel, timeout=timeout)
    request = replace(request, budget=budget_of(usd, tokens, on_limit))
    start = _starter(context, tag or (), is_named=run_id is not None, is_dry=dry_run)
    start(context, _Asked(name, request, plan, out, yes), Display(style, json, output))


def _check_out(out: Path | None, *, force: bool, is_plan_only: bool) -> None:
    if out is not None and not is_plan_only:
        raise InvalidInput("--out requires --plan-only", hint="add --plan-only, or leave out --out")
    check_out(out, force=force)


def _starter(
    context: CliContext, tags: Sequence[str], *, is_named: bool, is_dry: bool
) -> Callable[[CliContext, _Asked, Display], None]:
    """What does the work, or prints its price: here, or at the gateway that the environment names."""
    if not context.environment.gateway:
        return _print_price if is_dry else _run
    is_sent = is_named or not is_dry
    return partial(_do_at_distance, tags=tags, is_named=is_sent, is_dry=is_dry)


def _do_at_distance(
    context: CliContext,
    asked: _Asked,
    display: Display,
    *,
    tags: Sequence[str],
    is_named: bool,
    is_dry: bool,
) -> None:
    goal = _goal_of(asked.request, asked.name if is_named else None, tags)
    if is_dry:
        price_at_distance(context, goal, asked.plan, _UNPLANNED, is_json=display.is_json)
    else:
        do_at_distance(context, goal, asked.plan, asked.out, display)


def _goal_of(request: DoRequest, key: str | None, tags: Sequence[str]) -> Goal:
    """The same request as a gateway takes it."""
    return Goal(
        goal=request.goal,
        material=request.material,
        agents=request.agents,
        most_steps=request.most_steps,
        replans=request.replans,
        is_plan_only=request.is_plan_only,
        is_asked=request.is_asked,
        model=request.model,
        max_parallel=request.max_parallel,
        timeout_seconds=request.timeout,
        budget=request.budget,
        key=key,
        tags=tags,
    )


class _Asked(NamedTuple):
    """What the options ask for.

    Attributes:
        name: identifies it.
        request: without the plan in a file.
        plan: that file.
        out: where a plan is written that is all that is wanted.
        is_yes: whether the plan runs without a question.
    """

    name: str
    request: DoRequest
    plan: Path | None
    out: Path | None
    is_yes: bool


def _run(context: CliContext, asked: _Asked, display: Display) -> None:
    async def prepare(app: App) -> Begin:
        request = asked.request
        if asked.plan is not None:
            request = request.with_plan(app.catalog.plan(asked.plan))
        app.orchestrator.check_request(request)
        await _prepare_models(app, request)
        return partial(_begin, app, asked.name, request, display)

    async def conclude(app: App, work: Work) -> Callable[[], RunStatus]:
        if asked.request.is_plan_only:
            (result,) = await app.sessions.results([work.run])
            return partial(planned, result, work.name, asked.out, display)
        return await concluded_do(app, work, display, context.environment.home)

    def usual(_app: App, _work: Work, usual: Shown) -> Shown:
        return usual

    shows_plan = show_do(context.environment, display, usual, is_yes=asked.is_yes)
    show = usual if asked.request.is_plan_only else shows_plan
    print_result = run_in_foreground(context, prepare, conclude, display, show)
    raise typer.Exit(exit_of(print_result()))


def _print_price(context: CliContext, asked: _Asked, display: Display) -> None:
    plan = partial(_planned_work, asked, context.environment)
    print_dry_run(context, plan, is_json=display.is_json)


async def _planned_work(asked: _Asked, environment: Environment, client: Client) -> Foresight:
    """What the work would start; without a plan, that is only the planning of it."""
    request = asked.request
    if asked.plan is not None:
        request = request.with_plan(client.catalog.plan(asked.plan))
    found = await foresee_goal(client, environment, request)
    if asked.plan is None:
        found = found._replace(unknown=_UNPLANNED)
    planned = await client.sessions.plan_flow(request.flow_task(), key=asked.name)
    return await foresee_flow(client, planned, found)


async def _prepare_models(app: App, request: DoRequest) -> None:
    """Get the orchestrator's model ready, and with a plan those of its steps."""
    agent = app.catalog.agent(ORCHESTRATOR)
    plan = await app.sessions.plan_task(Task(agent, "-", model=request.model))
    team = TeamTask(tasks=(Task(agent, "-", model=request.model),), model=request.model)
    await prepare_team(app, team, [plan])


async def _begin(app: App, name: str, request: DoRequest, display: Display) -> Work:
    spawned = await app.sessions.spawn_flow(request.flow_task(), key=name)
    if request.max_parallel is not None:
        app.sessions.limit_parallel(spawned.session_key, request.max_parallel)
    (row,) = await app.sessions.rows_of([spawned.run_id])
    key = row.session.key
    if display.is_json:
        render.launched(name, key)
    told = "a plan" if request.is_plan_only else "a goal"
    render.note(f"▶ {DO} {name}   {told}{ended_before(row.run)}")
    note_kept(spawned, request.budget)
    return Work(name, key, row.run.id, {}, is_flow=True)


def _names(given: str | None) -> tuple[str, ...]:
    names = [] if given is None else [name.strip() for name in given.split(",")]
    if given is not None and not all(names):
        raise InvalidInput(
            f"--agents {given!r} names no agents", hint="write the names as --agents a,b"
        )
    return tuple(dict.fromkeys(names))


def _read_files(files: list[Path] | None) -> dict[str, Json]:
    """Texts by the names of their files; where two are called alike, with their suffixes."""
    given = read_texts(files, "a goal", "say in the goal what it shows")
    short = [_material_name(PurePath(each.name).with_suffix("")) for each in given.texts]
    counts = Counter(short)
    found: dict[str, Json] = {}
    for each, name in zip(given.texts, short, strict=True):
        called = name if counts[name] == 1 else _material_name(PurePath(each.name))
        if called in found:
            raise InvalidInput(
                f"two files are called {called}", hint="name one of them: --input NAME=@FILE"
            )
        found[called] = each.text
    return found


def _material_name(path: PurePath) -> str:
    steps = [step for step in path.parts if step not in {"..", "/"}]
    name = "".join(c if c.isalnum() and c.isascii() else "_" for c in "_".join(steps))
    return name if name[:1].isalpha() else f"file_{name}"
