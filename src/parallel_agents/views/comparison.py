"""Comparison: two runs side by side as a document, the same in `--json` and over HTTP."""

from __future__ import annotations

from typing_extensions import TypedDict

from parallel_agents.comparing.comparison import (
    ComparedRow,
    Comparison,
    Divergence,
    Words,
    named,
)
from parallel_agents.comparing.inputs import ChangedInput
from parallel_agents.comparing.text_diff import Piece, TextDiff
from parallel_agents.comparing.whole import Side
from parallel_agents.core.cutting import head
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.views import format
from parallel_agents.views.documents import BriefFailure, Money, money_json

MOST_CHARACTERS = 20_000


class DiffPieceDocument(TypedDict):
    """A piece of two texts, of which `left` characters more are not shown after it.

    `change` is `same`, `gone` or `new`. Among lines, a piece without a text stands for `left` lines.
    """

    change: str
    text: str
    left: int


class TextDiffDocument(TypedDict):
    """The beginnings of two texts, how long they are, and how they differ by words and by lines.

    `is_coarse` says that they differ so much that what changed is shown in one piece.
    """

    before: str
    after: str
    before_characters: int
    after_characters: int
    words: list[DiffPieceDocument]
    lines: list[DiffPieceDocument]
    added: int
    removed: int
    is_coarse: bool


class SideDocument(TypedDict):
    """How one side is doing, or how it ended; what is unknown is null.

    `cost` is that of its own calls, and `whole_cost` includes everything below it. `attempt` is null for
    a whole run. If it `is_live`, all this is so far only.
    """

    id: str
    session_key: SessionKey
    run_id: RunId
    attempt: int | None
    label: str
    agent: str
    kind: str
    status: str
    is_live: bool
    created_at: str | None
    seconds: float | None
    model: str
    calls: int
    tokens: int
    cost: Money | None
    simulated_cost: Money | None
    whole_calls: int
    whole_tokens: int
    whole_cost: Money | None
    whole_simulated_cost: Money | None
    score: float | None
    attempts: int
    error: BriefFailure | None


class ComparedRowDocument(TypedDict):
    """A session of both runs, or of one of them, whose other side is null.

    `step` is the turn at which they part, 0 for what the run began with and null if they do not;
    `part` is `input`, `prompt`, `model`, `reply`, `tool call`, `tool result` or `state`.
    """

    depth: int
    label: str
    agent: str
    a: SideDocument | None
    b: SideDocument | None
    step: int | None
    part: str | None
    title: str
    what: str
    changed: list[str]
    why: str


class ChangedInputDocument(TypedDict):
    """Something that the two were given otherwise; a side that had none is null.

    Long values are shortened, and `diff` has how they differ. `sessions` is in how many it was changed,
    and `labels` are those of the first of them.
    """

    of: str
    name: str
    before: str | None
    after: str | None
    diff: TextDiffDocument | None
    sessions: int
    labels: list[str]


class WordsDocument(TypedDict):
    """The words of both at a step; null for one that has no such step."""

    what: str
    before: str | None
    after: str | None
    diff: TextDiffDocument | None


class DivergenceDocument(ComparedRowDocument):
    """Where the two first part: the session, and its words; null if only one has it.

    If they were given something otherwise there, `then` is what they then did otherwise.
    """

    words: WordsDocument | None
    then: WordsDocument | None


class ComparisonDocument(TypedDict):
    """Two runs, sessions or attempts side by side.

    `rows` are the sessions that differ, `rows_total` how many those are, and `identical` how many do not.
    `changed_total` counts the changes of inputs, of which the first 50 are listed. `not_read` is how many
    events of each were not compared, because there are more than 100,000.
    """

    a: SideDocument
    b: SideDocument
    is_live: bool
    divergence: DivergenceDocument | None
    changed: list[ChangedInputDocument]
    changed_total: int
    rows: list[ComparedRowDocument]
    rows_total: int
    identical: int
    output: TextDiffDocument | None
    not_read: list[int]


