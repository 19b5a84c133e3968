"""Contained: a tool of the program's own, of which nothing but an `Exception` comes back."""

from __future__ import annotations

from parallel_agents.containment.calls import Raised, contained
from parallel_agents.containment.values import text_of
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import Tool, ToolContext, ToolSpec


class ContainedTool:
    """Wraps a tool that the program passed in.

    Its errors never count as this package's own, even if they have the same class.
    """

    def __init__(self, tool: Tool) -> None:
        self._tool = tool
        self._spec = tool.spec

    @property
    def spec(self) -> ToolSpec:
        return self._spec

    async def call(self, arguments: JsonObject, context: ToolContext) -> str:
        """The tool's result.

        Raises:
            Raised: whatever the tool raised.
        """
        try:
            return await contained(self._call(arguments, context), self._spec.name)
        except Exception as error:
            raise Raised(error) from error

    async def _call(self, arguments: JsonObject, context: ToolContext) -> str:
        return text_of(await self._tool.call(arguments, context))
