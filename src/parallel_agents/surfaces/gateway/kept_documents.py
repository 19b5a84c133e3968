"""Kept documents: those of sessions as JSON, each made again only once something of it has changed.

Clients ask for the same page again and again. What a document is made of is compared, which costs an
eighth of making it, so that what is kept is never shown for anything else.
"""

from __future__ import annotations

from collections import OrderedDict

import orjson

from parallel_agents.core.ids import RunId
from parallel_agents.views.session_documents import whole_json
from parallel_agents.views.sessions import SessionLine

_MOST_KEPT = 1024  # a kilobyte each


class KeptDocuments:
    """The documents of the sessions that were shown last, by the run that each of them shows."""

    def __init__(self) -> None:
        self._kept: OrderedDict[RunId, tuple[SessionLine, orjson.Fragment]] = OrderedDict()

    def of(self, line: SessionLine) -> orjson.Fragment:
        """The `WholeDocument` of a line, for what only encodes it."""
        run = line.row.run.id
        kept = self._kept.get(run)
        if kept is None or kept[0] != line:
            kept = (line, orjson.Fragment(orjson.dumps(whole_json(line))))
            self._kept[run] = kept
        self._kept.move_to_end(run)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return kept[1]
