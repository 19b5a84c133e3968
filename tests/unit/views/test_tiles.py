"""A board's file says what it shows; what it cannot mean is refused with the tile and what was meant."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.usage import Spend
from parallel_agents.errors import InvalidInput
from parallel_agents.views.sessions import SessionLine
from parallel_agents.views.tiles import Tile, TileBy, TileMetric, read_board, values_of

KEY = SessionKey("agent:a:subagent:1")


def line(
    agent: str = "a",
    status: RunStatus = RunStatus.DONE,
    seconds: float = 1.0,
    spend: Spend = Spend(),
) -> SessionLine:
    run = Run(
        id=RunId("r"),
        session=KEY,
        number=1,
        kind=RunnerKind.AGENT,
        status=status,
        title="",
        started_at=0.0,
        finished_at=seconds if status.is_over else None,
        spend=spend,
    )
    made = Agent(name=agent, description="", instructions="")
    session = Session(key=KEY, agent=made, label=agent, spawn_key="k", root=KEY)
    return SessionLine(row=Row(session=session, run=run), is_stopped=False, until=1.0)


def tile(metric: TileMetric, by: TileBy | None = None) -> Tile:
    return Tile(title="t", metric=metric, by=by)


def only(metric: TileMetric, *lines: SessionLine) -> float | None:
    return values_of(tile(metric), lines)[0].number


def test_success_is_a_share_of_what_has_ended() -> None:
    ended = [line(), line(), line(status=RunStatus.FAILED)]

    assert only(TileMetric.SUCCESS, *ended, line(status=RunStatus.RUNNING)) == pytest.approx(2 / 3)
    assert only(TileMetric.SUCCESS, line(status=RunStatus.RUNNING)) is None


def test_a_cost_is_unknown_if_a_part_of_it_is() -> None:
    known = line(spend=Spend(cost_nanousd=2_000_000_000))

    assert only(TileMetric.COST, known, known) == 4.0
    assert only(TileMetric.COST, known, line(spend=Spend(unpriced_calls=1))) is None
    assert only(TileMetric.COST_P50, known, line(spend=Spend(unpriced_calls=1))) == 2.0


def test_a_percentile_is_one_of_the_values() -> None:
    lines = [line(seconds=float(number)) for number in range(1, 101)]

    assert only(TileMetric.SECONDS_P50, *lines) == 50.0
    assert only(TileMetric.SECONDS_P95, *lines) == 95.0
    assert only(TileMetric.SECONDS_P95) is None


def test_a_team_counts_by_its_members_alone() -> None:
    member = line()
    team = replace(
        member, row=replace(member.row, run=replace(member.row.run, kind=RunnerKind.TEAM))
    )

    assert only(TileMetric.SESSIONS, member, team) == 1


def test_a_flow_that_itself_asks_a_person_is_one_of_those_that_wait() -> None:
    flow = line(status=RunStatus.RUNNING)
    run = replace(flow.row.run, kind=RunnerKind.FLOW)
    asking = replace(flow, row=replace(flow.row, run=run), is_asking=True)

    assert only(TileMetric.SESSIONS, asking) == 1
    assert only(TileMetric.SESSIONS, replace(asking, is_asking=False)) == 0


def test_lines_are_for_each_of_what_it_has_lines_for_the_greatest_first() -> None:
    found = values_of(tile(TileMetric.SESSIONS, TileBy.AGENT), [line("b"), line("a"), line("b")])

    assert [(value.name, value.number) for value in found] == [("b", 2), ("a", 1)]


@pytest.mark.parametrize("name", ["overview", "cost"])
def test_the_boards_that_are_shipped_can_be_read(name: str) -> None:
    content = files("parallel_agents.views").joinpath("boards", f"{name}.toml").read_bytes()

    assert len(read_board(content, name, 0.0).tiles) > 3


@pytest.mark.parametrize(
    ("text", "told", "hint"),
    [
        ("title = ", "not TOML", "correct that line"),
        ('title = "a"\n[[tiles]]\ntitle = "b"\nmetric = "cots"', "tile 1", "did you mean 'cost'"),
        ('title = "a"\n[[tiles]]\ntitle = "b"\nmetrik = "cost"', "tile 1", "metric"),
        (
            'title = "a"\n[[tiles]]\ntitle = "b"\nmetric = "cost"\nfilter = "stat:done"',
            "tile 1",
            "state",
        ),
        ('title = "a"\ntiles = []', "tiles", "tiles"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_was(text: str, told: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_board(text.encode(), "mine", 0.0)

    assert told in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "content", ["title = " + "[" * 5000, "most = " + "1" * 5000], ids=["deep", "long"]
)
def test_a_file_that_python_could_not_read_is_refused_as_one_that_is_not_toml(content: str) -> None:
    with pytest.raises(InvalidInput, match="the board nightly is not TOML"):
        read_board(content.encode(), "nightly", 0.0)
