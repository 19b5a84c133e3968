"""What a run does next follows from its transcript, wherever it was interrupted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import (
    Attempted,
    Body,
    Closing,
    Delivered,
    Event,
    Gated,
    Queued,
    Refused,
    Replied,
    Revised,
    Steered,
    SteerMode,
    ToolFinished,
    ToolStarted,
)
from parallel_agents.core.gate import ConditionGate, JudgeGate, Refine, RegexGate, Verdict
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message, Role, ToolCall, ToolResult, assistant
from parallel_agents.core.model import Finish
from parallel_agents.core.repetition import advice
from parallel_agents.core.run import Failure
from parallel_agents.core.steps import (
    AnnounceLastCall,
    AskRepair,
    Assignment,
    BeginAttempt,
    BreakOff,
    CallModel,
    CheckGate,
    Complete,
    CompleteWithBest,
    DeliverMessages,
    Ending,
    EndOverBudget,
    JoinChildren,
    Prepared,
    Revise,
    RunTools,
    StartModel,
    Step,
    next_step,
    step_after_failure,
)
from parallel_agents.core.tool import Effect
from parallel_agents.core.transcript import Transcript, fold
from parallel_agents.core.usage import Usage
from parallel_agents.errors import (
    AuthFailed,
    CallsRepeated,
    GateBroken,
    GateRefused,
    OutputCut,
    OutputInvalid,
    OverBudget,
    PagentsError,
    RevisionFailed,
    TurnLimit,
    UnknownModel,
)

AGENT = Agent(name="writer", description="Writes", instructions="Write.")
COUNTER = replace(AGENT, output_schema={"type": "object", "required": ["count"]})
CHEAP = ConditionGate(condition="len(text) >= 0")
JUDGE = JudgeGate(rubric="Is it good?")
READY = Prepared("m/small")
SPENT = Failure("PA-E309", "no room")


def assignment(agent: Agent = AGENT, *ladder: str, **limits: int) -> Assignment:
    return Assignment(agent=agent, model="m/small", limits=Limits(**limits), ladder=ladder)


def replied(turn: int, message: Message | str, finish: Finish = Finish.STOP) -> Replied:
    return Replied(
        turn=turn,
        message=assistant(message) if isinstance(message, str) else message,
        model="m/small",
        finish=finish,
        usage=Usage(),
        cost_nanousd=0,
        seconds=0.0,
    )


def calls(*ids: str) -> Message:
    return Message(Role.ASSISTANT, tuple(ToolCall(i, "look", {}) for i in ids))


def finished(call: str, turn: int = 1) -> ToolFinished:
    return ToolFinished(turn=turn, result=ToolResult(call, "look", "saw"), seconds=0.0)


def gated(*, is_accepted: bool, score: float | None = None, attempt: int = 1) -> Gated:
    verdict = Verdict(gate="g", is_accepted=is_accepted, critique="no", score=score)
    return Gated(attempt=attempt, verdict=verdict)


def steered(text: str = "shorter") -> Steered:
    return Steered(text=text, mode=SteerMode.NEXT, by="user")


def after(*bodies: Body) -> Transcript:
    """The transcript of a run with these events after its task."""
    transcript = Transcript()
    for number, body in enumerate((Queued(text="go"), *bodies)):
        transcript.apply(f"key-{number}", body)
    return transcript


def decide(transcript: Transcript, given: Assignment | None = None) -> Step:
    return next_step(transcript, given or assignment(), READY)


def begun(step: Step) -> Attempted:
    assert isinstance(step, BeginAttempt)
    return step.attempt


def broken_by(step: Step) -> PagentsError:
    assert isinstance(step, BreakOff)
    return step.error


def test_the_model_is_started_before_anything_else() -> None:
    transcript = after(replied(1, calls("a")))

    assert next_step(transcript, assignment(), Prepared()) == StartModel("m/small")


def test_a_model_that_the_run_has_climbed_to_is_started() -> None:
    failed = Attempted(number=2, error=SPENT, model="m/large")

    assert decide(after(failed)) == StartModel("m/large")


def test_a_task_is_given_to_the_model() -> None:
    assert decide(after()) == CallModel(1)


def test_the_turns_of_a_run_are_limited() -> None:
    transcript = after(replied(1, calls("a")), finished("a"))

    assert decide(transcript, assignment(max_turns=2)) == CallModel(2)
    assert isinstance(broken_by(decide(transcript, assignment(max_turns=1))), TurnLimit)


def test_a_model_that_makes_no_headway_is_replaced_by_the_next_of_its_ladder() -> None:
    bodies = [
        body
        for turn in range(1, 11)
        for body in (
            replied(turn, calls("a")),
            ToolFinished(
                turn=turn,
                result=ToolResult("a", "look", f"nothing\n{advice(turn)}".rstrip()),
                seconds=0.0,
            ),
        )
    ]

    given = assignment(AGENT, "m/small", "m/large")

    assert decide(after(*bodies[:-2]), given) == CallModel(10)
    assert begun(decide(after(*bodies), given)).model == "m/large"
    assert isinstance(broken_by(decide(after(*bodies))), CallsRepeated)


@pytest.mark.parametrize("known", [(), ("b",)])
def test_tools_run_until_all_results_are_known(known: Sequence[str]) -> None:
    transcript = after(replied(1, calls("a", "b")), *map(finished, known))

    assert decide(transcript) == RunTools()


def test_messages_are_delivered_before_the_next_call() -> None:
    message = steered()

    assert decide(after(message)) == DeliverMessages({"key-1": message})
    assert decide(after(message, Delivered(steer="key-1", text=message.text, turn=1))) == CallModel(
        1
    )


def test_messages_wait_for_the_results_of_tools() -> None:
    assert decide(after(replied(1, calls("a")), steered())) == RunTools()


def test_an_answer_without_gates_completes_the_run() -> None:
    assert decide(after(replied(1, "done"))) == Complete("done")


def test_a_message_that_arrived_with_the_answer_is_delivered_first() -> None:
    message = steered()

    assert decide(after(replied(1, "done"), message)) == DeliverMessages({"key-2": message})


def test_an_answer_of_another_form_is_repaired_once() -> None:
    given = assignment(COUNTER)
    refused = Refused(turn=1, text="There is no JSON.")

    first = decide(after(replied(1, "three")), given)
    second = decide(after(replied(1, "three"), refused, replied(2, "still three")), given)

    assert isinstance(first, AskRepair)
    assert isinstance(broken_by(second), OutputInvalid)


def test_an_answer_of_another_form_begins_again_after_its_repair() -> None:
    refused = Refused(turn=1, text="There is no JSON.")
    transcript = after(replied(1, "three"), refused, replied(2, "still three"))

    attempt = begun(decide(transcript, assignment(COUNTER, attempts=2)))

    assert attempt.number == 2
    assert attempt.model == ""
    assert "still three" in attempt.critique


def test_a_cut_answer_begins_again_first_on_the_same_model() -> None:
    transcript = after(replied(1, "do", Finish.LENGTH))

    assert begun(decide(transcript, assignment(attempts=2))).model == ""
    ladder = assignment(AGENT, "m/small", "m/large")
    assert begun(decide(transcript, ladder)).model == "m/large"
    error = broken_by(decide(transcript, assignment(max_output_tokens=10)))
    assert isinstance(error, OutputCut)
    assert "10 tokens" in error.message


def test_children_are_joined_before_an_answer_counts() -> None:
    transcript = after(replied(1, "done"))
    spawns = READY._replace(may_spawn=True)

    assert next_step(transcript, assignment(), spawns) == JoinChildren()
    joined = spawns._replace(joined=transcript.answer_id)
    assert next_step(transcript, assignment(), joined) == Complete("done")


def test_children_are_joined_anew_for_each_answer() -> None:
    transcript = after(replied(1, "done"))
    joined = READY._replace(may_spawn=True, joined=transcript.answer_id)
    transcript.apply("late", replied(2, "done again"))

    assert next_step(transcript, assignment(), joined) == JoinChildren()


def test_children_were_joined_if_a_gate_has_spoken() -> None:
    agent = replace(AGENT, gates=(CHEAP,))
    transcript = after(replied(1, "done"), gated(is_accepted=True))

    spawns = READY._replace(may_spawn=True)
    assert next_step(transcript, assignment(agent), spawns) == Complete("done")


def test_gates_are_asked_one_after_the_other_the_cheapest_first() -> None:
    given = assignment(replace(AGENT, gates=(JUDGE, CHEAP)))

    transcript = after(replied(1, "done"))
    assert decide(transcript, given) == CheckGate(1, CHEAP, "done")
    transcript.apply("gate-1", gated(is_accepted=True))
    assert decide(transcript, given) == CheckGate(2, JUDGE, "done")
    transcript.apply("gate-2", gated(is_accepted=True, score=9))
    assert decide(transcript, given) == Complete("done")


def test_after_a_refusal_no_further_gate_is_asked() -> None:
    given = assignment(replace(AGENT, gates=(CHEAP, JUDGE)), attempts=2)
    transcript = after(replied(1, "done"), gated(is_accepted=False))

    attempt = begun(decide(transcript, given))

    assert attempt.error.code == GateRefused.code
    assert "no" in attempt.critique


def test_a_refine_loop_asks_all_gates_but_no_judge_after_a_refusal() -> None:
    gates = (CHEAP, RegexGate(pattern="d"), JUDGE)
    given = assignment(replace(AGENT, gates=gates, refine=Refine(rounds=2)))

    transcript = after(replied(1, "done"), gated(is_accepted=False))
    assert decide(transcript, given) == CheckGate(2, gates[1], "done")
    transcript.apply("gate-2", gated(is_accepted=True))
    assert begun(decide(transcript, given)).number == 2


def test_a_verdict_is_used_before_a_message_that_arrived_meanwhile() -> None:
    given = assignment(replace(AGENT, gates=(CHEAP, JUDGE)), attempts=2)
    message = steered()

    refused = after(replied(1, "done"), message, gated(is_accepted=False))
    half = after(replied(1, "done"), message, gated(is_accepted=True))
    passed = after(replied(1, "done"), message, gated(is_accepted=True), gated(is_accepted=True))

    assert begun(decide(refused, given)).number == 2
    assert decide(half, given) == CheckGate(2, JUDGE, "done")
    assert decide(passed, given) == DeliverMessages({"key-2": message})


def test_a_refused_answer_climbs_the_ladder() -> None:
    given = assignment(replace(AGENT, gates=(CHEAP,)), "m/small", "m/large")

    attempt = begun(decide(after(replied(1, "done"), gated(is_accepted=False)), given))

    assert attempt.model == "m/large"


def test_a_reviser_makes_the_next_version_of_the_best_one() -> None:
    given = assignment(replace(AGENT, gates=(JUDGE,), refine=Refine(rounds=3, by="editor")))
    transcript = after(replied(1, "draft"), gated(is_accepted=False, score=4))

    attempt = begun(decide(transcript, given))
    transcript.apply("attempt-2", attempt)
    step = decide(transcript, given)

    assert attempt.by == "editor"
    assert isinstance(step, Revise)
    assert step.by == "editor"
    assert step.best.last_text == "draft"


def test_a_revision_is_judged_as_an_answer() -> None:
    given = assignment(replace(AGENT, gates=(JUDGE,), refine=Refine(rounds=3, by="editor")))
    transcript = after(
        replied(1, "draft"),
        gated(is_accepted=False, score=4),
        Attempted(number=2, error=SPENT, by="editor"),
        Revised(attempt=2, by="editor", run=RunId("r"), text="better"),
    )

    assert decide(transcript, given) == CheckGate(1, JUDGE, "better")


def test_the_best_version_counts_if_only_scores_refuse_it() -> None:
    given = assignment(replace(AGENT, gates=(JUDGE,), refine=Refine(rounds=2)))
    rounds = (
        replied(1, "good"),
        gated(is_accepted=False, score=7),
        Attempted(number=2, error=SPENT),
        replied(2, "worse"),
        gated(is_accepted=False, score=3, attempt=2),
    )

    step = decide(after(*rounds), given)

    assert isinstance(step, CompleteWithBest)
    assert step.best.last_text == "good"
    assert isinstance(decide(after(*rounds, steered()), given), DeliverMessages)


def test_the_best_version_does_not_count_if_code_refuses_it() -> None:
    given = assignment(replace(AGENT, gates=(CHEAP,), refine=Refine(rounds=2, patience=1)))
    transcript = after(
        replied(1, "one"),
        gated(is_accepted=False),
        Attempted(number=2, error=SPENT),
        replied(2, "two"),
        gated(is_accepted=False, attempt=2),
    )

    assert isinstance(broken_by(decide(transcript, given)), GateRefused)


def test_a_last_call_is_made_and_its_reply_ends_the_run() -> None:
    closing = Closing(turn=1, text="Answer now.", error=SPENT)
    tools = (replied(1, calls("a")), finished("a"))

    assert decide(after(*tools, closing)) == CallModel(2, is_last=True)
    for last in ("all I have", calls("b")):
        ended = after(*tools, closing, replied(2, last))
        assert decide(ended) == EndOverBudget(SPENT)


def test_without_room_a_run_with_a_reply_announces_its_last_call_once() -> None:
    error = OverBudget("no room", may_answer=True)
    tools = (replied(1, calls("a")), finished("a"))
    closing = Closing(turn=1, text="Answer now.", error=SPENT)

    def failed(transcript: Transcript, error: PagentsError) -> Step:
        return step_after_failure(CallModel(2), error, transcript, assignment())

    assert failed(after(*tools), error) == AnnounceLastCall(Failure.of(error))
    assert broken_by(failed(after(), error)) is error
    assert broken_by(failed(after(*tools, closing), error)) is error
    stop = OverBudget("no room")
    assert broken_by(failed(after(*tools), stop)) is stop


@pytest.mark.parametrize("failed", [CallModel(1), StartModel("m/small")])
def test_a_model_that_fails_is_replaced_by_the_next_of_the_ladder(failed: Step) -> None:
    given = assignment(AGENT, "m/small", "m/large")

    step = step_after_failure(failed, AuthFailed("no"), after(), given)

    assert begun(step).model == "m/large"
    assert begun(step).critique == ""


def test_a_model_that_fails_at_the_top_of_the_ladder_ends_the_run() -> None:
    error = UnknownModel("no such model")

    step = step_after_failure(StartModel("m/small"), error, after(), assignment())

    assert broken_by(step) is error


def test_a_revision_that_fails_ends_a_refine_loop_with_its_best() -> None:
    given = assignment(replace(AGENT, gates=(JUDGE,), refine=Refine(rounds=3, by="editor")))
    transcript = after(
        replied(1, "draft"),
        gated(is_accepted=False, score=4),
        Attempted(number=2, error=SPENT, by="editor"),
    )
    revise = decide(transcript, given)

    failed = step_after_failure(revise, RevisionFailed("none"), transcript, given)
    over = OverBudget("no room")

    assert isinstance(failed, CompleteWithBest)
    assert broken_by(step_after_failure(revise, over, transcript, given)) is over


def test_a_failure_of_any_other_step_ends_the_run() -> None:
    error = GateBroken("it raised")
    given = assignment(AGENT, "m/small", "m/large", attempts=5)

    step = step_after_failure(CheckGate(1, CHEAP, "done"), error, after(replied(1, "x")), given)

    assert broken_by(step) is error


class Decision(NamedTuple):
    """A step, and how many events there were when it was decided."""

    events: int
    step: Step


@dataclass
class PureRun:
    """A run that is executed without a runner: each step becomes the events that it writes.

    Attributes:
        draw: a number from 0 to the one that is given; it stands for all that happens outside.
    """

    draw: Callable[[int], int]
    given: Assignment
    transcript: Transcript = field(default_factory=Transcript)
    events: list[Event] = field(default_factory=list[Event])
    decisions: list[Decision] = field(default_factory=list[Decision])

    def execute(self) -> None:
        self.write("queued", Queued(text="go", limits=self.given.limits))
        prepared = Prepared(self.given.model)
        for _ in range(30):
            if self.draw(4) == 0:
                self.write(f"steer-{len(self.events)}", steered())
            step = next_step(self.transcript, self.given, prepared)
            self.decisions.append(Decision(len(self.events), step))
            if isinstance(step, StartModel):
                prepared = Prepared(step.model)
            elif isinstance(step, Ending):
                return
            else:
                self.follow(step)

    def follow(self, step: Step) -> None:
        attempt, turn = self.transcript.answer_id
        match step:
            case CallModel():
                self.write(f"turn-{step.turn}/model", self.reply(step.turn))
            case RunTools():
                for call in self.transcript.asked:
                    started = ToolStarted(turn=turn, call=call, effect=Effect.PURE)
                    self.write(f"turn-{turn}/call-{call.id}/started", started)
                    if self.draw(5) == 0:
                        self.write(f"steer-{len(self.events)}", steered())
                    self.write(f"turn-{turn}/call-{call.id}", finished(call.id, turn))
            case DeliverMessages(messages=messages):
                for key, message in messages.items():
                    delivered = Delivered(steer=key, text=message.text, turn=turn + 1)
                    self.write(f"{key}/delivered", delivered)
            case AskRepair(problems=problems):
                refused = Refused(turn=turn, text=problems.repair_text())
                self.write(f"turn-{turn}/refused", refused)
            case CheckGate(number=number):
                accepted = self.draw(2) == 0
                verdict = gated(is_accepted=accepted, score=self.draw(10), attempt=attempt)
                self.write(f"attempt-{attempt}/turn-{turn}/gate-{number}", verdict)
            case Revise(by=by):
                text = self.draw(1) * "{}" or '{"count": 2}'
                revised = Revised(attempt=attempt, by=by, run=RunId("r"), text=text)
                self.write(f"attempt-{attempt}/revised", revised)
            case BeginAttempt(attempt=begun):
                self.write(f"attempt-{begun.number}", begun)
            case _:
                raise AssertionError(step)

    def reply(self, turn: int) -> Replied:
        kind = self.draw(4)
        if kind == 0:
            return replied(turn, "no count")
        if kind == 1:
            return replied(turn, calls(*(f"{turn}-{n}" for n in range(1 + self.draw(2)))))
        return replied(turn, '{"count": 1}', Finish.LENGTH if kind == 2 else Finish.STOP)

    def write(self, key: str, body: Body) -> None:
        event = Event(len(self.events), 0.0, SessionKey("s"), RunId("run"), key, body)
        self.events.append(event)
        self.transcript.apply(key, body)


@given(
    data=st.data(),
    gates=st.sampled_from([(), (CHEAP,), (CHEAP, JUDGE)]),
    refine=st.sampled_from([None, Refine(rounds=3), Refine(rounds=3, by="editor")]),
    attempts=st.integers(1, 3),
    ladder=st.sampled_from([(), ("m/small", "m/large")]),
)
@settings(deadline=None)
def test_a_run_continued_from_any_of_its_events_decides_as_one_that_never_stopped(
    data: st.DataObject,
    gates: tuple[ConditionGate | JudgeGate, ...],
    refine: Refine | None,
    attempts: int,
    ladder: tuple[str, ...],
) -> None:
    agent = replace(COUNTER, gates=gates, refine=refine if gates else None)
    given = assignment(agent, *ladder, attempts=attempts, max_turns=12)
    whole = PureRun(lambda most: data.draw(st.integers(0, most)), given)
    whole.execute()

    for count, step in whole.decisions:
        resumed = fold(whole.events[:count])
        again = next_step(resumed, given, Prepared(resumed.model or given.model))

        if isinstance(step, StartModel):
            assert next_step(resumed, given, Prepared()) == step
        elif isinstance(step, BreakOff):
            assert broken_by(again).code == step.error.code
        else:
            assert again == step


@given(data=st.data())
@settings(deadline=None)
def test_a_run_interrupted_while_its_tools_run_continues_with_its_tools(
    data: st.DataObject,
) -> None:
    whole = PureRun(lambda most: data.draw(st.integers(0, most)), assignment(COUNTER, max_turns=9))
    whole.execute()
    spans = [
        (first.events, second.events)
        for first, second in zip(whole.decisions, whole.decisions[1:], strict=False)
        if isinstance(first.step, RunTools)
    ]

    for begin, end in spans:
        results = [n for n in range(begin, end) if isinstance(whole.events[n].body, ToolFinished)]
        for count in range(begin, results[-1] + 1):
            assert decide(fold(whole.events[:count]), whole.given) == RunTools()
