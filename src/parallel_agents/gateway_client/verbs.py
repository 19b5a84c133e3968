"""Verbs: what can be done with sessions at a distance; see `core.verbs.Sessions` for what each verb promises."""

from __future__ import annotations

import asyncio
import builtins
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from time import monotonic
from typing import Never
from urllib.parse import quote

from typing_extensions import override

from parallel_agents.core.dead_letter import NO_EDITS, DeadLetter, Edits
from parallel_agents.core.event import Event, Replied, SteerMode
from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.fork import NO_FORK, Fork
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.message import File
from parallel_agents.core.notification import Notify
from parallel_agents.core.question import Answer, OpenQuestion
from parallel_agents.core.run import Result
from parallel_agents.core.runner import OnText
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Killed
from parallel_agents.core.task import AnyTask, TeamTask
from parallel_agents.core.verbs import Spawned, Steer, Until
from parallel_agents.errors import NotFound
from parallel_agents.gateway_client.bodies import (
    Goal,
    NamedTeam,
    fork_body,
    goal_body,
    named_team_body,
    task_body,
    team_body,
)
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.forms import RetryForm, SpawnedForm
from parallel_agents.gateway_client.left_runs import LeftRuns
from parallel_agents.gateway_client.listening import Listening
from parallel_agents.gateway_client.pausing import RemotePausing
from parallel_agents.gateway_client.price_forms import PriceForm
from parallel_agents.gateway_client.reads import in_parts
from parallel_agents.gateway_client.refusals import not_at_distance, refusal_named
from parallel_agents.gateway_client.wire import (
    COUNT,
    KILLED,
    MOST_NAMES,
    OWNERS,
    PRICE,
    RETRIED,
    SCHEMA,
    SPAWNED,
    STEERED,
    WAIT,
    WAIT_SECONDS,
    Asked,
)

_log = logging.getLogger(__name__)
_ANSWER_SECONDS = 10.0  # what an answer takes beyond the wait that it is about


def spawned_of(form: SpawnedForm) -> Spawned:
    """What was started; that nobody executes it yet is logged."""
    if form.warning:
        _log.warning("%s", form.warning)
    return Spawned(form.session_key, form.run_id, form.is_new, form.kept, form.has_new_budget)


