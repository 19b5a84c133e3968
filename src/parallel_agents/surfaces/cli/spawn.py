"""`pagents spawn` and `pagents send`: one run, in the background or in the foreground."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from parallel_agents.app.client import App, Client
from parallel_agents.app.opening import open_client
from parallel_agents.app.reading import check_exists
from parallel_agents.core.agent import Agent
from parallel_agents.core.attachment import is_attachable
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.gate import ConditionGate, Gate, JudgeGate, Refine
from parallel_agents.core.limits import Limits
from parallel_agents.core.media_type import HEAD_BYTES
from parallel_agents.core.message import File
from parallel_agents.core.object_schema import ways_to_give
from parallel_agents.core.run import Result
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.verbs import Spawned
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import progress, render
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
from parallel_agents.surfaces.cli.dry_run import DryRun, Planned, print_dry_run
from parallel_agents.surfaces.cli.exits import exit_of
from parallel_agents.surfaces.cli.foreground import (
    Begin,
    Display,
    Work,
    ended_before,
    note_kept,
    run_in_foreground,
)
from parallel_agents.surfaces.cli.heard import Heard
from parallel_agents.surfaces.cli.inputs import given_text, read_inputs, read_text
from parallel_agents.surfaces.cli.prepare_models import (
    prepare_models,
    prepare_team,
    warn_if_simulated,
)
from parallel_agents.views import format

Text = Annotated[
    str,
    typer.Argument(help="The task; - reads it from stdin.", metavar="TEXT", callback=given_text),
]
Ask: TypeAlias = Callable[[], Coroutine[None, None, Spawned]]
Wait = Annotated[bool, typer.Option("--wait", "-w", help="Run it here, and print the result.")]
AgentName = Annotated[str, typer.Argument(help="The agent's name.", metavar="AGENT")]
Files = Annotated[
    list[Path] | None,
    typer.Option(
        "--file",
        "-f",
        help="A text, image or PDF for the agent to work on; can be repeated.",
        metavar="FILE",
    ),
]
Label = Annotated[str | None, typer.Option(help="A name for the session.")]
Key = Annotated[
    str | None,
    typer.Option(help="A key; spawning again with the same key returns the same session."),
]
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


def spawn(
    agent: AgentName,
    text: Text,
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
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Start one agent on a task.

    Without --wait a background worker executes the task; `pagents wait` and `pagents show` print
    the result. Of --file, an image or PDF is shown; a text is the one missing input, or is added.
    """
    context = find_work_context(
        home,
        answers=answers,
        is_here=wait,
        allow_weak_judge=allow_weak_judge,
        sandbox=sandbox,
        notify=notify,
        tags=tag,
    )
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
    fill = partial(_fill, base, inputs, file or ())
    begin = _print_price if dry_run else _begin_here if wait else _begin_in_background
    begin(context, fill, base.budget, is_json=json)


def _fill(base: Task, inputs: list[str] | None, files: Sequence[Path], client: Client) -> Task:
    """The task as its agent takes it."""
    agent = client.catalog.agent(base.agent_name)
    has_folder = base.workspace is not None or agent.workspace is not None
    return _filled(base, agent.in_folder if has_folder else agent, inputs, files)


def _print_price(
    context: CliContext, task: Callable[[Client], Task], budget: Budget, *, is_json: bool
) -> None:
    async def plan(client: Client) -> Planned:
        planned = await client.sessions.plan_task(task(client))
        return Planned([planned], planned.budget)

    print_dry_run(context, plan, is_json=is_json)


def _begin_in_background(
    context: CliContext, task: Callable[[Client], Task], budget: Budget, *, is_json: bool
) -> None:
    async def leave(client: Client) -> Spawned:
        return await client.sessions.spawn(task(client))

    run_cancellable(_leave_to_worker(context, leave, budget=budget, is_json=is_json))


def _begin_here(
    context: CliContext, task: Callable[[Client], Task], budget: Budget, *, is_json: bool
) -> None:
    async def prepare(app: App) -> Ask:
        asked = task(app)
        plans = [await app.sessions.plan_task(asked)]
        await app.sessions.check(plans)
        await prepare_team(app, TeamTask(tasks=(asked,)), plans)
        return lambda: app.sessions.start(plans)

    _wait_here(context, prepare, budget=budget, is_json=is_json)


