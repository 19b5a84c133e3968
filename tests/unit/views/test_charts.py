"""Charts: each of them from the same frames."""

from __future__ import annotations

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.run import RunStatus
from parallel_agents.views.charts import CHARTS, cost, gantt, ladder, lasted, scores
from parallel_agents.views.frames import (
    Frame,
    Frames,
    Mark,
    MarkKind,
    Paid,
    Scored,
    Span,
    SpanKind,
)

FRAMES = Frames(
    {
        SessionKey("a"): Frame(
            label="a",
            began_at=100,
            last_at=110,
            status=RunStatus.DONE,
            models=["x/s", "x/l"],
            spans=[Span(SpanKind.MODEL, 100, 104, "x/s"), Span(SpanKind.MODEL, 105, 110, "x/l")],
            marks=[Mark(MarkKind.ESCALATED, 104.5, "x/l"), Mark(MarkKind.ENDED, 110, "done")],
            paid=[Paid(104, "x/s", 0.5, 0), Paid(110, "x/l", None, 0)],
            scores=[Scored(104, 1, 6.0), Scored(110, 2, 8.5)],
        )
    }
)


def test_lanes_count_seconds_from_the_first_event() -> None:
    chart = gantt(FRAMES)

    assert [(bar.lane, bar.start, bar.end) for bar in chart.bars] == [(0, 0, 4), (0, 5, 10)]
    assert [point.kind for point in chart.points] == ["escalated", "done"]


def test_an_unknown_price_is_named_in_the_title() -> None:
    chart = cost(FRAMES)

    assert chart.title == "Cost so far, without 1 calls of unknown price"
    assert chart.lines["all"] == [(0.0, 0.0), (4.0, 0.5), (10.0, 0.5)]


def test_a_ladder_has_a_bar_for_each_model() -> None:
    assert [bar.what for bar in ladder(FRAMES).bars] == ["x/s", "x/l"]


def test_scores_are_by_attempt() -> None:
    assert scores(FRAMES).lines == {"a": [(1.0, 6.0), (2.0, 8.5)]}


def test_nothing_is_drawn_of_nothing() -> None:
    assert all(chart(Frames()).is_empty for chart in CHARTS.values())


def test_the_length_is_in_words() -> None:
    assert lasted(FRAMES) == "10.0s"
