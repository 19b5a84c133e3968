"""`pagents map`: one agent over the rows of a table, of JSON lines, or over files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import typer

from parallel_agents.app.asked_map import AskedMap, Notation, Templates
from parallel_agents.app.client import App
from parallel_agents.app.map_out import out_file
from parallel_agents.app.own_rows import OwnRows
from parallel_agents.core.budget import Budget
from parallel_agents.core.gate import Refine
from parallel_agents.core.ids import make_name
from parallel_agents.core.limits import Limits
from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tags import check_tags
from parallel_agents.core.task import OnFailure, TeamTask
from parallel_agents.interrupts import run_cancellable
from parallel_agents.maps.reducing import TEXT
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.source import Source
from parallel_agents.sessions.requests import check_key
from parallel_agents.surfaces.cli import map_options, progress
from parallel_agents.surfaces.cli.context import (
    AnswersFile,
    AsJson,
    Cache,
    CliContext,
    Home,
    MaxParallel,
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
from parallel_agents.surfaces.cli.exits import exit_of
from parallel_agents.surfaces.cli.file_option import Texts
from parallel_agents.surfaces.cli.foreground import (
    Begin,
    Display,
    Work,
    note_kept,
    run_in_foreground,
)
from parallel_agents.surfaces.cli.given_files import read_texts
from parallel_agents.surfaces.cli.inputs import read_templates
from parallel_agents.surfaces.cli.log_options import executes_work
from parallel_agents.surfaces.cli.map_price import print_price
from parallel_agents.surfaces.cli.map_rows_given import given_source
from parallel_agents.surfaces.cli.map_shown import (
    announce_map,
    concluded_map,
    note_left_out,
    show_map,
    tell_note,
)
from parallel_agents.surfaces.cli.prepare_models import prepare_team
from parallel_agents.surfaces.cli.progress import ProgressStyle
from parallel_agents.surfaces.cli.spawn import AgentName, Conditions, Rounds, Rubric, gates_of
from parallel_agents.surfaces.cli.stdin import NAME as STDIN

_HOW = Notation("add", "--text '{}'", "-i {}={}")


@executes_work
def map_rows(
    agent: AgentName,
    files: map_options.RowFiles = None,
    rows: map_options.Rows = None,
    text: map_options.RowText = None,
    inputs: map_options.RowInputs = None,
    file: Texts = None,
    row_format: map_options.RowFormat = None,
    key: map_options.KeyColumn = None,
    out: map_options.Out = None,
    map_id: map_options.MapId = None,
    model: ModelName = None,
    max_parallel: MaxParallel = None,
    timeout: Timeout = None,
    on_failure: map_options.Failing = OnFailure.KEEP_GOING,
    limit: map_options.Most = None,
    batch: map_options.Batch = 1,
    gate: Conditions = None,
    judge: Rubric = None,
    refine: Rounds = None,
    reduce: map_options.Reduce = None,
    reduce_text: map_options.ReduceText = None,
    cache: Cache = None,
    usd: Usd = None,
    tokens: Tokens = None,
    on_limit: WhenUsedUp = None,
    tag: Tags = None,
    notify: Notified = None,
    answers: AnswersFile = None,
    allow_weak_judge: WeakJudge = False,
    sandbox: SandboxMode = None,
    dry_run: map_options.DryRun = False,
    style: ProgressStyle = progress.Style.AUTO,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Have one agent work on each row of a table, on each line of JSON, or on each file.

    The same --id continues: what is done is not paid for again, and the rest and new rows are done.
    """
    context = find_work_context(
        home,
        answers=answers,
        allow_weak_judge=allow_weak_judge,
        max_parallel=max_parallel,
        sandbox=sandbox,
        notify=notify,
        tags=tag,
    )
    read, (name, kept) = _reader(inputs, file), _names(map_id, is_dry=dry_run)
    source = given_source(rows, files or (), row_format, context.environment.home, kept)
    path = out_file(out, context.environment.home, name, source)
    request = _request_of(agent, text or "", source, path, limit, batch)
    request = replace(request, key=key or "", reduce=reduce or "", reduce_text=reduce_text or TEXT)
    request = _with_limits(_with_checks(request, gate, judge, refine), timeout, cache, on_failure)
    budget, start = budget_of(usd, tokens, on_limit), _print_price if dry_run else _run
    asked = AskedMap(name, request, read, model, max_parallel, budget, _HOW)
    if context.environment.gateway:
        start = partial(_do_at_distance, tags=tag, is_dry=dry_run)
    start(context, asked, Display(style, json), path if out == STDIN else None)


