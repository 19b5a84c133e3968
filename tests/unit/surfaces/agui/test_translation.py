"""Translation: what is told of a run, and what of others around it is not."""

from __future__ import annotations

from parallel_agents.core.event import Body, Event, Finished, Queued, Started
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.surfaces.agui.events import AnyEvent, event_document
from parallel_agents.surfaces.agui.translation import Asking, Member, Translation

TOP, CHILD, LEFT = (SessionKey(f"agent:main:subagent:{name}") for name in ("top", "child", "left"))
ASKING = Asking("t1", "r1", None, {"mine": 1})
BELOW = Member("coder", "Writes code", "code", TOP)


def told(*events: tuple[SessionKey, str, Body]) -> list[AnyEvent]:
    translation = Translation(ASKING, TOP, RunId("run"), "main")
    found: list[AnyEvent] = []
    for seq, (session, run, body) in enumerate(events, 1):
        event = Event(seq, float(seq), session, RunId(run), "key", body)
        found += translation.of(event, None if session == TOP else BELOW)
    return found


def ended(status: RunStatus, error: Failure | None = None) -> Finished:
    return Finished(outcome=Outcome(status=status, output="so", error=error))


QUEUED, STARTED = Queued(text="x"), Started(owner=OwnerId("o"), epoch=1)
BEGUN = ((TOP, "run", QUEUED), (TOP, "run", STARTED))


def test_what_an_earlier_run_left_is_not_told() -> None:
    found = told(
        (TOP, "run", QUEUED),
        (CHILD, "old", QUEUED),
        (TOP, "run", STARTED),
        (LEFT, "older", ended(RunStatus.DONE)),
        (TOP, "another", ended(RunStatus.DONE)),
    )

    assert [each.type for each in found] == ["RUN_STARTED", "STATE_SNAPSHOT", "STATE_DELTA"]


def test_a_killed_run_is_cancelled_and_closes_what_is_open_below_it() -> None:
    found = told(*BEGUN, (CHILD, "c", QUEUED), (TOP, "run", ended(RunStatus.KILLED)))

    assert [each.type for each in found[3:]] == [
        "SUBAGENT_STARTED",
        "SUBAGENT_ERROR",
        "STATE_DELTA",
        "RUN_FINISHED",
    ]


def test_a_subagent_is_called_as_lists_call_its_session() -> None:
    translation = Translation(ASKING, TOP, RunId("run"), "main")
    for seq, body in enumerate((QUEUED, STARTED), 1):
        translation.of(Event(seq, 0.0, TOP, RunId("run"), "key", body), None)
    row = Event(3, 3.0, CHILD, RunId("c"), "key", QUEUED, label="code-2", path=("build", "code-2"))

    (begun,) = map(event_document, translation.of(row, BELOW))

    names = {"session_key": CHILD, "label": "code-2", "path": ["build", "code-2"]}
    assert (begun["name"], begun["metadata"]) == ("coder", {"pagents": names})


def test_nothing_is_told_after_an_error() -> None:
    failure = Failure("PA-E301", "no answer", hint="try again")
    found = told(
        *BEGUN,
        (TOP, "run", ended(RunStatus.FAILED, failure)),
        (TOP, "run", ended(RunStatus.DONE)),
        (CHILD, "c", QUEUED),
    )

    assert found[-1].type == "RUN_ERROR"
    assert (found[-1].message, found[-1].code) == ("No answer. Try again.", "PA-E301")


def test_the_state_of_the_client_is_kept() -> None:
    found = told(*BEGUN)

    assert found[1].type == "STATE_SNAPSHOT"
    assert found[1].snapshot["mine"] == 1
