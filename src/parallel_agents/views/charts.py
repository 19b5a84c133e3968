"""Charts: frames as bars, lines and points; each way to draw them draws the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from parallel_agents.views import format
from parallel_agents.views.frames import Frame, Frames, MarkKind, Paid

_ATTEMPT = "attempt"


class Bar(NamedTuple):
    """A part of a lane; `kind` chooses its colour."""

    lane: int
    start: float
    end: float
    kind: str
    what: str = ""


class Point(NamedTuple):
    """A mark on a lane, or at x and y; `kind` chooses its sign."""

    x: float
    y: float
    kind: str
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is drawn, without colours and sizes.

    Attributes:
        lanes: the names of the rows; empty for a chart with numbers on its y axis.
        lines: the corners of each line, by its name.
        is_stepped: whether a line keeps its value up to the next corner.
    """

    title: str
    x_label: str
    y_label: str = ""
    lanes: Sequence[str] = ()
    bars: Sequence[Bar] = ()
    points: Sequence[Point] = ()
    lines: Mapping[str, Sequence[tuple[float, float]]] = field(
        default_factory=dict[str, Sequence[tuple[float, float]]]
    )
    is_stepped: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.bars or self.points or any(self.lines.values()))


def gantt(frames: Frames) -> Chart:
    """Lanes with what each session did, its waits, attempts and messages."""
    began = frames.began_at
    bars: list[Bar] = []
    points: list[Point] = []
    for lane, frame in enumerate(frames.frames):
        bars += [
            Bar(lane, span.start - began, span.end - began, span.kind, span.what)
            for span in frame.spans
        ]
        points += [
            Point(mark.at - began, lane, _sign(mark.kind, mark.what), mark.what)
            for mark in frame.marks
        ]
    return Chart(
        title="What each agent did",
        x_label="seconds",
        lanes=[frame.label for frame in frames.frames],
        bars=bars,
        points=points,
    )


def _sign(kind: MarkKind, what: str) -> str:
    return what if kind is MarkKind.ENDED else kind.value


def cost(frames: Frames) -> Chart:
    """The cost so far, in all and by model; calls without a known price are counted in its title."""
    began = frames.began_at
    paid = sorted((each for frame in frames.frames for each in frame.paid), key=lambda p: p.at)
    unknown = sum(each.usd is None for each in paid)
    simulated = any(each.simulated_usd for each in paid)
    by_model: dict[str, list[Paid]] = defaultdict(list)
    for each in paid:
        by_model[each.model].append(each)
    lines = {model: _sums(of_model, began) for model, of_model in by_model.items()}
    if len(lines) > 1:
        lines = {"all": _sums(paid, began), **lines}
    notes = [
        *(["with what is simulated"] if simulated else []),
        *([f"without {unknown:,} calls of unknown price"] if unknown else []),
    ]
    return Chart(
        title=", ".join(["Cost so far", *notes]),
        x_label="seconds",
        y_label="USD",
        lines=lines,
        is_stepped=True,
    )


def _sums(paid: Sequence[Paid], began: float) -> list[tuple[float, float]]:
    corners = [(0.0, 0.0)]
    for each in paid:
        usd = (each.usd or 0.0) + each.simulated_usd
        corners.append((each.at - began, corners[-1][1] + usd))
    return corners


def ladder(frames: Frames) -> Chart:
    """The models of each session, in the order in which it climbed."""
    bars: list[Bar] = []
    lanes: list[str] = []
    for frame in frames.frames:
        if not frame.models:
            continue
        bars += [
            Bar(len(lanes), number, number + 1.0, model, model)
            for number, model in enumerate(_climb(frame))
        ]
        lanes.append(frame.label)
    return Chart(title="Models that were tried", x_label="tier", lanes=lanes, bars=bars)


def _climb(frame: Frame) -> Sequence[str]:
    return list(dict.fromkeys(frame.models))


def scores(frames: Frames) -> Chart:
    """The score of each attempt."""
    lines = {
        frame.label: [(float(each.attempt), each.score) for each in frame.scores]
        for frame in frames.frames
        if frame.scores
    }
    return Chart(title="Scores", x_label=_ATTEMPT, y_label="score of 10", lines=lines)


CHARTS: Mapping[str, Callable[[Frames], Chart]] = {
    "gantt": gantt,
    "cost": cost,
    "ladder": ladder,
    "scores": scores,
}


def lasted(frames: Frames) -> str:
    """How long all of it took."""
    return format.seconds(max(frames.ended_at - frames.began_at, 0.0))