def comparison_json(found: Comparison, most: int | None = None) -> ComparisonDocument:
    """A comparison as a document, with at most so many rows."""
    return {
        "a": side_json(found.a),
        "b": side_json(found.b),
        "is_live": found.is_live,
        "divergence": None if found.divergence is None else _divergence_json(found.divergence),
        "changed": [_changed_json(each) for each in found.changed],
        "changed_total": len(found.changed) + found.changed_left,
        "rows": [_row_json(row) for row in found.rows[:most]],
        "rows_total": len(found.rows),
        "identical": found.identical,
        "output": _diff_json(found.output),
        "not_read": list(found.not_read),
    }


def side_json(side: Side) -> SideDocument:
    """One side; an unknown cost is null."""
    row, error = side.row, side.error
    return {
        "id": format.name(row),
        "session_key": row.session.key,
        "run_id": row.run.id,
        "attempt": side.attempt,
        "label": side.label,
        "agent": row.session.agent.name,
        "kind": row.run.kind.value,
        "status": side.status.value,
        "is_live": side.is_live,
        "created_at": format.iso(row.run.created_at),
        "seconds": None if side.seconds is None else round(side.seconds, 3),
        "model": row.run.model,
        "calls": side.spend.calls,
        "tokens": side.spend.usage.total_tokens,
        "cost": money_json(side.cost_usd),
        "simulated_cost": money_json(side.spend.simulated_usd),
        "whole_calls": side.whole_spend.calls,
        "whole_tokens": side.whole_spend.usage.total_tokens,
        "whole_cost": money_json(side.whole_cost_usd),
        "whole_simulated_cost": money_json(side.whole_spend.simulated_usd),
        "score": None if side.score is None else round(side.score, 2),
        "attempts": side.attempts,
        "error": None if error is None else {"code": error.code, "message": error.message},
    }


def _row_json(row: ComparedRow) -> ComparedRowDocument:
    parting = row.parting
    return {
        "depth": row.depth,
        "label": row.label,
        "agent": row.agent,
        "a": None if row.a is None else side_json(row.a),
        "b": None if row.b is None else side_json(row.b),
        "step": None if parting is None else parting.number,
        "part": None if parting is None else parting.part.value,
        "title": "" if parting is None else parting.title,
        "what": "" if parting is None else named(parting),
        "changed": list(row.changed),
        "why": row.why,
    }


def _divergence_json(found: Divergence) -> DivergenceDocument:
    return {
        **_row_json(found.row),
        "words": _words_json(found.words),
        "then": _words_json(found.then),
    }


def _words_json(words: Words | None) -> WordsDocument | None:
    if words is None:
        return None
    return {
        "what": words.what,
        "before": None if words.before is None else head(words.before, MOST_CHARACTERS),
        "after": None if words.after is None else head(words.after, MOST_CHARACTERS),
        "diff": _diff_json(words.diff),
    }


def _changed_json(change: ChangedInput) -> ChangedInputDocument:
    return {
        "of": change.of,
        "name": change.name,
        "before": change.before,
        "after": change.after,
        "diff": _diff_json(change.diff),
        "sessions": change.sessions,
        "labels": list(change.labels),
    }


def _diff_json(diff: TextDiff | None) -> TextDiffDocument | None:
    if diff is None:
        return None
    return {
        "before": diff.before,
        "after": diff.after,
        "before_characters": diff.characters[0],
        "after_characters": diff.characters[1],
        "words": [_piece_json(piece) for piece in diff.words],
        "lines": [_piece_json(piece) for piece in diff.lines],
        "added": diff.added,
        "removed": diff.removed,
        "is_coarse": diff.is_coarse,
    }


def _piece_json(piece: Piece) -> DiffPieceDocument:
    return {"change": piece.change.value, "text": piece.text, "left": piece.left}
