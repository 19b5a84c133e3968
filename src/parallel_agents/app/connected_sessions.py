"""Connected sessions: the verbs of a distant gateway as a Python program uses them; nothing is executed here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Never

from parallel_agents.app.program_verbs import ProgramVerbs
from parallel_agents.core.annotations import Count, Duration, Name
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.budget import NO_BUDGET, AnyBudget
from parallel_agents.flows.function import OnChange
from parallel_agents.gateway_client.refusals import not_at_distance


@checked_methods
class ConnectedSessions(ProgramVerbs):
    """The verbs of a distant gateway; a worker there executes what is started.

    Agents are those of the gateway's catalog, by their names.

    Raises:
        NotAtDistance: what is given is not for a gateway, such as code, commands, files or folders.
        GatewayUnreachable, GatewayMismatch, NotAuthorized: from each verb.
    """

    async def spawn_flow(  # noqa: PLR0913 - as that of an open store
        self,
        function: Callable[..., Awaitable[object]],
        *,
        key: Name | None = None,
        input: Mapping[str, object] | None = None,
        model: Name | None = None,
        max_parallel: Count | None = None,
        timeout: Duration | None = None,
        budget: AnyBudget = NO_BUDGET,
        on_change: OnChange | str = OnChange.REFUSE,
        tags: Sequence[Name] = (),
    ) -> Never:
        """Refused: the function of a flow is code of this program, and a gateway takes none.

        Raises:
            NotAtDistance: always.
        """
        del function, key, input, model, max_parallel, timeout, budget, on_change, tags
        raise not_at_distance(
            "running a flow",
            "run it with pa.open on the machine that has its home; or name a team of the gateway",
        )
