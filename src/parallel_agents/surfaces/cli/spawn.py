"""`pagents spawn` and `pagents send`: one run, in the background or in the foreground."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from parallel_agents.app.acting import Acting
from parallel_agents.app.client import App, Client
from parallel_agents.app.distant import Distant
from parallel_agents.app.foreseeing import Foresight
from parallel_agents.app.reading import check_exists
from parallel_agents.app.stored_work import foresee_task
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.gate import ConditionGate, Gate, JudgeGate, Refine
from parallel_agents.core.limits import Limits
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.verbs import Spawned
from parallel_agents.interrupts import run_cancellable
from parallel_agents.sessions.requests import check_reads_messages
from parallel_agents.surfaces.cli import progress
from parallel_agents.surfaces.cli.context import (
    AnswersFile,
    AsJson,
    Cache,
    CliContext,
    Cwd,
    Home,
    Inputs,
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
    print_price,
    wait_at_distance,
)
from parallel_agents.surfaces.cli.distant_spawn import (
    FillAtDistance,
    fill_at_distance,
    spawned_there,
)
from parallel_agents.surfaces.cli.dry_run import DryRun, print_dry_run
from parallel_agents.surfaces.cli.file_option import Files
from parallel_agents.surfaces.cli.given_files import Given, read_files
from parallel_agents.surfaces.cli.inputs import given_text, read_inputs, with_files
from parallel_agents.surfaces.cli.log_options import executes_work
from parallel_agents.surfaces.cli.one_run import (
    Ask,
    Key,
    Label,
    Wait,
    checked_style,
    form_of,
    leave_to_worker,
    wait_here,
)
from parallel_agents.surfaces.cli.output_option import Form, Output
from parallel_agents.surfaces.cli.prepare_models import (
    prepare_models,
    prepare_team,
)
from parallel_agents.surfaces.cli.progress import ProgressStyle

Text = Annotated[
    str,
    typer.Argument(help="The task; - reads it from stdin.", metavar="TEXT", callback=given_text),
]
MaybeText = Annotated[
    str,
    typer.Argument(
        help="The task; - reads it from stdin. It can be left out if -i and -f have everything.",
        metavar="TEXT",
        callback=given_text,
    ),
]
AgentName = Annotated[str, typer.Argument(help="The agent's name.", metavar="AGENT")]
Conditions = Annotated[
    list[str] | None,
    typer.Option(help="A condition on the answer; can be repeated.", metavar="CONDITION"),
]
Rubric = Annotated[
    str | None, typer.Option(help="Criteria by which a judge scores the answer.", metavar="RUBRIC")
]
Rounds = Annotated[
    int | None,
    typer.Option(
        help="The most versions to try until one passes; if none does, the best one is used.",
        metavar="ROUNDS",
    ),
]


@executes_work
def spawn(
    agent: AgentName,
    text: MaybeText = "",
    inputs: Inputs = None,
    file: Files = None,
    wait: Wait = False,
    label: Label = None,
    key: Key = None,
    model: ModelName = None,
    timeout: Timeout = None,
    cache: Cache = None,
    usd: Usd = None,
    tokens: Tokens = None,
    on_limit: WhenUsedUp = None,
    tag: Tags = None,
    notify: Notified = None,
    answers: AnswersFile = None,
    gate: Conditions = None,
    judge: Rubric = None,
    refine: Rounds = None,
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
    """Start one agent on a task; with the same --id, return what was started.

    Without --wait a worker executes it; `pagents wait` prints the result. Of --file, an image or PDF
    is shown; texts are the one missing input, or are added.
    """
    find = partial(find_work_context, home, answers=answers, is_here=wait, sandbox=sandbox)
    context = find(allow_weak_judge=allow_weak_judge, notify=notify, tags=tag)
    base = Task(
        agent,
        text,
        model=model,
        label=label,
        key=key,
        limits=Limits(timeout_seconds=timeout),
        cache_seconds=cache,
        budget=budget_of(usd, tokens, on_limit),
        gates=gates_of(gate or (), judge),
        refine=None if refine is None else Refine(rounds=refine),
        workspace=workspace_of(workspace, cwd),
    )
    fill, form = partial(_fill, base, inputs, read_files(file)), form_of(json, output, wait=wait)
    here = partial(_begin_here, style=checked_style(style, wait=wait))
    if context.environment.gateway:
        there = fill_at_distance(base, inputs, read_files(file), tag)
        _spawn_at_distance(context, there, form, style, wait=wait, is_dry=dry_run)
        return
    begin = _print_price if dry_run else here if wait else _begin_in_background
    begin(context, fill, base.budget, form)


def _fill(base: Task, inputs: list[str] | None, files: Given, client: Client) -> Task:
    """The task with the inputs that its agent takes, and with files.

    They are the one required input that is missing; or else a text is added to the task, and the
    agent is shown an image or PDF.
    """
    agent = client.catalog.agent(base.agent_name)
    has_folder = base.workspace is not None or agent.workspace is not None
    schema = (agent.in_folder if has_folder else agent).input_schema
    values, rest = with_files(read_inputs(inputs, schema), schema, files)
    return replace(base, text=base.text + rest.added, input=values, files=rest.shown)


def _print_price(
    context: CliContext, task: Callable[[Client], Task], budget: Budget, form: Form | None
) -> None:
    async def plan(client: Client) -> Foresight:
        return await foresee_task(client, await client.sessions.plan_task(task(client)))

    print_dry_run(context, plan, is_json=form is Form.JSON)


def _begin_in_background(
    context: CliContext, task: Callable[[Client], Task], budget: Budget, form: Form | None
) -> None:
    async def leave(client: Acting) -> Spawned:
        assert client.here is not None
        return await client.sessions.spawn(task(client.here))

    run_cancellable(leave_to_worker(context, leave, budget=budget, form=form))


def _spawn_at_distance(
    context: CliContext,
    filled: FillAtDistance,
    form: Form | None,
    style: progress.Style,
    *,
    wait: bool,
    is_dry: bool,
) -> None:
    checked_style(style, wait=wait)
    if is_dry:
        print_price(context, filled, is_json=form is Form.JSON)
    elif wait:
        wait_at_distance(context, partial(spawned_there, filled), form, style)
    else:
        run_cancellable(leave_to_worker(context, _acting(filled), budget=NO_BUDGET, form=form))


def _acting(filled: FillAtDistance) -> Callable[[Acting], Coroutine[None, None, Spawned]]:
    async def start(client: Acting) -> Spawned:
        assert client.distant is not None
        return await spawned_there(filled, client.distant)

    return start


def _begin_here(
    context: CliContext,
    task: Callable[[Client], Task],
    budget: Budget,
    form: Form | None,
    *,
    style: progress.Style,
) -> None:
    async def prepare(app: App) -> Ask:
        asked = task(app)
        plans = [await app.sessions.plan_task(asked)]
        await app.sessions.check(plans)
        await prepare_team(app, TeamTask(tasks=(asked,)), plans)
        return lambda: app.sessions.start(plans)

    wait_here(context, prepare, budget=budget, form=form, style=style)


@executes_work
def send(
    name: Name,
    text: Text,
    file: Files = None,
    wait: Wait = False,
    notify: Notified = None,
    style: ProgressStyle = progress.Style.AUTO,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """Start the next run of a session, which sees everything said before."""
    form, style = form_of(json, output, wait=wait), checked_style(style, wait=wait)
    context = find_context(home, notify=notify)
    told = None if notify is None else context.settings.notification
    given = read_files(file)
    text, shown = text + given.added, given.shown
    if context.environment.gateway:
        refuse_at_distance(notify=notify)
    else:
        check_exists(context.environment)

    async def leave(client: Acting) -> Spawned:
        return await client.sessions.send(name, text, files=shown, notify=told)

    async def send_there(distant: Distant) -> Spawned:
        return await distant.sessions.send(name, text, files=shown)

    async def prepare(app: App) -> Ask:
        row = await app.sessions.find(name)
        check_reads_messages(row)
        await prepare_models(app, [row.run.model])
        return lambda: app.sessions.send(row.session.key, text, files=shown, notify=told)

    if wait and context.environment.gateway:
        wait_at_distance(context, send_there, form, style)
    elif wait:
        wait_here(context, prepare, budget=NO_BUDGET, form=form, style=style)
    else:
        run_cancellable(leave_to_worker(context, leave, budget=NO_BUDGET, form=form))


def gates_of(conditions: Sequence[str], rubric: str | None) -> tuple[Gate, ...]:
    """The gates that the options --gate and --judge ask for."""
    holds = (ConditionGate(condition=condition) for condition in conditions)
    return (*holds, *(() if rubric is None else (JudgeGate(rubric=rubric),)))
