"""Turns: the queue of calls for one model, in which teams take turns."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Ticket:
    """A waiting call.

    Attributes:
        tokens: the most that it can use.
        is_granted: whether it may be made.
        granted_at: the time when it was granted.
        woken: set when the ticket is granted, or when its call should lead the queue.
    """

    team: str
    tokens: int
    is_granted: bool = False
    granted_at: float = 0.0
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Turns:
    """A queue; a team moves behind the others after each of its turns."""

    def __init__(self) -> None:
        self._lanes: dict[str, deque[Ticket]] = {}  # by team, the next team first
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def join(self, team: str, tokens: int) -> Ticket:
        ticket = Ticket(team, tokens)
        self._lanes.setdefault(team, deque()).append(ticket)
        self._count += 1
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Remove a ticket that has not had its turn."""
        lane = self._lanes[ticket.team]
        lane.remove(ticket)
        self._count -= 1
        if not lane:
            del self._lanes[ticket.team]

    def grant(self, ticket: Ticket) -> bool:
        """Grant a ticket its turn; returns False if it has left the queue."""
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
        """All tickets in the order of their turns."""
        lanes = deque(iter(lane) for lane in self._lanes.values())
        while lanes:
            lane = lanes.popleft()
            ticket = next(lane, None)
            if ticket is not None:
                yield ticket
                lanes.append(lane)

    def wake_first(self) -> None:
        """Wake the first waiting call, so that it leads the queue."""
        first = next(self.in_order(), None)
        if first is not None:
            first.woken.set()
