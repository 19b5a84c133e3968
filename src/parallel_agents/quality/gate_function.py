"""Gate function: a program's function that checks answers, and the type in which it takes them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from typing_extensions import is_typeddict

from parallel_agents.containment.functions import UserFunction
from parallel_agents.core.output_type import Misfit, NoSchema, OutputType, output_type
from parallel_agents.core.submission import Submission
from parallel_agents.errors import GateBroken

T = TypeVar("T")

Check = Callable[..., object]
# An annotation may be what only a type checker imports, and a callable may hide its signature.
_UNREAD = (AttributeError, NameError, StopIteration, SyntaxError, TypeError, ValueError)
# Types of values that JSON has: an answer is one of them already, or none.
_OF_JSON = (str, int, float, NoneType, dict, list)


class GateFunction:
    """A function that takes an answer as JSON has it, or as an instance of the type of its parameter.

    Args:
        function: the callable.
        name: what gates and errors call it.
    """

    def __init__(self, function: Check, name: str) -> None:
        self._called = UserFunction(function, name)
        kind = taken_type(function)
        # In a thread of its own, since a type may have validators that do anything.
        self._made = None if kind is None else UserFunction(partial(_instance, kind, name), name)

    def place_of(self, error: BaseException) -> str:
        """Where the function raised an error; "" if it is not from its file."""
        return self._called.place_of(error)

    async def call(self, verdict: Callable[[object], T], submission: Submission) -> T:
        """What `verdict` makes of the value that the function returns for an answer.

        Raises:
            GateBroken: the answer is not one of the type, or `verdict` raised it.
            Exception: the function or the type raised it.
        """
        made, answer = self._made, submission.answer
        taken = answer if made is None else await made.call(_as_it_is, submission)
        return await self._called.call(verdict, taken)


def _as_it_is(value: object) -> object:
    return value


def _instance(kind: OutputType[Any], name: str, submission: Submission) -> object:
    """The answer as an instance of the type that the gate of that name takes."""
    answer = submission.answer
    try:
        return kind.instance(answer, "" if isinstance(answer, str) else submission.text)
    except Misfit as misfit:
        raise GateBroken(
            f"the gate {name} takes {kind.name}, and this answer is not one",
            why=str(misfit),
            hint="annotate its parameter with the type of the agent's output; without a type it takes "
            "any answer, and an object as a dict",
        ) from misfit


def taken_type(function: Check) -> OutputType[Any] | None:
    """The type of which a function takes instances, by the annotation of its first parameter.

    None if it takes an answer as JSON has it, or if nobody can know.
    """
    hint = _hint_of(function)
    if not _is_made(hint):
        return None
    try:
        return output_type(hint)
    except NoSchema:
        return None


def _hint_of(function: Check) -> object:
    """The annotation of the first parameter; `object` without one that can be read."""
    called: Any = function
    if isinstance(called, partial):
        called = called.func
    if not inspect.isroutine(called):
        called = type(called).__call__
    try:
        name = next(iter(inspect.signature(function).parameters))
        return get_type_hints(called, include_extras=True).get(name, object)
    except _UNREAD:
        return object


def _is_made(hint: Any) -> bool:  # noqa: ANN401 - annotations may be anything
    """Whether values of a type have to be made from JSON."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _is_made(inside[0])
    if origin in (Union, UnionType) or _is_collection(origin):
        return any(map(_is_made, inside))
    kind = origin or hint
    if not isinstance(kind, type) or kind in (object, Any) or is_typeddict(kind):
        return False
    return issubclass(kind, Enum) or not (_is_collection(kind) or issubclass(kind, _OF_JSON))


def _is_collection(kind: Any) -> bool:  # noqa: ANN401 - annotations may be anything
    """Whether it is a list, a mapping or an interface of such, and not what JSON lacks, such as a tuple."""
    return kind in (dict, list) or getattr(kind, "__module__", "") == "collections.abc"
