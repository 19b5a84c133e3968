"""Top alerts: what happened since the last look that a person should be told of once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.core.ids import SessionKey, short
from parallel_agents.surfaces.cli.top_seen import Seen
from parallel_agents.views import format
from parallel_agents.views.signs import NEEDS_YOU

_MOST_TOLD, _MOST_TEXT = 3, 120


class Alerts:
    """Knows what a person was told."""

    def __init__(self) -> None:
        self._known: set[str] | None = None

    def of(self, seen: Seen) -> Sequence[str]:
        """A text for each question, and for each session that failed, that is new; none at the start."""
        found = _alerts(seen)
        known, self._known = self._known, {*found, *(self._known or ())}
        return [] if known is None else [text for key, text in found.items() if key not in known]


def notification(texts: Sequence[str]) -> str:
    """The sequence (OSC 9) by which a terminal shows a notification of these on the desktop."""
    more = [f"and {len(texts) - _MOST_TOLD} more"] if len(texts) > _MOST_TOLD else []
    told = "; ".join((*texts[:_MOST_TOLD], *more))
    return f"\x1b]9;pagents: {format.one_line(told)}\x07"


def _alerts(seen: Seen) -> Mapping[str, str]:
    asked = {each.id: f"{NEEDS_YOU} {_name(seen, each.session)} asks" for each in seen.questions}
    failed = {
        line.row.run.id: f"✖ {line.row.session.label} {line.row.run.error_code}"
        for lines in (seen.tops, *seen.below.values())
        for line in lines
        if line.row.run.error_code
    }
    return {key: format.cut(text, _MOST_TEXT) for key, text in {**asked, **failed}.items()}


def _name(seen: Seen, session: SessionKey) -> str:
    return seen.origins[session].label if session in seen.origins else short(session)
