"""Learning: a request that a model refuses because of a parameter is sent again without it, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from typing import TypeAlias

from typing_extensions import override

from parallel_agents.core.model import Capabilities, Listener, Model, ModelReply, ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.throttle import Throttle
from parallel_agents.errors import ContextTooLong, Overloaded, ProviderError, RequestRejected
from parallel_agents.models.dialect import CHANGES, Dialect, DialectChanges, merge_changes
from parallel_agents.models.governor import Governor
from parallel_agents.models.lessons import Lesson, lesson_of, window_in
from parallel_agents.models.wrapped import Wrapped

Sends: TypeAlias = Callable[[str, ModelRequest, bool], bytes]
"""What a request to a model sends: from the model's name, the request, and whether it streams."""

_NOTHING: JsonObject = {}
_MOST_LESSONS = 6
_WINDOW = "context_tokens"
# Changes of these add members, so that one call may change them more than once.
_GROWING = frozenset({"omit", "efforts", "extra"})


class Lessons:
    """What refusals taught about each model, kept in the store for all processes.

    Args:
        dialect_of: returns what a model takes, from its name and what was learned.
        sends: returns what a request sends.
        governor: keeps the lessons.
    """

    def __init__(
        self, dialect_of: Callable[[str, JsonObject], Dialect], sends: Sends, governor: Governor
    ) -> None:
        self._dialect_of = dialect_of
        self.sends = sends
        self._governor = governor

    def learned(self, model: str) -> JsonObject:
        """The changes of the model's dialect that were learned, as JSON."""
        known = self._governor.known(model)
        return _NOTHING if known is None else known.learned

    def dialect(self, model: str) -> Dialect:
        """What the model takes, as far as it is known now."""
        return self._dialect_of(model, self.learned(model))

    async def refresh(self) -> None:
        """Read what other processes have learned."""
        await self._governor.refresh()

    async def learn(self, model: str, change: JsonObject) -> JsonObject:
        """Keep a change, and return all that was learned."""
        return await self._governor.change(model, _learn(change))


class Learning(Wrapped):
    """Wraps a model behind a server, inside of what limits a try: a refused request costs nothing.

    What a refusal seems to teach is kept only once the changed request was accepted.
    """

    def __init__(self, model: Model, lessons: Lessons) -> None:
        super().__init__(model)
        self._lessons = lessons
        self._most_accepted = 0  # tokens of a request

    @property
    @override
    def capabilities(self) -> Capabilities:
        """Those of the model; its context is no larger than a refusal said."""
        known, learned = self._model.capabilities, self._lessons.learned(self.name)
        size = learned.get(_WINDOW) if learned else None
        if not isinstance(size, int) or (known.context_tokens or size) < size:
            return known
        return replace(known, context_tokens=size)

    @override
    async def start(self) -> None:
        await super().start()
        await self._lessons.refresh()

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        learned = self._lessons.learned(self.name)
        taught = replace(request, learned=learned) if learned else request
        try:
            reply = await self._model.respond(taught, listener)
        except ContextTooLong as error:
            size = window_in(error, self._sent(taught, listener)) or 0
            if size > self._most_accepted and size != learned.get(_WINDOW):
                await self._lessons.learn(self.name, {_WINDOW: size})
            raise
        except (RequestRejected, Overloaded) as error:
            return await self._respond_changed(taught, error, listener)
        if not reply.is_estimated:
            self._most_accepted = max(self._most_accepted, reply.usage.all_input_tokens)
        return reply

    def _sent(self, request: ModelRequest, listener: Listener | None) -> bytes:
        streams = listener is not None and listener.wants_text
        return self._lessons.sends(self.name, request, streams)

    async def _respond_changed(
        self, request: ModelRequest, error: ProviderError, listener: Listener | None
    ) -> ModelReply:
        """Send a refused request again, each time with one more change, until it is accepted."""
        taught: list[tuple[Lesson, str]] = []  # with the refusal that taught it
        while (
            lesson := self._find_lesson(request, error, listener, [each for each, _ in taught])
        ) is not None:
            taught.append((lesson, error.message.rstrip(".")))
            request = replace(request, learned=_merged(request.learned, lesson.change))
            try:
                reply = await self._model.respond(request, listener)
            except ProviderError as next_error:
                error = next_error
                continue
            await self._lessons.learn(
                self.name, reduce(_merged, [lesson.change for lesson, _ in taught])
            )
            if listener is not None:
                for lesson, refusal in taught:
                    listener.noticed(f"{refusal}: sent again {lesson.text}")
            return reply
        raise error

    def _find_lesson(
        self,
        request: ModelRequest,
        error: ProviderError,
        listener: Listener | None,
        before: Sequence[Lesson],
    ) -> Lesson | None:
        """What a refusal teaches; None if nothing that changes this request, or that was changed before.

        Two servers behind one name may refuse each other's form in turns.
        """
        is_of_request = isinstance(error, RequestRejected | Overloaded)
        if error.rejection is None or not is_of_request or len(before) >= _MOST_LESSONS:
            return None
        settled = {name for lesson in before for name in lesson.change} - _GROWING
        sent = self._sent(request, listener)

        def matters(change: DialectChanges) -> bool:
            listed: JsonObject = CHANGES.dump_python(change, mode="json")
            changed = replace(request, learned=_merged(request.learned, listed))
            return settled.isdisjoint(change) and self._sent(changed, listener) != sent

        return lesson_of(error.rejection, matters)


def _merged(learned: JsonObject, change: JsonObject) -> JsonObject:
    known, new = CHANGES.validate_python(learned), CHANGES.validate_python(change)
    merged: JsonObject = CHANGES.dump_python(merge_changes(known, new), mode="json")
    return merged


def _learn(change: JsonObject) -> Callable[[Throttle], tuple[Throttle, JsonObject]]:
    def apply(throttle: Throttle) -> tuple[Throttle, JsonObject]:
        learned = _merged(throttle.learned, change)
        return replace(throttle, learned=learned), learned

    return apply