class RemoteSessions(RemotePausing):
    """See `core.verbs.Sessions`; what cannot be done at a distance is refused."""

    def __init__(self, exchange: Exchange, listening: Listening) -> None:
        super().__init__(exchange)
        self._exchange = exchange
        self._listening = listening
        self._left = LeftRuns(partial(exchange.look, OWNERS, Asked(look=OWNERS.name)))

    async def spawn(
        self,
        task: AnyTask,
        *,
        parent: SessionKey | None = None,
        again: str = "",
        on_text: OnText | None = None,
    ) -> Spawned:
        """Make a session and its first run, which a worker at the gateway executes.

        Raises:
            NotAtDistance: the task has what a gateway does not take.
        """
        if again:
            raise not_at_distance("spawning again what a child of another run did")
        body = task_body(task)
        if parent is not None:
            body["parent"] = parent
        return await self._started("/runs", body, on_text)

    async def input_schema(self, agent: str) -> JsonObject | None:
        """The schema of what an agent of the gateway's catalog takes; None if it takes a text alone.

        Raises:
            UnknownAgent: it has no such agent.
        """
        answer = await self._exchange.get(f"/agents/{_quoted(agent)}")
        return self._exchange.read_value(SCHEMA, answer.get("input_schema"))

    async def spawn_team(
        self, team: TeamTask, *, key: str | None = None, tags: Sequence[str] = ()
    ) -> Spawned:
        """Make a run of a team; with a key that was used before, find the stored run.

        Raises:
            NotAtDistance: a task has what a gateway does not take.
        """
        return await self._started("/runs", team_body(team, key, tags))

    async def spawn_named_team(self, asked: NamedTeam) -> Spawned:
        """Make a run of a team of the catalog, or of one in files; with a key, find the stored run.

        Raises:
            NotFound, InvalidFile, InvalidInput: there is no such team, or it does not take what is given.
        """
        return await self._started("/runs", named_team_body(asked))

    async def spawn_goal(self, asked: Goal) -> Spawned:
        """Have agents at the gateway plan a goal, reach it, and report.

        Raises:
            InvalidFile, InvalidInput: the plan or what is given is not valid.
        """
        return await self._started("/goals", goal_body(asked))

    async def team_inputs(self, team: str) -> JsonObject:
        """The schema of what a team of the gateway's catalog takes.

        Raises:
            NotFound: it has no such team.
        """
        answer = await self._exchange.get(f"/teams/{_quoted(team)}")
        return self._exchange.read_value(SCHEMA, answer.get("input")) or {"type": "object"}

    async def price(self, asked: AnyTask | NamedTeam) -> PriceForm:
        """What a task or a team would cost at the gateway; nothing is started.

        Raises:
            PagentsError: as when it is started.
        """
        body = named_team_body(asked) if isinstance(asked, NamedTeam) else task_body(asked)
        answer = await self._exchange.ask("/price", body=body)
        return self._exchange.read_value(PRICE, answer)

    async def price_goal(self, asked: Goal) -> PriceForm:
        """What the steps of a goal's plan would cost at the gateway, or without a plan its planning.

        Raises:
            PagentsError: as when it is started.
        """
        answer = await self._exchange.ask("/price/goal", body=goal_body(asked))
        return self._exchange.read_value(PRICE, answer)

    async def resume(self, name: str) -> Spawned:
        """Have a worker at the gateway continue the runs of a session's tree that nobody works on."""
        return await self._started(f"/runs/{_quoted(name)}/resume", {})

    async def plan_retry(self, letter: DeadLetter, edits: Edits = NO_EDITS) -> Never:
        """Refused: the plan of a session is made where its agents and models are; see `price_retry`."""
        del letter, edits
        raise not_at_distance("planning a retry", "ask for its price: pagents dlq retry --dry-run")

    async def price_retry(self, letter: DeadLetter, edits: Edits = NO_EDITS) -> RetryForm:
        """What a retry would start, and what its first call costs at most.

        Raises:
            PagentsError: as when it is retried.
        """
        return await self._retry(letter, edits, dry_run=True)

    async def retry(self, letter: DeadLetter, edits: Edits = NO_EDITS) -> Spawned:
        """Start the task again; while a retry runs, a second one returns it."""
        form = await self._retry(letter, edits, dry_run=False)
        row = await self.find(form.session_key or letter.session.key)
        return Spawned(row.session.key, row.run.id, form.is_new)

    async def _retry(self, letter: DeadLetter, edits: Edits, *, dry_run: bool) -> RetryForm:
        body: dict[str, object] = {
            "runs": [letter.run.id],
            "text": edits.text,
            "model": edits.model,
            "input": {**edits.input},
            "current": edits.current,
            "afresh": edits.afresh,
            "killed": bool(letter.killed_by),
            "dry_run": dry_run,
        }
        send = self._exchange.ask if dry_run else self._exchange.change
        answer = await send("/dead-letters/retry", body)
        form = self._exchange.read_value(RETRIED, answer)
        if form.warning:
            _log.warning("%s", form.warning)
        (found,) = form.retries
        if found.error is not None:
            raise refusal_named(found.error.code, found.error.message)
        return found

    async def drop(self, letters: Sequence[DeadLetter]) -> int:
        """Drop dead letters; return how many there were."""
        dropped = 0
        for part in in_parts([letter.run.id for letter in letters], MOST_NAMES):
            body = {"runs": [*part]}
            answer = await self._exchange.change("/dead-letters/drop", body)
            dropped += self._exchange.read_value(COUNT, answer.get("dropped"))
        return dropped

    async def spawn_flow(
        self,
        flow: FlowTask,
        *,
        key: str | None = None,
        parent: SessionKey | None = None,
        tags: Sequence[str] = (),
    ) -> Never:
        """Refused: the function of a flow is here, and a gateway takes no code."""
        del flow, key, parent, tags
        raise not_at_distance("running a flow", "run it on the machine that has its function")

    async def send(  # noqa: PLR0913 - what a message can have, each by its name
        self,
        name: str,
        text: str,
        *,
        input: JsonObject | None = None,
        sender: SessionKey | None = None,
        files: Sequence[File] = (),
        notify: Notify | None = None,
        run: RunId | None = None,
        model: str | None = None,
        on_text: OnText | None = None,
    ) -> Spawned:
        """Start the next run of a session.

        Raises:
            NotAtDistance: the message has what a gateway does not take.
        """
        for what, given in {
            "a message with files": files,
            "a message of a session": sender,
            "a target of notifications": notify,
            "choosing the id of a run": run,
        }.items():
            if given:
                raise not_at_distance(what)
        body: dict[str, object] = {"text": text, "input": {**(input or {})}, "model": model}
        return await self._started(f"/runs/{_quoted(name)}/messages", body, on_text)

    async def fork(self, name: str, fork: Fork = NO_FORK) -> Spawned:
        """Make a session that takes up the conversation of another one at one of its turns.

        Raises:
            NotAtDistance: it is to work in a folder.
        """
        return await self._started(f"/runs/{_quoted(name)}/fork", fork_body(fork))

    async def price_fork(self, name: str, fork: Fork = NO_FORK) -> PriceForm:
        """What a fork would cost at the gateway; nothing is started.

        Raises:
            PagentsError: as when it is started.
        """
        body = {**fork_body(fork), "dry_run": True}
        answer = await self._exchange.ask(f"/runs/{_quoted(name)}/fork", body)
        return self._exchange.read_value(PRICE, answer)

    async def _started(
        self, path: str, body: Mapping[str, object], on_text: OnText | None = None
    ) -> Spawned:
        if on_text is not None:
            body = {**body, "listen": True}
        answer = await self._exchange.change(path, body)
        form = self._exchange.read_value(SPAWNED, answer)
        spawned = spawned_of(form)
        if on_text is not None:
            self._listening.listen(form.run_id, on_text, is_whole=form.is_new)
        return spawned

    async def attach(self, content: bytes, name: str) -> Never:
        """Refused: a gateway takes no files."""
        del content, name
        raise not_at_distance("giving a file to a task")

    async def steer(
        self, name: str, text: str, *, mode: SteerMode = SteerMode.NEXT, key: str | None = None
    ) -> Steer:
        """Send a message to a live run, once, even if the connection breaks."""
        if mode is SteerMode.AFTER:
            sent = await self.send(name, text)
            return Steer(sent.run_id, "")
        answer = await self._exchange.change(
            f"/runs/{_quoted(name)}/steer", {"text": text, "mode": mode.value}, key=key
        )
        form = self._exchange.read_value(STEERED, answer)
        return Steer(form.run_id, form.key)

    async def answer(self, question: str, answer: Answer, *, via: str = "") -> OpenQuestion:
        """Answer the question with this id; the gateway says who answers, and not `via`."""
        del via
        waiting = {each.id: each for each in await self.questions()}
        found = waiting.get(question)
        body: dict[str, object] = {"answer": answer.text or "allow"}
        if found is not None and found.question.is_approval:
            note = {} if answer.allow else {"note": answer.text}
            body = {"answer": "allow" if answer.allow else "deny", **note}
        if answer.for_run:
            body["for_run"] = True
        if answer.arguments is not None:
            body["arguments"] = {**answer.arguments}
        await self._exchange.change(f"/questions/{_quoted(question)}/answer", body)
        if found is None:  # it was asked and answered in between
            raise NotFound(f"the question {question[:40]!r} waits no longer")
        return found

    async def kill(
        self, name: str, *, dry_run: bool = False, keeps_session: bool = False
    ) -> Killed:
        """End a session's live run and everything that it spawned."""
        body = {"dry_run": dry_run, "keeps_session": keeps_session}
        send = self._exchange.ask if dry_run else self._exchange.change
        answer = await send(f"/runs/{_quoted(name)}/kill", body)
        form = self._exchange.read_value(KILLED, answer)
        rows = await self.rows_of(form.runs)
        return Killed([row.run for row in rows], form.already_over)

    async def wait(
        self, runs: Sequence[RunId], *, timeout: float | None = None, until: Until = Until.ALL
    ) -> builtins.list[Result]:
        """Wait for runs as `until` says, by one request after another.

        Raises:
            TimeoutError: after `timeout` seconds; the runs continue.
        """
        if until is Until.NOW:
            return await self.results(runs)
        if len(runs) > MOST_NAMES and until is not Until.ALL:
            raise not_at_distance(f"waiting for one of more than {MOST_NAMES} runs")
        deadline = None if timeout is None else monotonic() + timeout
        found: builtins.list[Result] = []
        try:
            for part in in_parts(runs, MOST_NAMES):
                found += await self._wait(part, until, deadline)
        except TimeoutError:
            raise TimeoutError(f"the runs have not ended in {timeout:g} s; they continue") from None
        if until is Until.ALL:
            await self._listening.end(runs)
        return found

    async def _wait(
        self, runs: tuple[str, ...], until: Until, deadline: float | None
    ) -> builtins.list[Result]:
        while True:
            left = WAIT_SECONDS if deadline is None else max(0.0, deadline - monotonic())
            asked = Asked(look=WAIT.name, names=runs, until=until, seconds=min(left, WAIT_SECONDS))
            async with asyncio.timeout(None if deadline is None else left + _ANSWER_SECONDS):
                found = await self._exchange.look(WAIT, asked)
            if found is not None:
                return found
            await self._left.tell(await self.rows_of([RunId(run) for run in runs]))
            if deadline is not None and monotonic() >= deadline:
                raise TimeoutError

    @override
    async def follow(self, name: str, *, after: int = 0) -> AsyncGenerator[Event]:
        """The events of a session and of everything that it spawned; a reply after its text, where that is heard."""
        async with aclosing(super().follow(name, after=after)) as events:
            async for event in events:
                if isinstance(event.body, Replied) and not event.body.is_summary:
                    await self._listening.heard(event.run, event.body.turn)
                yield event

    def listen(self, run: RunId, on_text: Callable[[str], None]) -> Unsubscribe:
        """Receive the text of a run as its model writes it; of a call that has begun already, all at its end."""
        return self._listening.listen(run, on_text)


def _quoted(name: str) -> str:
    return quote(name, safe=":")
