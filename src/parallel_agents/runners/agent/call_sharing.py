"""Call sharing: what the sessions of a tree share, for one call of a tool, which writes once."""

from __future__ import annotations

from typing import NamedTuple

from parallel_agents.core.artifact import SharedArtifacts
from parallel_agents.core.shared_state import SharedState, Writer
from parallel_agents.core.store import Claim
from parallel_agents.runners.agent.tooling import Tooling


class Shared(NamedTuple):
    """The state and the artifacts of a call's tree; None if nothing is shared."""

    state: SharedState | None = None
    artifacts: SharedArtifacts | None = None


def shared_with(tooling: Tooling, claim: Claim, call: str, again: str) -> Shared:
    """What is shared with a call, known by its name within the run."""
    if tooling.sharing is None:
        return Shared()
    tree, writer = claim.session.root, Writer(claim.session.key, claim.run.id, call, again)
    return Shared(tooling.sharing.state(tree, writer), tooling.sharing.artifacts(tree, writer))
