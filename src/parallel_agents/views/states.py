"""States: the glyph and the colour of each state word, and who is needed, the same in every list."""

from __future__ import annotations

from parallel_agents.core.run import RunStatus
from parallel_agents.views import format
from parallel_agents.views.sessions import (
    INTERRUPTED,
    PAUSED,
    RETRYING,
    STOPPED,
    SessionLine,
    state_told,
)
from parallel_agents.views.signs import NEEDS_YOU, sign_of

# The colours of what is no status of a run: the others are in `format`.
_STYLES = {STOPPED: "yellow", INTERRUPTED: "dim", RETRYING: "yellow", PAUSED: "blue"}


def glyph_of(line: SessionLine) -> str:
    return sign_of(line.state)


def mark_of(line: SessionLine) -> str:
    """What a row begins with: whether a person is needed, or else the glyph of its state."""
    return NEEDS_YOU if line.needed else glyph_of(line)


def style_of(line: SessionLine) -> str:
    return style(line.state, line.row.run.status)


def style(state: str, status: RunStatus) -> str:
    """The colour of the state of a run with this status."""
    return _STYLES.get(state) or format.style(status)


def shown_state(line: SessionLine) -> str:
    """The state after its glyph."""
    return f"{glyph_of(line)} {state_told(line)}"


def needs_text(line: SessionLine) -> str:
    """What needs a person, such as `▲ budget`, or `▲ 10 budget` below; empty if nothing does."""
    if not line.needs:
        return ""
    is_own = line.attention is not None and line.needed == 1
    told = [
        kind.value if is_own else f"{count:,} {kind.value}" for kind, count in line.needs.items()
    ]
    return f"{NEEDS_YOU} {', '.join(told)}"


def need_you(sessions: int) -> str:
    """How many sessions need a person."""
    return f"{NEEDS_YOU} 1 needs you" if sessions == 1 else f"{NEEDS_YOU} {sessions:,} need you"
