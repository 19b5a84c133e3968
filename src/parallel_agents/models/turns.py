"""Turns: who goes next of those that wait for one model: teams in turn, within a team first come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Ticket:
    """A call that waits.

    Attributes:
        tokens: the most that it can use.
        is_granted: it may go.
        granted_at: since when.
        woken: set when it may go, or when it should look after the queue.
    """

    team: str
    tokens: int
    is_granted: bool = False
    granted_at: float = 0.0
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Turns:
    """The queue; the team that went last goes behind the others."""

    def __init__(self) -> None:
        self._lanes: dict[str, deque[Ticket]] = {}  # in the order in which the teams go
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def join(self, team: str, tokens: int) -> Ticket:
        ticket = Ticket(team, tokens)
        self._lanes.setdefault(team, deque()).append(ticket)
        self._count += 1
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Take a ticket out of the queue without its turn."""
        lane = self._lanes[ticket.team]
        lane.remove(ticket)
        self._count -= 1
        if not lane:
            del self._lanes[ticket.team]

    def grant(self, ticket: Ticket) -> bool:
        """Let a ticket go; False where it has left."""
        lane = self._lanes.get(ticket.team)
        if lane is None or ticket not in lane:
            return False
        self.leave(ticket)
        if ticket.team in self._lanes:
            self._lanes[ticket.team] = self._lanes.pop(ticket.team)
        ticket.is_granted = True
        ticket.woken.set()
        return True

    def in_order(self) -> Iterator[Ticket]:
        """All tickets in the order in which they would go from now on."""
        lanes = deque(iter(lane) for lane in self._lanes.values())
        while lanes:
            lane = lanes.popleft()
            ticket = next(lane, None)
            if ticket is not None:
                yield ticket
                lanes.append(lane)

    def wake_first(self) -> None:
        """Let the first that waits look after the queue."""
        first = next(self.in_order(), None)
        if first is not None:
            first.woken.set()
