from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import (
    Body,
    Delivered,
    Event,
    Finished,
    Noticed,
    Refused,
    Replied,
    Retrying,
    Started,
    Steered,
    SteerMode,
    ToolFinished,
    Waiting,
)
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.message import ToolResult, assistant
from parallel_agents.core.model import Finish
from parallel_agents.core.question import Answer, Question, QuestionKind
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.usage import Usage
from parallel_agents.views.board import Board, doing_at, seconds_at
from parallel_agents.views.states import need_you

ONE, TWO = RunId("one"), RunId("two")


def event(body: Body, run: RunId = ONE, at: float = 10.0) -> Event:
    return Event(1, at, SessionKey(f"session-{run}"), run, "key", body)


def replied(cost_nanousd: int | None) -> Replied:
    return Replied(
        turn=1,
        message=assistant("yes"),
        model="bench/good",
        finish=Finish.STOP,
        usage=Usage(10, 5),
        cost_nanousd=cost_nanousd,
        seconds=0.1,
    )


def started(epoch: int = 1) -> Started:
    return Started(owner=OwnerId("me"), epoch=epoch)


def finished(status: RunStatus) -> Finished:
    return Finished(outcome=Outcome(status=status))


def board() -> Board:
    return Board.of({ONE: "first", TWO: "second"})


def test_lanes_begin_in_the_queue_in_the_order_of_the_team() -> None:
    lanes = list(board().lanes.values())

    assert [lane.label for lane in lanes] == ["first", "second"]
    assert [lane.status for lane in lanes] == [RunStatus.QUEUED] * 2


def test_the_time_of_a_lane_that_was_taken_over_goes_on_where_its_work_ended() -> None:
    seen = board()

    seen.take(event(started(), at=10.0))
    seen.take(event(Refused(turn=1, text="no JSON"), at=11.0))
    seen.take(event(replied(1), at=12.0))
    again = seen.take(event(started(epoch=2), at=20.0))

    assert again is None
    again = seen.lanes[ONE]
    assert again.status is RunStatus.RUNNING
    assert again.began_at == 18.0


def test_a_paused_lane_says_by_whom_and_grows_no_older() -> None:
    seen = board()
    for at, body in (
        (10.0, started()),
        (11.0, Noticed(text="paused by ana", by="ana", what="pause")),
        (12.0, replied(1)),
    ):
        seen.take(event(body, at=at))
    held = seen.lanes[ONE]
    counts = list(seen.counts)
    seen.take(event(Noticed(text="goes on, by ana", by="ana", what="unpause"), at=90.0))
    seen.take(event(started(epoch=2), at=91.0))

    assert (held.state, held.doing) == ("paused", "paused by ana")
    assert seconds_at(held, 80.0) == 2.0
    assert counts == ["0 running", "1 queued", "1 paused"]
    assert seen.lanes[ONE].state == "running"
    assert seconds_at(seen.lanes[ONE], 93.0) == 4.0


def test_what_waits_for_a_slot_of_its_team_s_next_process_grows_no_older() -> None:
    team = RunId("team")
    seen = Board.of({ONE: "first", TWO: "second"}, team=team)
    for run, at in ((team, 9.0), (ONE, 10.0), (TWO, 10.0), (team, 90.0), (ONE, 91.0)):
        seen.take(replace(event(started(), at=at), run=run))

    assert [lane.status for lane in seen.lanes.values()] == [RunStatus.RUNNING, RunStatus.QUEUED]
    assert seen.lanes[TWO].doing == "waits for a slot"
    assert [seconds_at(lane, 95.0) for lane in seen.lanes.values()] == [4.0, 0.0]


def test_a_reply_that_was_kept_is_not_asked_for_again_when_its_run_is_taken_up() -> None:
    seen = board()
    seen.take(event(started()))
    seen.take(event(replied(1)))

    seen.take(event(started(epoch=2)))
    settling = seen.lanes[ONE].doing
    seen.take(event(Refused(turn=1, text="no JSON")))
    seen.take(event(Delivered(steer="steer-1", text="Go on.", turn=2)))
    seen.take(event(started(epoch=3)))

    assert settling == "checks the answer"
    assert seen.lanes[ONE].doing == "asks the model"


def test_a_lane_says_what_it_waits_for_and_what_it_mends() -> None:
    seen = board()
    limited = Failure("PA-E201", "bench answered 429")

    retrying = seen.take(event(Retrying(turn=1, attempt=1, error=limited, wait_seconds=4.2)))
    mending = seen.take(event(Refused(turn=1, text="no JSON")))

    assert retrying is not None
    assert retrying.doing == "bench answered 429; again in 4 s, try 2"
    assert mending is not None
    assert mending.doing == "corrects its answer"


