"""Command tally: what the commands of a session wrote, and which of its limits they hit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from parallel_agents.core.command_limits import LimitName
from parallel_agents.core.event import Body, Noticed, ToolFinished


@dataclass(frozen=True, slots=True)
class CommandTally:
    """What the commands of a session wrote, and which limits they hit.

    Attributes:
        written: the bytes that those of its tools wrote, in all of its runs.
        hits: how many calls of the run hit a limit of the session, by the limit.
    """

    written: int = 0
    hits: Mapping[LimitName, int] = field(default_factory=dict[LimitName, int])

    def after(self, body: Body) -> CommandTally:
        """The tally after an event of the run."""
        if isinstance(body, ToolFinished) and body.output_bytes:
            return replace(self, written=self.written + body.output_bytes)
        if isinstance(body, Noticed) and body.limit is not None:
            hits = self.hits.get(body.limit, 0) + 1
            return replace(self, hits={**self.hits, body.limit: hits})
        return self

    def of_next_run(self) -> CommandTally:
        return CommandTally(self.written)


NO_COMMANDS = CommandTally()
