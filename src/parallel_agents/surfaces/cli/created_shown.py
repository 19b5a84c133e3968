"""Agents that are made, as they are shown: a line for each stage as it ends, and what became of each agent."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import aclosing, nullcontext
from functools import partial

import orjson

from parallel_agents.app.client import App
from parallel_agents.core.event import Finished
from parallel_agents.core.ids import RunId, is_group_key
from parallel_agents.core.run import Result, RunnerKind
from parallel_agents.core.schema import Json
from parallel_agents.core.store import Filter
from parallel_agents.creating.created import Created, read_created
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.exits import Exit, exit_of
from parallel_agents.surfaces.cli.foreground import Display, Show, Shown, Work
from parallel_agents.surfaces.cli.question_prompt import QuestionPrompt
from parallel_agents.views import format
from parallel_agents.views.documents import result_json

_MOST_REASONS = 8


def show_stages(display: Display) -> Show:
    """Shows each task of the flow on a line of its own as it ends."""

    def show(app: App, work: Work, _usual: Shown) -> Shown:
        return _Stages(app, work, is_quiet=display.is_json)

    return show


class _Stages:
    """The stages of agents that are made."""

    def __init__(self, app: App, work: Work, *, is_quiet: bool) -> None:
        self.work = work
        self.is_over = False
        self._app = app
        self._is_quiet = is_quiet
        self._began_at = time.time()

    async def watch(self) -> None:
        sessions = self._app.sessions
        async with (
            QuestionPrompt(sessions, nullcontext, self._began_at) as prompt,
            aclosing(sessions.follow(self.work.session)) as events,
        ):
            async for event in events:
                prompt.take(event)
                if isinstance(event.body, Finished) and event.at >= self._began_at:
                    await self._tell(event.run)
        await sessions.wait([self.work.run])

    async def catch_up(self) -> None:
        chosen = Filter(tree=self.work.session, is_live=False, every_run=True)
        ended = await self._app.sessions.list(chosen)
        self.is_over = any(row.run.id == self.work.run for row in ended)

    async def _tell(self, run: RunId) -> None:
        if self._is_quiet:
            return
        (row,) = await self._app.sessions.rows_of([run])
        above = row.session.parent
        if row.run.kind is not RunnerKind.AGENT or above is None or not is_group_key(above):
            return
        (result,) = await self._app.sessions.results([run])
        agent = (await self._app.sessions.find(above)).session.label
        failure = "" if result.error is None else f"{result.error.code} {result.error.message}"
        parts = (
            f"{format.glyph(result.status)} {agent}: {row.session.label}",
            format.seconds(result.seconds),
            format.money(result.total_spend),
            result.model or "",
            format.one_line(failure),
        )
        render.note("  " + "   ".join(filter(None, parts)))


async def concluded_creation(
    app: App, work: Work, display: Display, where: str
) -> Callable[[], Exit]:
    """Print what became of the agents; the function that this returns does it, and returns the exit code.

    `where` is the option that names the folder they are in, for the commands to run next.
    """
    (result,) = await app.sessions.wait([work.run])
    return partial(_print, work, result, display, where)


def created_in(output: Json) -> list[Created]:
    """The agents that the result of such a flow tells of, one or several."""
    listed = output if isinstance(output, list) else [output]
    return [made for each in listed if (made := read_created(each)) is not None]


def _print(work: Work, result: Result, display: Display, where: str) -> Exit:
    made = created_in(result.output_json) if result.output_json is not None else []
    if display.is_json:
        items = [orjson.loads(orjson.dumps(each)) for each in made]
        own = result_json(result)
        render.envelope(
            "created", time.time(), items, id=work.name, status=result.status.value, result=own
        )
    else:
        for each in made:
            _print_created(each)
        if result.error is not None:
            render.error(result.error)
        told = (format.seconds(result.seconds), format.tokens(result.total_spend))
        render.note("   ".join((*told, format.money(result.total_spend))))
        _print_next(made, where)
    if not result.is_done:
        return exit_of(result.status)
    return Exit.DONE if all(each.version is not None for each in made) else Exit.FAILED


def _print_created(made: Created) -> None:
    for tried in made.rounds:
        score = "not scored" if tried.score is None else f"score {tried.score:g}"
        cases = "cases not run" if tried.passed is None else f"{tried.passed}/{tried.cases} cases"
        render.line(f"  version {tried.number}: {score}, {cases}")
    if made.version is not None:
        score = "" if made.score is None else f"  score {made.score:g}"
        render.line(f"✔ {made.name} v{made.version}  registered{score}", "green")
        if made.weakness:
            render.line(f"  scored by a weak judge, {made.judge_model}: {made.weakness}")
    else:
        what = "stays a draft" if made.draft else "was not made"
        render.line(f"✖ {made.name}  {what}", "red")
    for reason in made.reasons[:_MOST_REASONS]:
        render.line(f"  {format.one_line(reason)}")
    if (more := len(made.reasons) - _MOST_REASONS) > 0:
        render.line(f"  and {more} more")
    if made.file:
        render.note(f"  {made.file}")


def _print_next(made: Sequence[Created], where: str) -> None:
    done = next((each.name for each in made if each.version is not None), "")
    left = next((each.name for each in made if each.draft), "")
    steps = [
        *([f"pagents agents show {done}", f"pagents agents history {done}{where}"] if done else []),
        *(
            [f"pagents agents refine {left}{where}", f"pagents agents drafts{where}"]
            if left
            else []
        ),
    ]
    if steps:
        render.note(f"Next: {' · '.join(steps)}")
