"""Transcript: the state of a run, folded from its session's events, with all that its model is shown.

The loop applies each event to the same fold when it writes it, so a run that continues after a
crash has the same state as one that was never interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from parallel_agents.core.batch import open_task
from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.call_ids import CallIds
from parallel_agents.core.command_tally import NO_COMMANDS, CommandTally
from parallel_agents.core.decisions import Decisions
from parallel_agents.core.event import (
    Attempted,
    Body,
    Closing,
    Delivered,
    Event,
    Gated,
    HandedBack,
    Queued,
    Refused,
    Replied,
    Revised,
    Shortened,
    Steered,
    ToolFinished,
    ToolStarted,
)
from parallel_agents.core.gate import Verdict
from parallel_agents.core.ids import RunId
from parallel_agents.core.kept import KeptCall, KeptReport, KeptWork, identity_of, tell
from parallel_agents.core.kept_calls import kept_call
from parallel_agents.core.kept_text import KeptAt, kept_path
from parallel_agents.core.message import (
    Message,
    Place,
    Role,
    ToolCall,
    ToolResult,
    assistant,
    task_text,
    user,
)
from parallel_agents.core.model import Finish
from parallel_agents.core.run import AcceptedItem, Failure
from parallel_agents.core.shortenings import NO_SHORTENINGS, Shortenings
from parallel_agents.core.told import told
from parallel_agents.core.tool import Effect
from parallel_agents.core.version import AnswerId, Version

CUT_OFF = "This call was cut off before its result was known."


@dataclass(slots=True)
class Transcript:
    """The state of a run.

    Attributes:
        messages: the conversation, oldest first; a reply's tool results follow once all are known.
        turn: the number of model replies in the run.
        tries: attempts on the current model.
        model: the model that the run has climbed to; empty for the one that it began on.
        verdicts: the gates' verdicts on the attempt's answer, so far.
        reviser: the agent that makes the attempt's answer; empty for the model.
        repairs: rejected answers since the attempt began.
        last_text, last_finish: the text of the run's last reply, and why it ended.
        asked: the tool calls of the last reply, until all have a result.
        finished, started: the calls that have ended, and that began, by their numbers in the reply.
        decisions: what people decided about the run's calls.
        kept: what the attempts and earlier runs of the same task did.
        pending: messages not yet delivered, by event key.
        received: event keys of all messages to the run.
        delivered: the messages that were delivered; another attempt gets them with its task.
        handed_back: runs of children whose ends are reported in the messages.
        counted: the number of messages that the last reply's token count covers.
        counted_tokens: that count, including instructions and tools; 0 if it is not known.
        closing: why only one call is left; None if more are.
        estimated: the number of replies whose tokens the server did not count.
        pauses: the number of replies in a row that the server paused.
        shortenings: how the conversation was shortened in the run.
        run: the id of the run.
        commands: what the commands of the session wrote, and which limits they hit.
        kept_at: where the whole of each result and message is kept.
        accepted_items: of a batch, the items that are done, by number.
    """

    messages: list[Message] = field(default_factory=list[Message])
    turn: int = 0
    attempt: int = 1
    tries: int = 1
    model: str = ""
    verdicts: list[Verdict] = field(default_factory=list[Verdict])
    reviser: str = ""
    repairs: int = 0
    last_text: str = ""
    last_finish: Finish = Finish.STOP
    asked: tuple[ToolCall, ...] = ()
    finished: dict[int, ToolFinished] = field(default_factory=dict[int, ToolFinished])
    started: dict[int, ToolStarted] = field(default_factory=dict[int, ToolStarted])
    decisions: Decisions = field(default_factory=Decisions)
    kept: KeptWork = field(default_factory=KeptWork)
    pending: dict[str, Steered] = field(default_factory=dict[str, Steered])
    received: set[str] = field(default_factory=set[str])
    delivered: list[str] = field(default_factory=list[str])
    handed_back: set[RunId] = field(default_factory=set[RunId])
    counted: int = 0
    counted_tokens: int = 0
    closing: Failure | None = None
    estimated: int = 0
    pauses: int = 0
    shortenings: Shortenings = NO_SHORTENINGS
    task_end: int = 0
    run: RunId | None = None
    commands: CommandTally = NO_COMMANDS
    kept_at: KeptAt = field(default_factory=KeptAt)
    accepted_items: dict[str, AcceptedItem] = field(default_factory=dict[str, AcceptedItem])
    _queued: Queued | None = None
    _ids: CallIds = field(default_factory=CallIds)
    _best_before: Version | None = None
    _stale_before: int = 0

    def copy(self) -> Transcript:
        """A transcript that can be continued while this one stays as it is."""
        return replace(
            self,
            messages=self.messages.copy(),
            verdicts=self.verdicts.copy(),
            finished=self.finished.copy(),
            started=self.started.copy(),
            decisions=self.decisions.copy(),
            kept=self.kept.copy(),
            pending=self.pending.copy(),
            received=self.received.copy(),
            delivered=self.delivered.copy(),
            handed_back=self.handed_back.copy(),
            kept_at=self.kept_at.copy(),
            accepted_items=self.accepted_items.copy(),
            _ids=self._ids.copy(),
        )

    def replay(self, events: Iterable[Event]) -> Transcript:
        """This transcript continued by the events of a run."""
        state = self.copy()
        for event in events:
            state.take(event)
        return state

    @property
    def answer_id(self) -> AnswerId:
        return AnswerId(self.attempt, self.turn)

    @property
    def version(self) -> Version | None:
        """The attempt's answer with the verdicts so far; None before the first verdict."""
        verdicts = tuple(self.verdicts)
        return Version(self.attempt, self.last_text, verdicts) if verdicts else None

    @property
    def best(self) -> Version | None:
        """The best version of the run; None before the first verdict."""
        version, before = self.version, self._best_before
        is_better = version and (before is None or version.rank > before.rank)
        return version if is_better else before

    @property
    def stale(self) -> int:
        """The number of versions that the model has made since the best one."""
        if not self.verdicts:
            return self._stale_before
        return 0 if self.best is not self._best_before else self._stale_before + 1

    def repeated(self, number: int) -> KeptCall | None:
        """The call of an earlier attempt that call `number` of the last reply repeats, if any."""
        return self.kept.repeated(self.asked, number)

    def done_again(self, number: int) -> str:
        """What `was` the call of another run that call `number` does again; empty if none."""
        return self.kept.done_again(self.asked, number)

    def take(self, event: Event) -> None:
        """Apply one event of the session, of the run that it names."""
        self.run = event.run
        self.apply(event.key, event.body)

    def apply(self, key: str, body: Body) -> None:
        """Apply one event of the run."""
        self.commands = self.commands.after(body)
        match body:
            case Queued():
                self._begin_run(key, body)
            case Replied():
                self._take_reply(body)
            case ToolStarted() | ToolFinished():
                self._take_call(body)
            case Steered():
                if key not in self.received:
                    self.received.add(key)
                    self.pending[key] = body
            case Attempted():
                self._begin_attempt(body)
            case Gated():
                self.verdicts.append(body.verdict)
            case Revised():
                self._take_revision(body)
            case Shortened():
                self._shorten(body)
            case Asked() | Answered():
                self.decisions.take(key, body)
            case Refused() | Delivered() | HandedBack() | Closing():
                self._add_message(key, body)
            case _:
                pass

    def _take_call(self, body: ToolStarted | ToolFinished) -> None:
        if body.turn != self.turn or not self.asked:
            return  # its turn is over, and was told without it
        if isinstance(body, ToolFinished):
            self._take_result(body)
            return
        if body.number:
            self.started.setdefault(body.number, body)
            return
        for number in self._ids.numbers(body.call.id):
            is_it = identity_of(self.asked[number - 1]) == identity_of(body.call)
            self.started.setdefault(number, body if is_it else self._perhaps_started(number))

    def _take_result(self, finished: ToolFinished) -> None:
        if finished.number:
            self.finished[finished.number] = finished
        else:
            self._take_unnumbered(finished)
        self.handed_back.update(finished.handed_back)
        if all(number in self.finished for number in range(1, len(self.asked) + 1)):
            self.close_turn()

    def _take_unnumbered(self, finished: ToolFinished) -> None:
        """Take a result of an older version, which knew one of all calls with the same id.

        It is that of the first unfinished one of its tool; the others may have been made.
        """
        is_taken = False
        for number in self._ids.numbers(finished.result.call_id):
            if number in self.finished:
                continue
            if not is_taken and self.asked[number - 1].name == finished.result.name:
                self.finished[number], is_taken = finished, True
            else:
                self.started.setdefault(number, self._perhaps_started(number))

    def _perhaps_started(self, number: int) -> ToolStarted:
        call = self.asked[number - 1]
        return ToolStarted(turn=self.turn, call=call, effect=Effect.ONCE)

    def _take_revision(self, revised: Revised) -> None:
        self.messages.append(assistant(revised.text))
        self.last_text, self.last_finish, self.reviser = revised.text, Finish.STOP, ""

    def _shorten(self, shortened: Shortened) -> None:
        cuts, texts = shortened.cuts, self.kept_at.texts
        for cut in cuts.texts:
            if at := texts.get(self.messages[cut.position].text):
                texts[cuts.cut_text(self.messages, cut, self.kept_at).text] = at
        self.messages = cuts.applied(self.messages, self.kept_at)
        self.task_end = cuts.moved(self.task_end)
        self.counted = self.counted_tokens = 0
        self.shortenings = self.shortenings.after(shortened)

    def _begin_attempt(self, begun: Attempted) -> None:
        self.close_turn()
        self.kept.begin_attempt()
        taken = () if self._queued is None else self._queued.taken
        self.messages[self.task_end :] = [*taken, *map(user, self.delivered)]
        self._take_accepted(begun.accepted_items)
        self._tell_earlier()
        if begun.critique:
            self.messages.append(user(begun.critique))
        self.tries = 1 if begun.model else self.tries + 1
        self._best_before, self._stale_before = self.best, 0 if begun.model else self.stale
        self.model, self.reviser = begun.model or self.model, begun.by
        self.attempt, self.repairs, self.asked = begun.number, 0, ()
        self.counted = self.counted_tokens = 0
        self.shortenings = self.shortenings.of_next_attempt()
        self.verdicts.clear()

    def _take_accepted(self, items: Mapping[str, AcceptedItem]) -> None:
        """Leave items of a batch that are done out of the task."""
        queued = self._queued
        if not items or queued is None:
            return
        self.accepted_items.update(items)
        left = open_task(queued.text, queued.input, self.accepted_items)
        task = task_text(left.text, left.input)
        before = self.messages[self.task_end - 1].text
        self.messages[self.task_end - 1] = user(task, queued.files)
        if at := self.kept_at.texts.get(before):
            self.kept_at.texts[task] = at

    def _tell_earlier(self) -> None:
        text, missing = tell(self.kept.earlier)
        if text:
            self.messages.append(user(text))
            self.handed_back -= missing

    def _take_reply(self, reply: Replied) -> None:
        self.estimated += reply.is_estimated
        if reply.is_summary:
            return  # the shortening has it
        self.close_turn()
        message = self._ids.apart(reply.message)
        self.messages.append(message)
        self.verdicts.clear()  # they judged the previous answer
        self.counted_tokens = 0 if reply.is_estimated else reply.usage.total_tokens
        self.shortenings = self.shortenings.after_reply()
        self.pauses = self.pauses + 1 if reply.finish is Finish.PAUSED else 0
        self.counted = len(self.messages) if self.counted_tokens else 0
        before = self.last_text if self.last_finish is Finish.PAUSED else ""
        self.turn, self.last_text = reply.turn, before + reply.message.text
        self.last_finish, self.asked = reply.finish, message.tool_calls

    def _add_message(self, key: str, event: Refused | Delivered | HandedBack | Closing) -> None:
        """Apply an event that tells the model something and is not a tool's result."""
        self.close_turn()
        match event:
            case Refused(text=text):
                self.repairs += 1
            case Delivered(steer=steer, text=text):
                self.pending.pop(steer, None)
                self.delivered.append(text)
                self.kept_at.texts[text] = kept_path(self.run, steer)
            case HandedBack(text=text, runs=runs):
                self.handed_back.update(runs)
                self.kept.now.append(KeptReport(text, runs))
                self.kept_at.texts[text] = kept_path(self.run, key)
            case Closing(text=text, error=error):
                self.closing = error
        self.messages.append(user(text))

    def _begin_run(self, key: str, queued: Queued) -> None:
        self.close_turn()
        self.messages.extend(queued.context)
        self._ids.note((*queued.context, *queued.taken))
        task = task_text(queued.text, queued.input)
        self.messages.append(user(task, queued.files))
        self.kept_at.texts[task] = kept_path(self.run, key)
        self.task_end = len(self.messages)
        self._queued, self.accepted_items = queued, {}
        self._take_accepted(queued.accepted_items)
        self.messages.extend(queued.taken)
        self.decisions, self.kept = Decisions(), KeptWork(list(queued.kept))
        self._tell_earlier()
        self.turn, self.attempt, self.repairs, self.last_text = 0, 1, 0, ""
        self.closing, self.model, self.tries, self.estimated, self.pauses = None, "", 1, 0, 0
        self.shortenings, self.commands = NO_SHORTENINGS, self.commands.of_next_run()
        self._best_before, self._stale_before, self.reviser = None, 0, ""
        for each in (self.verdicts, self.pending, self.received, self.delivered):
            each.clear()

    def close_turn(self) -> None:
        """Add the results in the order of the calls; a call without one was cut off."""
        if not self.asked:
            return
        results: list[ToolResult] = []
        started = self.started
        for number, call in enumerate(self.asked, start=1):
            finished = self.finished.get(number)
            if finished is None:
                results.append(ToolResult(call.id, call.name, CUT_OFF, is_error=True))
            else:
                result = told(finished.result, finished.cut)
                is_own = result.call_id == call.id
                results.append(result if is_own else replace(result, call_id=call.id))
                self.kept_at.results[call.id] = kept_path(self.run, Place(self.turn, number))
            place = str(Place(self.turn, number))
            if kept := kept_call(started.get(number), finished, results[-1], place):
                self.kept.add(kept, repeats=started[number].repeats)
        self.kept.count(self.asked)
        self.messages.append(Message(Role.TOOL, tuple(results)))
        self.asked, self.finished, self.started = (), {}, {}


def fold(events: Iterable[Event], run: RunId | None = None) -> Transcript:
    """The transcript of a session up to and including its run `run`, or of all its runs.

    Runs are applied one after the other, although the next may be queued while one is live.
    """
    by_run: dict[RunId, list[Event]] = {}
    for event in events:
        by_run.setdefault(event.run, []).append(event)
    state = Transcript()
    for each, its_events in by_run.items():
        for event in its_events:
            state.take(event)
        if each == run:
            break
    return state
