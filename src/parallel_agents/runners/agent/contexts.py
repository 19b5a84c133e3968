"""Contexts: how the conversations of runs are fitted into the contexts of their models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson

from parallel_agents.core.meter import Correction, Meter
from parallel_agents.core.model import Model, Models
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.summary import Summaries, summaries_for
from parallel_agents.core.tokens import tokens_in
from parallel_agents.core.told import most_tokens
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.window import Shortening, Window
from parallel_agents.errors import PagentsError

# The most of a message: a quarter of the context, or what reports of children may have.
_MESSAGE_SHARE, _MESSAGE_TOKENS = 4, 30_000


class Contexts:
    """What this process knows of the contexts of models, and what its settings say of them.

    Args:
        result_tokens: the most tokens of a result that a model is told; None leaves it to the size
            of its context.
        summaries: whether a model summarizes what a conversation loses.
        summary_model: the model that does; empty for the run's own.
    """

    __slots__ = ("_corrections", "_result_tokens", "_summaries", "summary_model")

    def __init__(
        self,
        *,
        result_tokens: int | None = None,
        summaries: bool = True,
        summary_model: str = "",
    ) -> None:
        self._result_tokens = result_tokens
        self._summaries = summaries
        self.summary_model = summary_model
        self._corrections: dict[str, Correction] = {}

    def shortening(
        self,
        model: Model,
        models: Models,
        *,
        reply: int,
        is_readable: bool,
        frame: Callable[[], int],
    ) -> Shortening:
        """How conversations with a model are shortened.

        Args:
            model: the model of the run.
            models: where the model that writes summaries is found.
            reply: the most tokens of a reply, with its reasoning.
            is_readable: whether the model can read what was cut of a result.
            frame: estimates the tokens of the instructions and tools.
        """
        size = model.capabilities.context_tokens
        window = None
        if size is not None:
            correction = self._corrections.setdefault(model.name, Correction())
            window = Window(size, reply, Meter(correction, frame))
        summaries = self._summarize(size, models) if self._summaries else None
        return Shortening(window, summaries, is_readable)

    def message_tokens(self, window: Window | None) -> int:
        """The most tokens of a message, or of the report on its children, that a model is shown."""
        if window is None:
            return _MESSAGE_TOKENS
        return round(window.tokens / _MESSAGE_SHARE / max(window.meter.factor, 1.0))

    def result_tokens(self, window: Window | None, calls: int) -> int:
        """The most tokens that a model gets of each result of a reply with `calls` calls."""
        size = None if window is None else round(window.tokens / max(window.meter.factor, 1.0))
        return most_tokens(size, self._result_tokens, calls=calls)

    def _summarize(self, size: int | None, models: Models) -> Summaries | None:
        writer = size
        if self.summary_model:
            try:
                writer = models.get(self.summary_model).capabilities.context_tokens
            except PagentsError:
                writer = None  # which is told when a summary is needed
        return summaries_for(size, writer)


def frame_tokens(system: str, tools: Sequence[ToolSpec], schema: JsonObject | None) -> int:
    """An estimate of the tokens of a request without its messages."""
    told = [tokens_in(spec.name) + tokens_in(spec.description) for spec in tools]
    schemas = [spec.parameters for spec in tools] + ([schema] if schema is not None else [])
    return tokens_in(system) + sum(told) + sum(tokens_in(orjson.dumps(s).decode()) for s in schemas)