def send(
    name: Name,
    text: Text,
    file: Files = None,
    wait: Wait = False,
    notify: Notified = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Start the next run of a session, which sees everything said before."""
    context = find_context(home, notify=notify)
    told = None if notify is None else context.settings.notification
    check_exists(context.environment)
    shown, texts = told_apart(file or ())
    text += "".join(map(as_text, texts))

    async def leave(client: Client) -> Spawned:
        return await client.sessions.send(name, text, files=shown, notify=told)

    async def prepare(app: App) -> Ask:
        row = await app.sessions.find(name)
        await prepare_models(app, [row.run.model])
        return lambda: app.sessions.send(row.session.key, text, files=shown, notify=told)

    if wait:
        _wait_here(context, prepare, budget=NO_BUDGET, is_json=json)
    else:
        run_cancellable(_leave_to_worker(context, leave, budget=NO_BUDGET, is_json=json))


def gates_of(conditions: Sequence[str], rubric: str | None) -> tuple[Gate, ...]:
    """The gates that the options --gate and --judge ask for."""
    holds = (ConditionGate(condition=condition) for condition in conditions)
    return (*holds, *(() if rubric is None else (JudgeGate(rubric=rubric),)))


def _filled(base: Task, agent: Agent, inputs: list[str] | None, files: Sequence[Path]) -> Task:
    """The task with the inputs that its agent takes, and with files.

    A text is the one required input that is missing, or else added to the task; so is the name of an
    image or PDF, which the agent is shown.
    """
    values = dict(read_inputs(inputs, agent.input_schema))
    shown, texts = told_apart(files)
    missing = _missing(agent, values)
    if len(missing) == 1 and len(texts) == 1:
        return replace(base, input={**values, missing[0]: read_text(texts[0])}, files=shown)
    if len(missing) == 1 and len(shown) == 1 and not texts:
        return replace(base, input={**values, missing[0]: shown[0]})
    text = base.text + "".join(map(as_text, texts))
    return replace(base, text=text, input=values, files=shown)


def _missing(agent: Agent, values: Mapping[str, object]) -> list[str]:
    """The required inputs that have no value; of several choices the first that one value completes."""
    ways = ways_to_give(agent.input_schema or {})
    lacking = [[name for name in way if name not in values] for way in ways]
    return min(lacking, key=len)


def told_apart(files: Sequence[Path]) -> tuple[tuple[File, ...], list[Path]]:
    """The images and PDFs among files, by their contents, and the others.

    What is not a regular file, such as a pipe, can be read but once, and is a text.
    """
    regular = (path for path in files if path.is_file())
    shown = tuple(File(path) for path in regular if is_attachable(_head_of(path)))
    paths = {file.path for file in shown}
    return shown, [path for path in files if str(path) not in paths]


def _head_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""  # whoever reads it says why it cannot


def as_text(file: Path) -> str:
    """A text file as it is added to a task."""
    return f"\n\nFile {file.name}:\n```\n{read_text(file)}\n```"


async def _leave_to_worker(
    context: CliContext,
    start: Callable[[Client], Coroutine[None, None, Spawned]],
    *,
    budget: Budget,
    is_json: bool,
) -> None:
    async with open_client(context.environment, context.settings) as client:
        spawned = await start(client)
        await client.workers.ensure(spawned.session_key, spawned.run_id)
        (row,) = await client.sessions.rows_of([spawned.run_id])
        warn_if_simulated(client, row.run.model)
    name = format.name(row)
    if is_json:
        item = {"id": name, "session_key": row.session.key, "run_id": spawned.run_id}
        render.envelope("spawned", time.time(), [{**item, "is_new": spawned.is_new}])
        return
    render.line(name)
    found = "" if spawned.is_new else " (already there)"
    render.note(f"▶ {row.session.label} on {row.run.model}{found}")
    note_kept(spawned, budget)
    render.note(f"Next: pagents wait {name} · pagents show {name} · pagents history {name} -f")


def _wait_here(
    context: CliContext,
    prepare: Callable[[App], Coroutine[None, None, Ask]],
    *,
    budget: Budget,
    is_json: bool,
) -> None:
    async def ready(app: App) -> Begin:
        ask = await prepare(app)

        async def begin() -> Work:
            spawned = await ask()
            is_shown = progress.is_live(progress.Style.AUTO)
            heard = Heard(app.sessions, spawned.run_id) if is_shown else None
            (row,) = await app.sessions.rows_of([spawned.run_id])
            name, label = format.name(row), row.session.label
            render.note(f"▶ {label} {name} on {row.run.model}{ended_before(row.run)}")
            note_kept(spawned, budget)
            labels = {spawned.run_id: label}
            return Work(name, spawned.session_key, spawned.run_id, labels, heard=heard)

        return begin

    async def conclude(app: App, work: Work) -> Result:
        return (await app.sessions.wait([work.run]))[0]

    result = run_in_foreground(context, ready, conclude, Display(progress.Style.AUTO, is_json))
    if is_json:
        render.envelope("result", time.time(), [render.result_json(result)])
    raise typer.Exit(exit_of(result.status))
