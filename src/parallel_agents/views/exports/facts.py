"""Facts: what each document of an export says of the whole and of each session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from parallel_agents.core.run import Result
from parallel_agents.core.usage import Spend
from parallel_agents.views import format
from parallel_agents.views.exports.redacting import REMOVED
from parallel_agents.views.exports.tree import Tree, Wanted
from parallel_agents.views.sessions import SessionLine
from parallel_agents.views.states import needs_text, shown_state

COLUMNS = ("id", "agent", "label", "model", "state", "attempts", "time", "tokens", "cost", "error")
NUMBERS = ("attempts", "time", "tokens", "cost")


def facts_of(tree: Tree, wanted: Wanted) -> Iterator[tuple[str, str]]:
    """What the whole came to, and what of it is not in the document."""
    top = tree.top
    agents = [line for line in tree.lines if not line.row.run.kind.is_group]
    counts = Counter(line.state for line in agents if not line.counts_no_more)
    yield "State", top.state
    yield "Agents", ", ".join(f"{count:,} {state}" for state, count in counts.items()) or "none"
    if former := sum(line.is_former and not line.is_uncounted for line in agents):
        yield "Tried again", f"{former:,} that failed before"
    if uncounted := sum(line.is_uncounted for line in agents):
        yield "No longer count", f"{uncounted:,} former answers"
    if needs := needs_text(top):
        yield "Needs you", needs
    yield "Begun", format.utc_moment(top.row.run.created_at)
    yield "Took", format.seconds(top.seconds or 0.0)
    yield "Cost", cost_of(top.spend)
    if tree.total > len(tree.lines):
        yield "Left out", f"{tree.total - len(tree.lines):,} of {tree.total:,} sessions: not failed"
    if wanted.is_redacted:
        yield "Redacted", REMOVED
    if not wanted.shows_transcripts:
        yield "Transcripts", "left out"
    yield "Exported", format.utc_moment(tree.at)


def cost_of(spend: Spend) -> str:
    """Dollars and tokens; nothing if no call was counted."""
    return f"{format.money(spend)}, {format.tokens(spend)}" if spend.calls else "no calls"


def cells_of(line: SessionLine) -> tuple[str, ...]:
    """A session in a table, in the order of `COLUMNS`; its time and cost are those of all its runs and of all below it."""
    row, run = line.row, line.row.run
    spend, seconds = line.spend, line.seconds
    return (
        format.name(row),
        run.kind.value if run.kind.is_group else row.session.agent.name,
        row.session.label,
        run.model,
        shown_state(line),
        str(run.attempts),
        "" if seconds is None else format.seconds(seconds),
        format.tokens(spend) if spend.calls else "",
        format.money(spend),
        run.error_code,
    )


def answer_of(result: Result) -> str:
    """Its answer as text; empty if there is none."""
    return format.output(result.output_json)
