"""Comparison: two runs side by side: what was changed, where they first part, and how each agent did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from typing_extensions import override

from parallel_agents.comparing.inputs import ChangedInput, Changes, given_to
from parallel_agents.comparing.steps import Part, Step
from parallel_agents.comparing.text_diff import TextDiff
from parallel_agents.comparing.whole import Side, Whole
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.ids import RunId, SessionKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """Where two sessions part: the first step that only one of them has, or that they have otherwise.

    Attributes:
        number: the turn; 0 for what the run began with.
        part: what of the step it is.
        title: which one it is, such as the name of a tool; empty if there is only one.
        at: how long after the beginning of its whole run it came, in seconds; the earlier of the two.
        a: the first one's step; None if it has no further one.
        b: the second one's step.
    """

    number: int
    part: Part
    title: str
    at: float
    a: Step | None
    b: Step | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRow:
    """A session of both runs, or of one of them.

    Attributes:
        depth: 0 for what was named, 1 for what it spawned.
        a: the first one's; None if only the second has such a session.
        b: the second one's.
        parting: where they part; None if they do not, or if there is only one.
        effect: if they were given something otherwise, where they then did something else.
        changed: the names of what they were given otherwise.
        why: what is different, in a few words; empty if nothing is.
    """

    depth: int
    label: str
    agent: str
    a: Side | None
    b: Side | None
    parting: Parting | None
    effect: Parting | None
    changed: tuple[str, ...]
    why: str

    @property
    def is_identical(self) -> bool:
        """Whether both were given the same, did the same, and ended in the same way."""
        return not self.why

    @property
    def run_ids(self) -> tuple[RunId | None, RunId | None]:
        return (
            None if self.a is None else self.a.run_id,
            None if self.b is None else self.b.run_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of both at a step.

    Attributes:
        what: the step, such as `reply at step 2`.
        before: what the first one has there; None if it has nothing.
        after: what the second one has there.
        diff: how the texts differ; None if one is missing.
    """

    what: str
    before: str | None
    after: str | None
    diff: TextDiff | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """Where two runs first part.

    Attributes:
        row: the session, or the sessions, in which they part.
        words: what both have there; None if only one of the runs has the session.
        then: if they were given something otherwise there, what they then did otherwise.
    """

    row: ComparedRow
    words: Words | None = None
    then: Words | None = None

    @property
    def what(self) -> str:
        """The session and the step, such as `research-07: reply at step 2`."""
        return f"{self.row.label}: {self.row.why if self.words is None else self.words.what}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Comparison(Frozen):
    """Two runs, sessions or attempts side by side: `a` is the one before, and `b` the one after.

    Sessions are paired by their labels, and by their places among those with the same label.

    Attributes:
        a: the first one.
        b: the second one.
        rows: their sessions that differ, those that ended otherwise first.
        identical: how many pairs of sessions do not differ: they were given the same, did the same and
            ended alike. A team or a flow is none of them if something in it differs.
        changed: what they were given otherwise, at most 50 changes.
        changed_left: how many changes there are besides.
        divergence: where they first part; None if they do not.
        output: how their answers differ; None if one has none.
        not_read: how many events of each were not compared, because there are too many.
    """

    a: Side
    b: Side
    rows: tuple[ComparedRow, ...]
    identical: int
    changed: tuple[ChangedInput, ...]
    changed_left: int
    divergence: Divergence | None
    output: TextDiff | None
    not_read: tuple[int, int] = (0, 0)

    @property
    def is_live(self) -> bool:
        """Whether one of them has not ended, so that all this is so far only."""
        return self.a.is_live or self.b.is_live

    @override
    def __repr__(self) -> str:
        first = "" if self.divergence is None else f", first {self.divergence.what}"
        return (
            f"Comparison({self.a.row.session.key} ⇄ {self.b.row.session.key}, "
            f"{len(self.rows)} differ, {self.identical} identical{first})"
        )


class Paired(NamedTuple):
    """The sessions of two wholes in pairs, and what is different about them.

    Attributes:
        rows: those that differ.
        identical: how many pairs do not differ.
        first: the one in which the wholes first part.
    """

    rows: tuple[ComparedRow, ...]
    identical: int
    first: ComparedRow | None
    changes: Changes


