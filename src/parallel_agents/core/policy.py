"""Policy: what a session may spawn; a child's is never wider than its parent's."""

from __future__ import annotations

from dataclasses import dataclass

ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may be spawned below a session. Deny wins, silence denies.

    A bound of None leaves the choice to whoever is above, in the end to the settings.

    Attributes:
        spawns: names of the agents that it may spawn; `*` is any.
        denies: names of those that it may not, whatever `spawns` says.
        max_depth: of a session, counted from the root of its tree, which has depth 0.
        max_children: live at once under one session.
        max_total: sessions in the tree, over its whole life.
    """

    spawns: tuple[str, ...] = ()
    denies: tuple[str, ...] = ()
    max_depth: int | None = None
    max_children: int | None = None
    max_total: int | None = None

    def allows(self, agent: str) -> bool:
        """Whether an agent of that name may be spawned."""
        return agent not in self.denies and (ANY in self.spawns or agent in self.spawns)

    def may_spawn_at(self, depth: int) -> bool:
        """Whether a session at that depth may spawn anybody."""
        return bool(self.spawns) and (self.max_depth is None or depth < self.max_depth)

    def within(self, above: Policy) -> Policy:
        """This policy, shrunk to what `above` leaves of it."""
        if not self.spawns:
            return self
        return Policy(
            spawns=_shared(self.spawns, above.spawns),
            denies=tuple(dict.fromkeys((*self.denies, *above.denies))),
            max_depth=_least(self.max_depth, above.max_depth),
            max_children=_least(self.max_children, above.max_children),
            max_total=_least(self.max_total, above.max_total),
        )


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    if ANY in other:
        return one
    if ANY in one:
        return other
    return tuple(name for name in one if name in other)


def _least(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
