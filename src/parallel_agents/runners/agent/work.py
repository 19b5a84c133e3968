"""Work: the state of one agent's run while this process executes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from parallel_agents.core.batch import Item, answer_schema, items_of, limits_of_batch, open_items
from parallel_agents.core.event import Body, Entry, Event, Queued, Unanswered
from parallel_agents.core.message import task_text
from parallel_agents.core.model import Model, Models
from parallel_agents.core.run import Failure
from parallel_agents.core.runner import Activation
from parallel_agents.core.sandbox import Sandbox, of_gates
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.session import Session
from parallel_agents.core.steps import Assignment, Prepared
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.transcript import Transcript
from parallel_agents.core.workspaces import AS_THEY_ARE, Workspaces
from parallel_agents.runners.agent.children import Children
from parallel_agents.runners.agent.contexts import Contexts
from parallel_agents.runners.agent.gates import Gatekeeper
from parallel_agents.runners.agent.questions import PATIENCE, Patience
from parallel_agents.runners.agent.tool_calls import ToolCalls
from parallel_agents.runners.clock import Clock, active_seconds, seconds_left


class OutputCheck(Protocol):
    """Finds what is wrong with answers of one output type."""

    async def problems(self, answer: Json, text: str) -> tuple[str, ...]:
        """Why an answer is not of the type; the numbers in `text` have all of their digits.

        Raises:
            GateBroken: the type cannot tell.
        """
        ...


@dataclass(slots=True, kw_only=True)
class Work:
    """The state that steps read and change; all that must outlive the process is in the journal.

    Attributes:
        task: the first message of the run.
        text: what it says apart from the input.
        input: the values in it.
        cache_seconds: the maximum age of a stored reply to the same request.
        model: the model, ready for calls; like `tools`, it is set by the first step.
        specs: the tools as the model sees them.
        acting: the names of those that may change something.
        notices: what a reader of the result should know about that model.
        tool_notices: the same for the tools.
        workspaces: the folders that sessions work in.
        patience: how long the run's questions wait for a person.
        contexts: what this process knows about the contexts of models.
        unanswered: the run's calls that brought no reply and may have been billed.
        failure: why the call in flight is being repeated.
        streamed: the pieces of text that the call in flight has brought so far.
        output_check: checks an answer with the agent's output type, if this process has it.
    """

    activation: Activation
    assignment: Assignment
    transcript: Transcript
    task: str
    text: str
    input: JsonObject
    cache_seconds: float | None
    clock: Clock
    children: Children
    gatekeeper: Gatekeeper
    models: Models
    contexts: Contexts
    prepared: Prepared = field(default_factory=Prepared)
    model: Model = field(init=False)
    tools: ToolCalls = field(init=False)
    specs: Sequence[ToolSpec] = ()
    acting: frozenset[str] = frozenset()
    notices: tuple[str, ...] = ()
    tool_notices: tuple[str, ...] = ()
    unanswered: int = 0
    workspaces: Workspaces = AS_THEY_ARE
    patience: Patience = PATIENCE
    failure: Failure | None = None
    streamed: list[str] = field(default_factory=list[str])
    output_check: OutputCheck | None = None

    @property
    def session(self) -> Session:
        return self.activation.claim.session

    def enter(self, folder: str) -> None:
        """Work in this folder from now on."""
        session = replace(self.session, options=replace(self.session.options, cwd=folder))
        self.activation = replace(
            self.activation, claim=self.activation.claim._replace(session=session)
        )

    @property
    def gate_sandbox(self) -> Sandbox:
        """Where the commands of its gates run."""
        refine, sandbox = self.session.agent.refine, self.session.options.sandbox
        is_revised = refine is not None and bool(refine.by)
        return of_gates(
            sandbox,
            may_write=self.tools.may_write or self.prepared.may_spawn or is_revised,
        )

    @property
    def answer_schema(self) -> JsonObject | None:
        """What its next answer must match; None for text."""
        return answer_schema(self.assignment.agent, self.open_items)

    @property
    def open_items(self) -> list[str]:
        """The numbers of the items of a batch that are not done."""
        return open_items(self.assignment.batch, self.transcript.accepted_items)

    @property
    def items(self) -> dict[str, Item]:
        """Those items, by their numbers; none for a task of one piece."""
        if not self.assignment.batch:
            return {}
        found = items_of(self.text, self.input)
        return {n: item for n, item in found.items() if n not in self.transcript.accepted_items}

    @property
    def result_tokens(self) -> int:
        """The most tokens of each result of its last reply that the model is shown."""
        window = self.prepared.shortening.window
        return self.contexts.result_tokens(window, len(self.transcript.asked))

    @property
    def partial_text(self) -> str:
        """The text of the last reply, or what came of the call that was cut off after it."""
        return "".join(self.streamed) or self.transcript.last_text

    async def write(self, key: str, body: Body) -> None:
        """Append an event durably, and apply it to the transcript."""
        await self.activation.journal.append(Entry(key, body))
        self.transcript.apply(key, body)

    async def write_together(self, *entries: Entry) -> None:
        """Append events in one transaction, and apply them to the transcript."""
        await self.activation.journal.append(*entries)
        for entry in entries:
            self.transcript.apply(entry.key, entry.body)


def work_of(
    activation: Activation,
    *,
    models: Models,
    contexts: Contexts,
    children: Children,
    gatekeeper: Gatekeeper,
) -> Work:
    """The work of a claimed run as its events leave it."""
    session, run, events = activation.claim[:3]
    queued = _queued(events)
    return Work(
        activation=activation,
        assignment=Assignment(
            agent=session.agent,
            model=run.model,
            limits=limits_of_batch(
                session.options.limits.over(queued.limits), session.options.batch
            ),
            ladder=queued.ladder,
            batch=session.options.batch,
        ),
        transcript=activation.claim.before.replay(events),
        task=task_text(queued.text, queued.input),
        text=queued.text,
        input=queued.input,
        cache_seconds=queued.cache_seconds,
        clock=Clock(
            activation.slot,
            seconds_left(queued.limits.timeout_seconds, active_seconds(events, run)),
        ),
        children=children,
        gatekeeper=gatekeeper,
        models=models,
        contexts=contexts,
        unanswered=sum(isinstance(event.body, Unanswered) for event in events),
    )


def _queued(events: Iterable[Event]) -> Queued:
    return next(event.body for event in events if isinstance(event.body, Queued))
