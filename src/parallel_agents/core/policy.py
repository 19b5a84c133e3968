"""Policy: what a session may spawn; a child's is never wider than its parent's."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import override

from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import Texts, default
from parallel_agents.errors import InvalidInput

ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Checked):
    """What a session may spawn. Only agents that it names can be spawned.

    A limit of None leaves the choice to the parent's policy, and in the end to the settings.

    Attributes:
        spawns: names of the agents that it may spawn; `*` stands for any.
        denies: names of agents that it must not spawn; they override `spawns`.
        max_depth: the maximum depth of a session in the tree; the root has depth 0.
        max_children: the most live children of one session.
        max_total: the most sessions that one task or message from outside may lead to, its own
            session and ended ones included.
    """

    spawns: Texts = default(())
    denies: Texts = default(())
    max_depth: int | None = None
    max_children: int | None = None
    max_total: int | None = None

    @override
    def _check_made(self) -> None:
        for name in ("max_depth", "max_children", "max_total"):
            if (most := getattr(self, name)) is not None and most < 0:
                raise InvalidInput(
                    f"{name} of Policy is {most}",
                    why="it takes 0 or more",
                    hint=f"correct {name}, or leave it out",
                )

    def allows(self, agent: str) -> bool:
        """Whether an agent of this name may be spawned."""
        return agent not in self.denies and (ANY in self.spawns or agent in self.spawns)

    def may_spawn_at(self, depth: int) -> bool:
        """Whether a session at this depth may spawn at all."""
        return bool(self.spawns) and (self.max_depth is None or depth < self.max_depth)

    def within(self, outer: Policy) -> Policy:
        """This policy, narrowed to what `outer` allows as well."""
        if not self.spawns:
            return self
        return Policy(
            spawns=_shared(self.spawns, outer.spawns),
            denies=tuple(dict.fromkeys((*self.denies, *outer.denies))),
            max_depth=_least(self.max_depth, outer.max_depth),
            max_children=_least(self.max_children, outer.max_children),
            max_total=_least(self.max_total, outer.max_total),
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