def test_a_lane_that_asks_several_questions_waits_until_the_last_is_answered() -> None:
    seen = board()
    place = SessionKey("session-one")

    def take(key: str, body: Body) -> str:
        seen.take(Event(1, 10.0, place, ONE, key, body))
        return seen.lanes[ONE].doing

    def asked(text: str) -> Asked:
        question = Question(question=QuestionKind.REQUEST, text=text, expires_at=99.0)
        return Asked(turn=1, number=1, question=question)

    answered = Answered(turn=1, number=1, answer=Answer(allow=True, text="green"), by="ana")
    result = ToolResult("c1", "ask_human", "green")

    take("turn-1/call/1/asked", asked("Which tea?"))
    take("turn-1/call/2/asked", asked("Which cup?"))
    first = take("turn-1/call/1/answered", answered)
    later = take("turn-1/call/1", ToolFinished(turn=1, number=1, result=result, seconds=0.0))
    last = take("turn-1/call/2/answered", answered)

    assert (first, later) == ("asks you: Which cup?",) * 2
    assert last == "continues with the answer"


def test_a_question_of_a_run_without_a_lane_counts_until_it_is_answered() -> None:
    seen = board()
    place, flow = SessionKey("flow:plan"), RunId("flow")
    question = Question(question=QuestionKind.REQUEST, text="Shall it?", expires_at=99.0)
    asked = Asked(turn=1, number=1, question=question)
    answered = Answered(turn=1, number=1, answer=Answer(allow=True), by="ana")

    seen.take(Event(1, 10.0, place, flow, "approve/asked", asked))
    waiting = seen.counts
    seen.take(Event(2, 20.0, place, flow, "approve/answered", answered))

    assert waiting[-1] == need_you(1)
    assert need_you(1) not in seen.counts


def test_an_event_that_changes_nothing_to_see_is_no_change() -> None:
    seen = board()
    seen.take(event(started()))

    assert seen.take(event(started(epoch=2))) is None


def test_a_run_that_is_on_no_board_is_left_out() -> None:
    seen = board()

    assert seen.take(event(finished(RunStatus.DONE), run=RunId("team"))) is None
    assert seen.over == 0


def test_spend_adds_up_and_one_unknown_price_makes_the_whole_unknown() -> None:
    seen = board()

    seen.take(event(replied(1_000_000)))
    known = seen.spend.cost_usd
    seen.take(event(replied(None), run=TWO))

    assert known == 0.001
    assert seen.spend.cost_usd is None
    assert seen.spend.usage == Usage(20, 10)


def test_what_a_lane_spawned_is_in_the_spend_of_the_whole() -> None:
    seen = board()

    seen.take(event(replied(1_000_000)))
    assert seen.take(event(replied(2_000_000), run=RunId("its judge"))) is None

    assert seen.spend.cost_usd == 0.003
    assert seen.lanes[ONE].spend.cost_usd == 0.001


def test_what_an_earlier_turn_of_the_session_spent_is_not_counted() -> None:
    board = Board.of({TWO: "two"})
    earlier, own = event(replied(5), ONE), event(replied(7), TWO)

    board.take(earlier)
    board.take(event(started(), TWO))
    board.take(own)

    assert board.spend.usage == Usage(10, 5)


def test_a_board_is_over_when_all_its_lanes_are() -> None:
    seen = board()

    seen.take(event(finished(RunStatus.DONE)))
    half = seen.is_over
    seen.take(event(finished(RunStatus.KILLED), run=TWO))

    assert not half
    assert seen.is_over
    assert seen.over == 2
    assert seen.count(RunStatus.DONE) == 1


def test_a_message_does_not_change_what_a_queued_run_does() -> None:
    seen = board()

    assert seen.take(event(Steered(text="be brief", mode=SteerMode.NEXT, by="me"))) is None
    assert seen.lanes[ONE].doing == "waits for a slot"


def test_a_wait_tells_what_is_left_of_it() -> None:
    shown = board()
    shown.take(event(started(), at=10))
    shown.take(event(Waiting(turn=1, reason="the rate limit", seconds=60.0), at=100))

    lane = shown.lanes[ONE]
    assert doing_at(lane, 100) == "waits for the rate limit, 60 s"
    assert doing_at(lane, 148) == "waits for the rate limit, 12 s"
    assert doing_at(lane, 500) == "asks the model"


def test_a_retry_tells_when_it_comes() -> None:
    shown = board()
    failure = Failure("PA-E203", "the reply was empty")
    shown.take(event(Retrying(turn=1, attempt=1, wait_seconds=30.0, error=failure), at=100))

    assert doing_at(shown.lanes[ONE], 120) == "the reply was empty; again in 10 s, try 2"
    assert doing_at(shown.lanes[ONE], 150) == "the reply was empty; asks again, try 2"


def test_a_question_tells_for_how_long_it_has_waited() -> None:
    shown = board()
    question = Question(question=QuestionKind.REQUEST, text="Which tea?", expires_at=9e9)
    asked = Asked(turn=1, number=1, question=question)
    shown.take(Event(1, 100.0, SessionKey("s"), ONE, "turn-1/call/1/asked", asked))

    assert doing_at(shown.lanes[ONE], 352) == "asks you: Which tea?, for 4m12s"
