"""Learning: a request that a model refuses because of a parameter is sent again without it, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from parallel_agents.core.model import Listener, Model, ModelReply, ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.throttle import Throttle
from parallel_agents.errors import ProviderError
from parallel_agents.models.dialect import CHANGES, Dialect, merge_changes
from parallel_agents.models.governor import Governor
from parallel_agents.models.lessons import Lesson, lesson_of
from parallel_agents.models.wrapped import Wrapped

NOTHING: JsonObject = {}
_MOST_LESSONS = 6


class Learning(Wrapped):
    """Wraps a model behind a server; what its refusals teach is kept in the store for all processes.

    A refused request costs nothing, so it is sent again at once, within the same try.

    Args:
        model: the model.
        dialect_of: returns what the model takes, after what was learned.
        governor: keeps the lessons.
    """

    def __init__(
        self, model: Model, dialect_of: Callable[[str, JsonObject], Dialect], governor: Governor
    ) -> None:
        super().__init__(model)
        self._dialect_of = dialect_of
        self._governor = governor

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        known = self._governor.known(self.name)
        learned: JsonObject = known.learned if known is not None else NOTHING
        for _ in range(_MOST_LESSONS):
            taught = replace(request, learned=learned) if learned else request
            try:
                return await self._model.respond(taught, listener)
            except ProviderError as error:
                lesson = self._lesson(error, learned)
                if lesson is None:
                    raise
                learned = await self._governor.change(self.name, _learn(lesson.change))
                if listener is not None:
                    listener.noticed(f"{error.message}: sent again {lesson.text}")
        return await self._model.respond(replace(request, learned=learned), listener)

    def _lesson(self, error: ProviderError, learned: JsonObject) -> Lesson | None:
        if error.rejection is None or error.retryable:
            return None
        return lesson_of(error.rejection, self._dialect_of(self.name, learned))


def _learn(change: JsonObject) -> Callable[[Throttle], tuple[Throttle, JsonObject]]:
    def apply(throttle: Throttle) -> tuple[Throttle, JsonObject]:
        known = CHANGES.validate_python(throttle.learned)
        merged = merge_changes(known, CHANGES.validate_python(change))
        learned: JsonObject = CHANGES.dump_python(merged, mode="json")
        return replace(throttle, learned=learned), learned

    return apply
