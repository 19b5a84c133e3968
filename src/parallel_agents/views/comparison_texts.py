"""Comparison texts: the figures of two runs and how they differ, as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from parallel_agents.comparing.comparison import ComparedRow, Comparison, Words
from parallel_agents.comparing.inputs import ChangedInput
from parallel_agents.comparing.text_diff import Change, TextDiff
from parallel_agents.comparing.whole import Side
from parallel_agents.core.usage import Spend
from parallel_agents.views import format
from parallel_agents.views.markdown import escaped, fenced, table

UNKNOWN = "—"
_TITLES = ("AGENT", "A", "B", "Δ COST", "Δ TIME", "SCORE", "WHY")
_SCORE = 5
_MOST_VALUE = 60
_MOST_TEXT = 4_000
_NOTHING_MORE = ("+0.0s", "−0.0s")  # noqa: RUF001 - a minus sign
_LEAST_USD = 0.001  # less has no sign


class Figure(NamedTuple):
    """What one figure is on both sides, such as `$0.66 → $0.71 (+8 %)`."""

    name: str
    text: str


def title_of(side: Side) -> str:
    """A side by its label, its id and its attempt."""
    attempt = "" if side.attempt is None else f"#{side.attempt}"
    shown = format.name(side.row)
    label = format.one_line(side.label)
    return f"{label}{attempt}" if shown == label else f"{label} {shown}{attempt}"


def figures_of(found: Comparison) -> list[Figure]:
    """How two runs did: the outcome, time, cost, tokens, and the score if one has any."""
    a, b = found.a, found.b
    tokens = [side.whole_spend.usage.total_tokens for side in (a, b)]
    figures = [
        Figure("outcome", _arrow(outcome_of(a), outcome_of(b))),
        Figure("time", _change(_seconds(a), _seconds(b), _more_seconds(a.seconds, b.seconds))),
        Figure(
            "cost",
            _change(
                _money(a.whole_spend, a.whole_cost_usd),
                _money(b.whole_spend, b.whole_cost_usd),
                _percent(_nanousd(a.whole_spend), _nanousd(b.whole_spend)),
            ),
        ),
        Figure("tokens", _change(f"{tokens[0]:,}", f"{tokens[1]:,}", _percent(*tokens))),
    ]
    errors = [_error(side) for side in (a, b)]
    if any(error != "none" for error in errors):
        figures.append(Figure("error", _arrow(*errors)))
    if a.score is not None or b.score is not None:
        figures.append(Figure("score", score_of(a, b)))
    return figures


def _error(side: Side) -> str:
    error = side.error
    return "none" if error is None else format.one_line(f"{error.code} {error.message}")


def rows_below(found: Comparison) -> list[ComparedRow]:
    """The sessions below the two that differ; the two themselves are told by their figures."""
    return [row for row in found.rows if row.depth]


def outcome_of(side: Side | None) -> str:
    """How a session ended, with its attempts if there were several; `so far` of one that has not."""
    if side is None:
        return UNKNOWN
    attempts = f" in {side.attempts}" if side.attempts > 1 and side.attempt is None else ""
    live = " so far" if side.is_live else ""
    return f"{format.glyph(side.status)} {format.status(side.status)}{attempts}{live}"


def score_of(a: Side | None, b: Side | None) -> str:
    """The scores of two sessions; empty if neither has one."""
    scores = [None if side is None else side.score for side in (a, b)]
    if scores == [None, None]:
        return ""
    return _arrow(*(UNKNOWN if score is None else f"{score:.3g}" for score in scores))


def table_of(rows: Sequence[ComparedRow]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The titles and the rows of the table of sessions; there are scores only if one has any."""
    cells = [_cells_of(row) for row in rows]
    titles = _TITLES
    if not any(row[_SCORE] for row in cells):
        titles = (*titles[:_SCORE], *titles[_SCORE + 1 :])
        cells = [(*row[:_SCORE], *row[_SCORE + 1 :]) for row in cells]
    return titles, cells


def _cells_of(row: ComparedRow) -> tuple[str, ...]:
    a, b = row.a, row.b
    return (
        f"{'  ' * max(row.depth - 1, 0)}{row.label}",
        outcome_of(a),
        outcome_of(b),
        more_cost(a, b),
        UNKNOWN if a is None or b is None else _more_seconds(a.seconds, b.seconds) or UNKNOWN,
        score_of(a, b),
        row.why,
    )


def more_cost(a: Side | None, b: Side | None) -> str:
    """What the second one's calls cost more; a dash if that is not known."""
    if a is None or b is None:
        return UNKNOWN
    before, after = _nanousd(a.spend), _nanousd(b.spend)
    if before is None or after is None or a.cost_usd is None or b.cost_usd is None:
        return UNKNOWN
    is_simulated = bool(a.spend.simulated_nanousd or b.spend.simulated_nanousd)
    told = _signed_dollars((after - before) / 1e9)
    return f"{told} sim" if is_simulated and after != before else told


def changed_text(change: ChangedInput) -> str:
    """A change of an input in one line, such as `reviewer instructions (+2 lines) in 12 sessions`."""
    where = f" in {change.sessions:,} sessions" if change.sessions > 1 else ""
    if change.diff is not None and change.before is not None and change.after is not None:
        added, removed = change.diff.added, change.diff.removed
        return f"{change.of} {change.name} (+{added:,} −{removed:,} lines){where}"  # noqa: RUF001 - a minus sign
    values = [
        "none" if text is None else format.cut(text, _MOST_VALUE)
        for text in (change.before, change.after)
    ]
    return f"{change.of} {change.name} {_arrow(*values)}{where}"