def pair_up(a: Whole, b: Whole) -> Paired:
    """Compare two wholes, without the texts of their steps."""
    changes = Changes()
    rows = [
        _row(a, b, depth, of_a, of_b, changes)
        for depth, of_a, of_b in _pairs(a, b, [(0, a.top, b.top)])
    ]
    parted = [row for row in rows if row.parting is not None or row.a is None or row.b is None]
    first = min(parted, key=lambda row: _moment(row, a, b), default=None)
    differing = [row for row in rows if not row.is_identical]
    differing.sort(key=_severity)
    return Paired(tuple(differing), _count_identical(rows), first, changes)


def _count_identical(rows: Sequence[ComparedRow]) -> int:
    """How many of these do not differ; `rows` has each one before those below it."""
    count, differs = 0, dict[int, bool]()  # by the depth
    for row in reversed(rows):
        is_parted_below = differs.pop(row.depth + 1, False)
        is_group = row.a is not None and row.a.row.run.kind.is_group
        is_alike = row.is_identical and not (is_group and is_parted_below)
        count += is_alike
        differs[row.depth] = differs.get(row.depth, False) or not is_alike or is_parted_below
    return count


_Place = tuple[int, SessionKey | None, SessionKey | None]


def _pairs(a: Whole, b: Whole, tops: Sequence[_Place]) -> Iterator[_Place]:
    """All sessions of both, each below the one that spawned it: without recursion."""
    open_ = [*tops]
    while open_:
        place = depth, of_a, of_b = open_.pop()
        yield place
        below = _paired(
            a, () if of_a is None else a.children(of_a), b, () if of_b is None else b.children(of_b)
        )
        open_ += [(depth + 1, x, y) for x, y in reversed(below)]


def _paired(
    a: Whole, of_a: Sequence[SessionKey], b: Whole, of_b: Sequence[SessionKey]
) -> list[tuple[SessionKey | None, SessionKey | None]]:
    """Siblings by their labels, and by their places among equals; those without a partner are alone."""
    waiting: dict[str, list[SessionKey]] = {}
    for key in reversed(of_b):
        waiting.setdefault(b.sides[key].label, []).append(key)
    found: list[tuple[SessionKey | None, SessionKey | None]] = []
    for key in of_a:
        same = waiting.get(a.sides[key].label)
        found.append((key, same.pop() if same else None))
    taken = {of for _, of in found}
    return [*found, *((None, key) for key in of_b if key not in taken)]


def _row(
    a: Whole,
    b: Whole,
    depth: int,
    of_a: SessionKey | None,
    of_b: SessionKey | None,
    changes: Changes,
) -> ComparedRow:
    one = None if of_a is None else (a.top_side if of_a == a.top else a.sides[of_a])
    two = None if of_b is None else (b.top_side if of_b == b.top else b.sides[of_b])
    known = one or two
    assert known is not None  # one of them is there
    parting, effect, changed = None, None, ()
    if of_a is not None and of_b is not None:
        parting = _parting(a, of_a, b, of_b)
        if parting is not None and not parting.number:
            effect = _parting(a, of_a, b, of_b, only_done=True)
        given = [
            given_to(whole, key, known.label, _agent_of(known, b.sides[of_b]))
            for whole, key in ((a, of_a), (b, of_b))
        ]
        changed = changes.add(known.label, *given)
    return ComparedRow(
        depth=depth,
        label=known.label,
        agent=known.row.session.agent.name,
        a=one,
        b=two,
        parting=parting,
        effect=effect,
        changed=changed,
        why=_why(one, two, parting, changed),
    )


def _agent_of(one: Side, two: Side) -> str:
    """What the agent of both is called; the label if they have different ones."""
    name = one.row.session.agent.name
    return name if name == two.row.session.agent.name else one.label


