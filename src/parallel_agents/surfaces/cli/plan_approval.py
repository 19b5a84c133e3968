"""Plan approval: a plan for a goal is shown as soon as it is made, and run, edited or stopped at the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path

import orjson

from parallel_agents.app.client import App
from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.cutting import head
from parallel_agents.core.event import Event, Finished, Queued
from parallel_agents.core.flow import FlowTask, StepFinished
from parallel_agents.core.ids import SessionKey, function_of
from parallel_agents.core.plan import Plan, as_json
from parallel_agents.core.question import Answer, answered_key, question_id
from parallel_agents.errors import AlreadyAnswered, InvalidInput, PlanUnconfirmed
from parallel_agents.flows.plan_limits import limited_plan, read_plan
from parallel_agents.orchestration.orchestrator import APPROVE_STEP, PLAN_STEP, UNUSABLE
from parallel_agents.orchestration.request import DO
from parallel_agents.settings import Environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.foreground import Display, Show, Shown, Work
from parallel_agents.surfaces.cli.plan_editor import PlanEditor, editor_of
from parallel_agents.surfaces.cli.plan_shown import show_plan
from parallel_agents.surfaces.cli.planning_shown import PlanningShown
from parallel_agents.surfaces.cli.question_prompt import told_answer
from parallel_agents.surfaces.cli.result_files import results_folder
from parallel_agents.surfaces.cli.typed_lines import TypedLines

_HOW = "  [enter] run  [e] edit  [q] stop"
_STOP = Answer(allow=False, text="stopped at the terminal")
PLAN_FILE = "plan.yaml"


def is_do(session: SessionKey) -> bool:
    """Whether a session is that of a goal."""
    return function_of(session) == DO


def show_do(
    environment: Environment, display: Display, otherwise: Show, *, is_yes: bool = False
) -> Show:
    """Shows the plan of a goal before its work; all else is shown as `otherwise` says.

    Args:
        environment: names the home and the user's editor.
        display: how work is shown.
        otherwise: for what is not a goal.
        is_yes: whether the plan runs without a question.
    """

    def show(app: App, work: Work, usual: Shown) -> Shown:
        if not is_do(work.session):
            return otherwise(app, work, usual)
        file = results_folder(environment.home, work.name) / PLAN_FILE
        editor = PlanEditor(file, editor_of(environment.variables))
        return _ShownDo(app, usual, editor, display, is_yes=is_yes)

    return show


class _ShownDo:
    """A goal that somebody works on: first its plan, then the work."""

    def __init__(
        self, app: App, usual: Shown, editor: PlanEditor, display: Display, *, is_yes: bool
    ) -> None:
        self.work = usual.work
        self._app = app
        self._usual = usual
        self._editor = editor
        self._display = display
        self._is_yes = is_yes
        self._flow: FlowTask | None = None
        self._plan: Plan | None = None
        self._planning = PlanningShown(app, display.style)

    @property
    def is_over(self) -> bool:
        return self._usual.is_over

    async def watch(self) -> None:
        await self._settle()
        await self._usual.watch()

    async def catch_up(self) -> None:
        await self._usual.catch_up()

    async def _settle(self) -> None:
        """Return once the plan is known and needs no answer from here."""
        async with (
            self._planning,
            aclosing(self._app.sessions.follow(self.work.session)) as events,
        ):
            async for event in events:
                await self._planning.take(event)
                if event.session == self.work.session and await self._is_settled(event):
                    return

    async def _is_settled(self, event: Event) -> bool:
        match event.body:
            case Queued(flow=FlowTask() as flow):
                self._flow = flow
                if (given := flow.input.get("plan")) is not None:
                    await self._show(limited_plan(read_plan(given), flow.options))
            case StepFinished(name=name, error=None, output=made) if name == f"{PLAN_STEP}/made":
                await self._show(read_plan(made))
            case Asked(question=question) if event.key.startswith(f"step/{APPROVE_STEP}"):
                return await self._is_answered(event, question.text)
            case Finished():
                return event.run == self.work.run
            case _:
                return False
        return self._plan is not None and not (self._flow and self._flow.options.get("is_asked"))

    async def _show(self, plan: Plan) -> None:
        if plan == self._plan:
            return  # that of an earlier run of the goal
        self._plan = plan
        await self._planning.aclose()
        is_quiet = self._display.is_json or (self._is_yes and self._display.form is not None)
        if self._flow is not None and not is_quiet:
            await show_plan(self._app, plan, self._flow)

    async def _is_answered(self, asked: Event, text: str) -> bool:
        """Have a question answered that still waits; whether it was one."""
        sessions, question = self._app.sessions, question_id(asked.seq)
        if question not in {each.id for each in await sessions.questions()}:
            return False
        answer = Answer(allow=True, text="run")
        if not self._is_yes:
            if text.startswith(UNUSABLE):  # the answer before, which may be from elsewhere
                render.note(f"  {text.splitlines()[0]}")
            async with self._elsewhere(asked) as elsewhere:
                found = await self._answer(question, elsewhere)
            if found is None:
                render.note(f"  {question} no longer waits: {elsewhere.result()}")
                return True
            answer = found
        try:
            await sessions.answer(question, answer, via="--yes" if self._is_yes else "")
        except AlreadyAnswered as error:
            render.note(f"  {error.message}: {error.why}")
        return True

    @asynccontextmanager
    async def _elsewhere(self, asked: Event) -> AsyncGenerator[asyncio.Task[str]]:
        """A task that ends, with the reason, as soon as a question waits no more."""
        waiting = asyncio.create_task(self._no_longer(asked))
        try:
            yield waiting
        finally:
            waiting.cancel()
            await asyncio.wait({waiting})

    async def _no_longer(self, asked: Event) -> str:
        key = answered_key(asked.key.rpartition("/")[0])
        async with aclosing(self._app.sessions.follow(self.work.session)) as events:
            async for event in events:
                if event.run != asked.run:
                    continue
                if isinstance(event.body, Answered) and event.key == key:
                    return told_answer(event.body)
                if isinstance(event.body, Finished):
                    break
        return "its run has ended"

    async def _answer(self, question: str, elsewhere: asyncio.Task[str]) -> Answer | None:
        """What the person at the terminal decides; None if somebody else was faster.

        Raises:
            PlanUnconfirmed: nobody is there.
        """
        if self._display.is_json:
            raise self._unconfirmed(question, "nobody is asked with --json")
        if not TypedLines(_nothing).is_terminal:
            raise self._unconfirmed(question, "stdin is not a terminal")
        answer = Answer(allow=True, text="run")
        while True:
            typed = asyncio.create_task(_typed_line(_HOW))
            try:
                await asyncio.wait({typed, elsewhere}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                typed.cancel()
                await asyncio.wait({typed})
            if elsewhere.done():
                return None
            line = typed.result()
            if line is None:
                raise self._unconfirmed(question, "the input has ended")
            match line.lower():
                case "" | "run" | "y" | "yes":
                    return answer
                case "q" | "stop" | "n" | "no":
                    return _STOP
                case "e" | "edit":
                    if (edited := await self._edited()) is not None:
                        await self._show(edited)
                        answer = Answer(allow=True, text=orjson.dumps(as_json(edited)).decode())
                case other:
                    render.note(f"  {head(other, 40)!r} is none of these.")

    async def _edited(self) -> Plan | None:
        """The plan that the person wrote; None if they left it as it was."""
        if self._plan is None or self._flow is None:
            return None
        try:
            goal = str(self._flow.input.get("goal", ""))
            edited = await self._editor.edited(self._plan, goal, partial(self._read, self._flow))
        except InvalidInput as error:
            render.error(error)
            return None
        if edited is None:
            render.note("  The plan stays as it was.")
        return edited

    def _read(self, flow: FlowTask, file: Path, text: str) -> Plan:
        """The plan that a person saved.

        Raises:
            InvalidFile, InvalidInput: it is not one, or could not work.
        """
        plan, material = self._app.catalog.plan(file, text), flow.input["material"]
        assert isinstance(material, Mapping), "a request gives the flow an object"
        self._app.orchestrator.check_plan(plan, material, flow.budget)
        return plan

    def _unconfirmed(self, question: str, why: str) -> PlanUnconfirmed:
        name = self.work.name
        return PlanUnconfirmed(
            f"the plan of {name} waits for a yes, and nobody can say it here",
            why=f"{why}, and --yes was not given",
            hint=f"`pagents answer {question} run`, then `pagents resume {name}`; or the same command "
            f"with --id {name} --yes, which pays for no second plan",
        )


def _nothing(_line: str | None) -> None:
    """Whether stdin is a terminal is all that is asked."""


async def _typed_line(how: str) -> str | None:
    """The next line that is typed once `how` is there; None once stdin has ended."""
    typed: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
    early = False

    def take(line: str | None) -> None:
        nonlocal early
        if early:
            early = False  # the rest of a line that was begun before the question was there
        elif not typed.done():
            typed.set_result(line)

    lines = TypedLines(take)
    lines.begin()
    early = lines.is_begun
    render.note(how)  # only now, or a quick answer to it would be thrown away
    try:
        return await typed
    finally:
        lines.end()