def diff_lines(diff: TextDiff) -> Iterator[tuple[Change, str]]:
    """The lines of a difference with their signs; short texts of one line are shown by their words."""
    if not diff.added and not diff.removed:
        yield (
            Change.SAME,
            "  only the line ends differ" if diff.before != diff.after else "  the same",
        )
        return
    for piece in diff.lines:
        if not piece.text and piece.left:
            yield Change.SAME, f"  … {piece.left:,} lines"
            continue
        sign = {Change.SAME: "  ", Change.GONE: "- ", Change.NEW: "+ "}[piece.change]
        more = f" … {piece.left:,} more characters" if piece.left else ""
        yield piece.change, f"{sign}{format.one_line(piece.text)}{more}"


def missing_text(text: str | None) -> str:
    """What a side has that the other one has not, or that it has nothing."""
    return "(nothing)" if text is None else format.clean(text[:_MOST_TEXT]) or "(empty)"


def notes_of(found: Comparison) -> Iterator[str]:
    """What a reader has to know: that it is not over, or not complete."""
    live = [name for name, side in (("A", found.a), ("B", found.b)) if side.is_live]
    if live:
        are = "have" if len(live) > 1 else "has"
        yield f"{' and '.join(live)} {are} not ended: this is so far."
    for name, left in zip(("A", "B"), found.not_read, strict=True):
        if left:
            yield f"{left:,} events of {name} were not compared: there are too many."


def identical_text(found: Comparison) -> str:
    """How many sessions are not in the table."""
    if not found.identical:
        return ""
    count = "1 session is" if found.identical == 1 else f"{found.identical:,} sessions are"
    return f"{count} identical: given the same, they did the same and ended alike."


def comparison_md(found: Comparison) -> str:
    """A comparison as a Markdown document. The texts of models are data in it."""
    parts = [
        f"# {escaped(title_of(found.a))} ⇄ {escaped(title_of(found.b))}",
        "\n".join(f"- {each.name}: {escaped(each.text)}" for each in figures_of(found)),
        *(escaped(note) for note in notes_of(found)),
        *_changed_md(found),
        *_divergence_md(found),
    ]
    if below := rows_below(found):
        titles, rows = table_of(below)
        shown = tuple(title.capitalize() for title in titles)
        parts += ["## Sessions that differ", table(shown, rows, right=shown[3:5])]
    parts.append(identical_text(found))
    if found.output is not None and found.output.added + found.output.removed:
        parts += ["## Answers", fenced(_diff_text(found.output), "diff")]
    return "\n\n".join(part for part in parts if part) + "\n"


def _changed_md(found: Comparison) -> Iterator[str]:
    if not found.changed:
        return
    yield "## Changed inputs"
    yield "\n".join(f"- {escaped(changed_text(each))}" for each in found.changed)
    if found.changed_left:
        yield f"{found.changed_left:,} more changes are not listed."


def _divergence_md(found: Comparison) -> Iterator[str]:
    first = found.divergence
    if first is None:
        yield "They did the same so far." if found.is_live else "They did the same."
        return
    yield "## First divergence"
    yield escaped(first.what)
    if first.words is not None:
        yield from _words_md(first.words)
    if first.then is not None:
        yield f"Then: {escaped(first.then.what)}"
        yield from _words_md(first.then)


def _words_md(words: Words) -> Iterator[str]:
    if words.diff is not None:
        yield fenced(_diff_text(words.diff), "diff")
        return
    for name, text in (("A", words.before), ("B", words.after)):
        yield f"{name}:\n\n{fenced(missing_text(text), 'text')}"


def _diff_text(diff: TextDiff) -> str:
    return "\n".join(line for _, line in diff_lines(diff))


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _change(before: str, after: str, more: str) -> str:
    told = _arrow(before, after)
    return f"{told} ({more})" if more and more not in _NOTHING_MORE else told


def _seconds(side: Side) -> str:
    return UNKNOWN if side.seconds is None else format.seconds(side.seconds)


def _more_seconds(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return ""
    more = after - before
    sign = "+" if more >= 0 else "−"  # noqa: RUF001 - a minus sign
    return f"{sign}{format.seconds(abs(more))}"


def _money(spend: Spend, cost_usd: float | None) -> str:
    """What calls cost; a dash if a price is unknown or nothing was counted."""
    return UNKNOWN if cost_usd is None or not spend.calls else format.money(spend)


def _nanousd(spend: Spend) -> int | None:
    """What calls cost, or would have cost; None if that is not known."""
    return None if spend.cost_usd is None else spend.cost_nanousd + spend.simulated_nanousd


def _percent(before: int | None, after: int | None) -> str:
    if not before or after is None:
        return ""
    percent = round((after - before) * 100 / before)
    if not percent:
        return ""
    sign = "−" if percent < 0 else "+"  # noqa: RUF001 - a minus sign
    return f"{sign}{abs(percent):,} %"


def _signed_dollars(usd: float) -> str:
    if usd == 0:
        return "$0"
    sign = "+" if usd > 0 else "−"  # noqa: RUF001 - a minus sign
    return f"{sign}<$0.001" if abs(usd) < 0.0005 else f"{sign}${abs(usd):.3f}"
