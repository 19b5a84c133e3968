"""Program verbs: the verbs as a Python program uses them, the same on an open store and at a distant gateway."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from parallel_agents.app.program_reads import ProgramReads
from parallel_agents.core.agent import T
from parallel_agents.core.annotations import Count, Index, Name, Seconds
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.budget import NO_BUDGET, AnyBudget, as_budget
from parallel_agents.core.converted import GivenObject, as_object
from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter, Edits
from parallel_agents.core.event import SteerMode
from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.fork import Fork
from parallel_agents.core.message import File
from parallel_agents.core.pause import Paused
from parallel_agents.core.question import Answer, OpenQuestion
from parallel_agents.core.run import Result
from parallel_agents.core.store import Killed
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.team_result import TeamResult
from parallel_agents.core.verbs import (
    Steer,
    SteerModeName,
    Until,
    UntilName,
)
from parallel_agents.core.workspace import Workspace
from parallel_agents.sessions.asked import find_question
from parallel_agents.sessions.handle import SessionHandle, check_writes, name_of, output_type_of
from parallel_agents.sessions.typed import typed_all


@checked_methods
class ProgramVerbs(ProgramReads):
    """The verbs that a program has wherever the store is; each returns a handle for what it starts.

    A `name` is a session's key, a run's id, a label, a task name, or the start of a key or id that
    matches only one session. `@last` is the newest session; `RUN/LABEL` is a session in a team.

    Raises:
        NotFound, Ambiguous: from each verb that takes a name.
    """

    async def spawn(
        self,
        task: Task[T],
        *,
        parent: SessionHandle[Any] | str | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> SessionHandle[T]:
        """Start a session with its first run.

        If a task with the same key and the same work was spawned before, this returns the existing
        session, with the handle's `is_new` set to False.

        Args:
            task: what the agent is to do.
            parent: the session to spawn it under, as a handle or a name.
            on_text: receives the text of the run as its model writes it, as by the handle's `listen`.

        Raises:
            UnknownAgent, InvalidInput, UnknownModel, MissingKey: the task cannot be accepted.
            Conflict: the key is already used for different work.
            SpawnRefused, ForkRefused: the parent is not allowed to spawn or fork it.
        """
        key = parent.key if isinstance(parent, SessionHandle) else None
        if isinstance(parent, str):
            key = (await self._service.find(parent)).session.key
        self._check_here([task])
        spawned = await self._service.spawn(task, parent=key, on_text=on_text)
        return SessionHandle(self._service, spawned, task.output_type)

    async def spawn_team(
        self, team: TeamTask, *, key: Name | None = None, tags: Iterable[Name] = ()
    ) -> SessionHandle:
        """Start a team: all of its tasks, or none if one cannot be accepted.

        Args:
            team: the tasks, and how they run together.
            key: identifies the run; the same key and tasks return the existing team.
            tags: words by which costs are told, besides those of each task.

        Raises:
            UnknownAgent, InvalidInput, UnknownModel, MissingKey: a task cannot be accepted.
            Conflict: the key is already used for different work.
        """
        self._check_here(team.tasks)
        return SessionHandle(
            self._service, await self._service.spawn_team(team, key=key, tags=tuple(tags))
        )

    def _check_here(self, tasks: Iterable[Task[Any]]) -> None:
        """Refuse what this machine lacks; at a distance, only the gateway knows its own."""

    async def team_result(self, handle: SessionHandle[Any] | str) -> TeamResult:
        """Wait for a team to end, and return the result of each task; of a session, that of its last run.

        Args:
            handle: the team, or a session, as a handle or a name.
        """
        if isinstance(handle, SessionHandle):
            key, run = handle.key, handle.run_id
        else:
            row = await self._service.find(handle)
            key, run = row.session.key, row.run.id
        await self._service.wait([run])
        # A message that was steered or sent meanwhile has begun a run after this one.
        while not (result := await self._service.team_result(key)).status.is_over:
            await self._service.wait([(await self._service.find(key)).run.id])
        return result

    async def send(
        self,
        name: SessionHandle[T] | str,
        text: str,
        *,
        input: GivenObject | None = None,
        files: Iterable[File] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> SessionHandle[T]:
        """Start the session's next run, which sees the messages so far, and these files.

        `on_text` receives the text of the run as its model writes it.

        Raises:
            InvalidInput: the text or input is not valid.
            RunIsOver: the session was killed.
        """
        key = name_of(name)
        spawned = await self._service.send(
            key, text, input=as_object(input), files=tuple(files), on_text=on_text
        )
        return SessionHandle(self._service, spawned, output_type_of(name))

    async def fork(  # noqa: PLR0913 - what a fork can have, each by its name
        self,
        session: SessionHandle[T] | str,
        *,
        at: Index | None = None,
        text: str | None = None,
        result: str | None = None,
        call: Count | None = None,
        model: Name | None = None,
        key: Name | None = None,
        label: Name | None = None,
        budget: AnyBudget = NO_BUDGET,
        workspace: Workspace | None = None,
    ) -> SessionHandle[T]:
        """Take up the conversation of a session at one of its turns, in a session of its own.

            other = await sessions.fork(session, at=3, text="Use the other file.")
            corrected = await sessions.fork(session, at=3, result="No such file")
            stronger = await sessions.fork(session, at=4, model="openai/gpt-5.2")

        What was said until then is copied, and not paid for again; the other session stays as it is,
        and may be at work. With a text, the fork begins after the turn, and the text is said next.
        Without one, the turn itself is answered anew.

        Args:
            session: the session, as a handle or a name.
            at: the turn, counted over all runs of the session; 0 is before the first. By default the
                last one after which every call has its result, or the one that is to be answered.
            text: what is said.
            result: what a call of the turn is to have answered; without a text, the model goes on from there.
            call: which call of the turn that is, from 1; needed if it has several.
            model: `provider/model`; by default that of the turn.
            key: identifies the fork; the same fork again returns the existing session.
            label: a short name; by default that of the session and the turn.
            budget: the most that the fork may spend; by default as much as the session's own budget.
            workspace: what the fork works in, needed if the session has a copy of a folder.

        Raises:
            ForkRefused: the conversation is not whole there; the error names the turns that work.
            InvalidInput, UnknownModel, MissingKey: the fork cannot be accepted.
            Conflict: the key is already used for different work.
        """
        fork = Fork(
            at=at,
            text=text,
            result=result,
            call=call,
            model=model,
            key=key,
            label=label,
            budget=as_budget(budget),
            workspace=workspace,
        )
        forked = await self._service.fork(name_of(session), fork)
        return SessionHandle(self._service, forked, output_type_of(session))

    async def listen(
        self, name: SessionHandle[Any] | str, on_text: Callable[[str], None]
    ) -> Unsubscribe:
        """Call `on_text` with the text of a session's live run, as the handle's `listen` does.

        A step of a flow is `RUN/LABEL`, or the run of one of the events of `follow`.

        Raises:
            InvalidInput: it is a team or a flow, which write no text of their own.
        """
        row = await self._service.find(name_of(name))
        check_writes(row.session.key)
        return self._service.listen(row.run.id, on_text)

    async def steer(
        self, name: SessionHandle[Any] | str, text: str, *, mode: SteerModeName = SteerMode.NEXT
    ) -> Steer:
        """Send a message to a live run; see `SessionHandle.steer` for the modes.

        Raises:
            RunIsOver: the run has ended; `send` starts the next one.
        """
        return await self._service.steer(name_of(name), text, mode=SteerMode(mode))

    async def questions(self) -> builtins.list[OpenQuestion]:
        """What live runs ask people, and nobody has answered yet, the oldest first."""
        return await self._service.questions()

    async def answer(
        self,
        question: OpenQuestion | str,
        text: str = "",
        *,
        allow: bool = True,
        for_run: bool = False,
        arguments: GivenObject | None = None,
    ) -> OpenQuestion:
        """Answer a question of a run; the first answer counts, whoever gives it.

        Args:
            question: the question, or its id, such as `q-18`, or the name of the run that waits for it.
            text: the answer to a question, or a note to the agent whose call is denied.
            allow: whether a call that waits may be made.
            for_run: whether the same rule allows the further calls of the run as well.
            arguments: arguments to make the call with; None for its own.

        Raises:
            NotFound: there is no such question.
            AlreadyAnswered: somebody has already answered it, or its time is up.
            RunIsOver: its run has ended.
            InvalidInput: the answer does not fit the question, or the run asks several.
        """
        answer = Answer(allow=allow, text=text, for_run=for_run, arguments=as_object(arguments))
        name = question if isinstance(question, str) else question.id
        return await self._service.answer(await find_question(self._service, name), answer)

    async def kill(self, name: SessionHandle[Any] | str, *, dry_run: bool = False) -> Killed:
        """End a session's live run and everything it spawned; if all has ended, change nothing.

        Args:
            name: the session.
            dry_run: whether to return what would end, and end nothing.
        """
        return await self._service.kill(name_of(name), dry_run=dry_run)

    async def pause(self, name: SessionHandle[Any] | str) -> Paused:
        """Let a session and all below it start no call and no child until `unpause`.

        Calls in flight end, and their results are kept. Meanwhile messages wait, time limits stand
        still, and `wait` waits on; `kill` ends the runs at once. If all has ended, nothing changes.
        """
        return await self._service.pause(name_of(name))

    async def unpause(self, name: SessionHandle[Any] | str) -> Paused:
        """Let a session and all below it go on, whoever paused them; see `pause`."""
        return await self._service.unpause(name_of(name))

    async def wait(
        self,
        handles: Iterable[SessionHandle[T]],
        *,
        timeout: Seconds | None = None,
        until: UntilName = Until.ALL,
    ) -> builtins.list[Result[T]]:
        """Wait for the runs of several handles, and return the results of those that have ended.

        Args:
            handles: the sessions, each with the run that its handle knows of.
            timeout: seconds, or None to wait as long as it takes.
            until: wait until `all` have ended, `any` has ended, or one is done (`first_done`);
                `now` does not wait.

        Returns:
            The results in the order of the handles.

        Raises:
            TimeoutError: after `timeout` seconds; the runs continue.
        """
        waited = tuple(handles)
        kinds = {handle.run_id: handle.output_type for handle in waited}
        runs = [handle.run_id for handle in waited]
        results = await self._service.wait(runs, timeout=timeout, until=Until(until))
        return typed_all(results, kinds)

    async def dead_letters(
        self, chosen: DeadLetterFilter | None = None
    ) -> builtins.list[DeadLetter]:
        """The tasks that failed after all their attempts, the newest first; `tree` takes any name of a session.

        Raises:
            NotFound: no session has that name.
        """
        if chosen is not None and chosen.tree is not None:
            chosen = replace(chosen, tree=await self._tree(chosen.tree))
        return await self._service.dead_letters(chosen)

    async def retry(
        self,
        dead_letter: DeadLetter,
        *,
        text: str | None = None,
        model: Name | None = None,
        input: GivenObject | None = None,
        current: bool = False,
        afresh: bool = False,
    ) -> SessionHandle:
        """Run the task of a dead letter again; a second retry returns the session of the first.

        Args:
            dead_letter: an item of `dead_letters`.
            text: replaces the task's text.
            model: `provider/model` to use instead of the one that failed.
            input: values that override the task's values of the same names.
            current: whether to use the agent as it is defined now instead of as it was.
            afresh: whether to forget what the failed run did, so that calls that may take effect
                only once can be made again.

        Raises:
            InvalidInput, UnknownAgent, UnknownModel, MissingKey: the retry cannot be accepted.
            Conflict: the existing retry has a different text or input.
            RunIsOver: the dead letter's team was killed.
        """
        edits = Edits(
            text=text, model=model, input=as_object(input) or {}, current=current, afresh=afresh
        )
        return SessionHandle(self._service, await self._service.retry(dead_letter, edits))

    async def drop(self, dead_letters: Iterable[DeadLetter]) -> int:
        """Drop dead letters, and return how many there were; their runs stay readable."""
        return await self._service.drop(tuple(dead_letters))
