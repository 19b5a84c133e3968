"""WithWorkspace: what is different about an agent once its session has a folder to work in."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import override

from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import Converted, GivenObject, default
from parallel_agents.core.limits import NO_LIMITS, TakesLimits
from parallel_agents.core.schema import InvalidSchema, JsonObject, compiled
from parallel_agents.core.tool_names import ToolNames
from parallel_agents.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class WithWorkspace(Checked):
    """What is different about an agent whose session works in a folder, a copy or one as it is.

    Attributes:
        instructions: added below the agent's.
        tools: added to the agent's.
        input_schema: replaces the agent's, since the folder may have what the input would; None keeps
            it, and an agent that takes any input does so in a folder too.
        limits: override those of the agent.

    Raises:
        InvalidInput: the schema is not a valid JSON Schema.
    """

    instructions: str = ""
    tools: ToolNames = default(())
    input_schema: Converted[JsonObject | None, GivenObject | None] = default(None)
    limits: TakesLimits = default(NO_LIMITS)

    @classmethod
    @override
    def written(cls) -> str:
        return 'WithWorkspace(tools=("read_file", "grep"))'

    @override
    def _check(self) -> None:
        if self.input_schema is not None:
            try:
                compiled(self.input_schema)
            except InvalidSchema as error:
                raise InvalidInput(
                    "input_schema of with_workspace is not a JSON Schema",
                    why=str(error),
                    hint="correct input_schema; nothing was called or paid for",
                ) from None
