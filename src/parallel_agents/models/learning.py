"""Learning: a request that a model refuses because of a parameter is sent again without it, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from parallel_agents.core.model import Listener, Model, ModelReply, ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.throttle import Throttle
from parallel_agents.errors import ContextTooLong, ProviderError
from parallel_agents.models.dialect import CHANGES, Dialect, DialectChanges, merge_changes
from parallel_agents.models.governor import Governor
from parallel_agents.models.lessons import Lesson, lesson_of
from parallel_agents.models.wrapped import Wrapped

_NOTHING: JsonObject = {}
_MOST_LESSONS = 6


class Lessons:
    """What refusals taught about each model, kept in the store for all processes.

    Args:
        dialect_of: returns what a model takes, from its name and what was learned.
        governor: keeps the lessons.
    """

    def __init__(
        self, dialect_of: Callable[[str, JsonObject], Dialect], governor: Governor
    ) -> None:
        self._dialect_of = dialect_of
        self._governor = governor

    def learned(self, model: str) -> JsonObject:
        """The changes of the model's dialect that were learned, as JSON."""
        known = self._governor.known(model)
        return _NOTHING if known is None else known.learned

    def dialect(self, model: str) -> Dialect:
        """What the model takes, as far as it is known now."""
        return self._dialect_of(model, self.learned(model))

    def matters(self, model: str, change: DialectChanges) -> bool:
        """Whether a change would change what is sent to the model."""
        learned = CHANGES.validate_python(self.learned(model))
        after: JsonObject = CHANGES.dump_python(merge_changes(learned, change), mode="json")
        return self._dialect_of(model, after) != self.dialect(model)

    async def learn(self, model: str, change: JsonObject) -> JsonObject:
        """Keep a change, and return all that was learned."""
        return await self._governor.change(model, _learn(change))


class Learning(Wrapped):
    """Wraps a model behind a server, inside of what limits a try: a refused request costs nothing."""

    def __init__(self, model: Model, lessons: Lessons) -> None:
        super().__init__(model)
        self._lessons = lessons

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        learned = self._lessons.learned(self.name)
        for _ in range(_MOST_LESSONS):
            taught = replace(request, learned=learned) if learned else request
            try:
                return await self._model.respond(taught, listener)
            except ProviderError as error:
                lesson = self._lesson(error)
                if lesson is None:
                    raise
                learned = await self._lessons.learn(self.name, lesson.change)
                if listener is not None:
                    listener.noticed(f"{error.message.rstrip('.')}: sent again {lesson.text}")
        return await self._model.respond(replace(request, learned=learned), listener)

    def _lesson(self, error: ProviderError) -> Lesson | None:
        rejection = error.rejection
        if rejection is None or isinstance(error, ContextTooLong):
            return None
        return lesson_of(rejection, partial(self._lessons.matters, self.name))


def _learn(change: JsonObject) -> Callable[[Throttle], tuple[Throttle, JsonObject]]:
    def apply(throttle: Throttle) -> tuple[Throttle, JsonObject]:
        known = CHANGES.validate_python(throttle.learned)
        merged = merge_changes(known, CHANGES.validate_python(change))
        learned: JsonObject = CHANGES.dump_python(merged, mode="json")
        return replace(throttle, learned=learned), learned

    return apply