def _reader(
    inputs: list[str] | None, files: list[Path] | None
) -> Callable[[JsonObject | None], Templates]:
    """What reads the inputs, with the files that are the same for all rows."""
    given = read_texts(files, "a map", "show it to one agent: pagents spawn AGENT TEXT -f FILE")
    return partial(read_templates, inputs, given=given)


def _names(map_id: str | None, *, is_dry: bool) -> tuple[str, str]:
    """The name of a map, and that under which rows of stdin are kept."""
    check_key(name := map_id or make_name())
    return name, f"{name}.dry-run" if is_dry else name


def _request_of(
    agent: str, text: str, source: Source, file: Path, limit: int | None, batch: int
) -> MapRequest:
    """The request for rows, of which the file of results is none."""
    rows = replace(source, without=str(file))
    return MapRequest(agent=agent, text=text, source=rows, out=str(file), limit=limit, batch=batch)


def _with_checks(
    request: MapRequest, gate: list[str] | None, judge: str | None, refine: int | None
) -> MapRequest:
    rounds = None if refine is None else Refine(rounds=refine)
    return replace(request, gates=gates_of(gate or (), judge), refine=rounds)


def _with_limits(
    request: MapRequest, timeout: float | None, cache: float | None, on_failure: OnFailure
) -> MapRequest:
    limits = Limits(timeout_seconds=timeout)
    return replace(request, limits=limits, cache_seconds=cache, on_failure=on_failure)


def _print_price(
    context: CliContext, asked: AskedMap, display: Display, _echoed: Path | None
) -> None:
    run_cancellable(print_price(context, asked, is_json=display.is_json))


def _do_at_distance(
    context: CliContext,
    asked: AskedMap,
    display: Display,
    echoed: Path | None,
    *,
    tags: list[str] | None,
    is_dry: bool,
) -> None:
    # Few ask another machine.
    from parallel_agents.surfaces.cli.distant_map import map_at_distance, price_at_distance  # noqa: PLC0415

    if is_dry:
        price_at_distance(context, asked, is_json=display.is_json)
    else:
        is_echoed = echoed is not None
        map_at_distance(context, asked, display, check_tags(tags or ()), is_echoed=is_echoed)


def _run(context: CliContext, asked: AskedMap, display: Display, echoed: Path | None) -> None:
    async def conclude(app: App, work: Work) -> Callable[[], RunStatus]:
        return await concluded_map(app, work, display, is_echoed=echoed is not None)

    async def prepare(app: App) -> Begin:
        return await _prepare(app, OwnRows(asked, app, tell_note), asked.budget, display)

    print_result = run_in_foreground(context, prepare, conclude, display, show_map(display, echoed))
    raise typer.Exit(exit_of(print_result()))


async def _prepare(app: App, own: OwnRows, budget: Budget, display: Display) -> Begin:
    """Check all rows, and get the model ready; the function that this returns starts the map."""
    checked = await own.checked()
    plan = await app.sessions.plan_task(checked.first.task)
    await prepare_team(app, TeamTask(tasks=(checked.first.task,), model=checked.model), [plan])

    async def begin() -> Work:
        spawned = await own.begin(checked.request)
        (row,) = await app.sessions.rows_of([spawned.run_id])
        if own.is_next:
            then = partial(_prepare, app, own, budget, display._replace(is_json=False))
            work = announce_map(row, is_json=display.is_json, of="another request")
            return work._replace(then=then, again="the same command")
        count = "1 row" if checked.rows == 1 else f"{checked.rows:,} rows"
        of = count if "model" in spawned.kept else f"{count} on {plan.model}"
        work = announce_map(row, is_json=display.is_json, of=of)
        note_left_out(checked.request.source)
        for note in checked.notes:
            tell_note(note)
        note_kept(spawned, budget)
        return work

    return begin