def _parting(
    a: Whole, of_a: SessionKey, b: Whole, of_b: SessionKey, *, only_done: bool = False
) -> Parting | None:
    """Where two sessions part; a live one that did the same so far has not parted.

    With `only_done`, what they were given does not count, and neither does which model answered.
    """
    first, second = a.steps(of_a), b.steps(of_b)
    if only_done:
        first, second = (
            [step for step in steps if step.number and step.part is not Part.MODEL]
            for steps in (first, second)
        )
    for one, two in zip(first, second, strict=False):
        if not _is_same(one, two):
            return _parted(a, one, b, two)
    n = min(len(first), len(second))
    one, two = next(iter(first[n:]), None), next(iter(second[n:]), None)
    shorter = a.sides[of_a] if one is None else b.sides[of_b]
    if (one is None and two is None) or shorter.is_live or a.left or b.left:
        return None
    return _parted(a, one, b, two)


def _is_same(one: Step, two: Step) -> bool:
    is_known = bool(one.digest and two.digest)
    return (one.part, one.title) == (two.part, two.title) and (
        one.digest == two.digest or not is_known
    )


def _parted(a: Whole, one: Step | None, b: Whole, two: Step | None) -> Parting:
    """The earlier of two steps, which is the one that the other one's run does not have."""
    times = [step.at - whole.began_at for step, whole in ((one, a), (two, b)) if step is not None]
    shown = two or one
    assert shown is not None  # one of them is there
    if one is not None and two is not None:
        if Part.INPUT in (one.part, two.part) and one.title != two.title:
            return _given_to_one(one, two, max(min(times), 0.0))
        shown = one if _order(one) < _order(two) else two
    return Parting(
        number=shown.number,
        part=shown.part,
        title=shown.title,
        at=max(min(times), 0.0),
        a=one,
        b=two,
    )


def _given_to_one(one: Step, two: Step, at: float) -> Parting:
    """Where only one was given something, which is not beside what the other one has there."""
    is_first = one.part is Part.INPUT and (two.part is not Part.INPUT or not one.seq)
    shown = one if is_first else two
    return Parting(
        number=shown.number,
        part=shown.part,
        title=shown.title,
        at=at,
        a=one if is_first else None,
        b=None if is_first else two,
    )


def _order(step: Step) -> tuple[int, bool]:
    """An end is shown last, because what the other one did instead says more."""
    return step.number, step.part is Part.STATE


def _moment(row: ComparedRow, a: Whole, b: Whole) -> tuple[float, float, int]:
    """When the runs part in a session; what a session causes comes after it in both of them."""
    if row.parting is not None:
        step = row.parting.a or row.parting.b
        assert step is not None  # one of them is there
        return row.parting.at, step.seq, row.depth
    times = [
        side.row.run.created_at - whole.began_at
        for side, whole in ((row.a, a), (row.b, b))
        if side is not None
    ]
    return min(times), inf, row.depth


def _severity(row: ComparedRow) -> int:
    """Those that ended otherwise come first, then those that only one has."""
    if row.a is None or row.b is None:
        return 1
    return 0 if row.a.status is not row.b.status else 2


def _why(a: Side | None, b: Side | None, parting: Parting | None, changed: Sequence[str]) -> str:
    """What is different about two sessions, in a few words; empty if nothing is."""
    if a is None or b is None:
        return "only in B" if a is None else "only in A"
    if reason := _end(a, b):
        return reason
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        return f"{changed[0]} changed{more}"
    if parting is not None:
        return f"{named(parting)} differs"
    return "score differs" if a.score != b.score else ""


def _end(a: Side, b: Side) -> str:
    """What is different about how two sessions ended, if anything is."""
    if a.status is b.status and (a.error and a.error.code) == (b.error and b.error.code):
        return ""
    for side, name in ((b, ""), (a, "A: ")):
        if side.error is not None:
            return f"{name}{side.error.code} {side.error.message}"
    states = [side.status.replace("_", " ") for side in (a, b)]
    return f"{states[0]} → {states[1]}"


def named(parting: Parting) -> str:
    """The name of the step at which two sessions part, such as `tool result of search at step 2`."""
    title = parting.title
    if parting.part in (Part.TOOL_CALL, Part.TOOL_RESULT):
        what = (
            f"{parting.part} of {title}" if parting.part is Part.TOOL_RESULT else f"call of {title}"
        )
    elif parting.part is Part.INPUT:
        what = title if title == "task" else f"input {title}"
    else:
        what = title or parting.part.value
    return f"{what} at step {parting.number}" if parting.number else what
