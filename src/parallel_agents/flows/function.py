"""Flow functions: an async function that gets a flow, as something that can be stored and run again."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Set
from enum import StrEnum
from io import IOBase
from typing import Any, Generic, Literal, TypeAlias, cast, get_type_hints

import orjson
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from parallel_agents.containment.parameters import NotJson, NotTyped, Parameters
from parallel_agents.core.agent import AnyAgent, T
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.json_value import all_finite
from parallel_agents.core.output_type import NoSchema, OutputType, output_type
from parallel_agents.core.problems import as_path, find_problems
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.shown import shown
from parallel_agents.core.spelling import meant
from parallel_agents.core.takers import JSON, Wrong, is_async
from parallel_agents.errors import InvalidInput
from parallel_agents.flows.named_agents import agents_named_in
from parallel_agents.flows.origin import origin_of

# Larger things are shared as artifacts.
MOST_BYTES = 4_000_000

_UNTYPED = (inspect.Signature.empty, Any, object, None, type(None))
_WRITTEN = (
    "write: async def NAME(flow: pa.Flow, topic: str) -> str: ...; its input and what it returns are stored "
    "as JSON"
)
_STORED = (
    "its input and what it returns are stored as JSON: pass a path or an id, and open what it names in a "
    "step; to tell progress, follow the flow instead of passing a function"
)
_MOST_SHOWN = 5


class OnChange(StrEnum):
    """What becomes of a flow whose function has other steps than those that are stored.

    `refuse` ends its run and says what differs; `keep_going` uses the steps that are the same.
    """

    REFUSE = "refuse"
    KEEP_GOING = "keep_going"


OnChangeName: TypeAlias = OnChange | Literal["refuse", "keep_going"]


class FlowFunction(Generic[T]):
    """The function of a flow.

    Args:
        function: takes the flow, then its input by name, each with a type that JSON can represent.
        on_change: what becomes of a flow whose stored steps are not those of the function.

    Attributes:
        output_type: what the function returns, by its annotation; None for any JSON.
        origin: where it is defined.

    Raises:
        InvalidInput: it is not async, or it cannot be called so.
    """

    def __init__(
        self, function: Callable[..., Awaitable[T]], *, on_change: OnChange = OnChange.REFUSE
    ) -> None:
        self.name: str = getattr(function, "__name__", "")
        self.on_change = on_change
        self.call = function
        self.origin = origin_of(function)
        if not callable(function) or not is_async(function) or not self.name.isidentifier():
            raise InvalidInput(
                f"{shown(function)} is not the function of a flow",
                why="a flow is an async function with a name",
                hint="write: async def launch(flow: pa.Flow, topic: str) -> str: ...",
            )
        try:
            _check_first(function)
            self._parameters = Parameters(function, skip=1)
            self.output_type = returned(function)
        except (NotTyped, NoSchema, NameError) as error:
            is_json = isinstance(error, NotJson | NoSchema)
            raise InvalidInput(
                f"the function {self.name} cannot be a flow",
                why=f"what it returns: {error}" if isinstance(error, NoSchema) else str(error),
                hint=_STORED if is_json else _WRITTEN,
            ) from error

    @property
    def agents(self) -> list[AnyAgent]:
        """The agents that the function names, as far as they are variables of its module or around it."""
        return agents_named_in(self.call)

    def task(
        self,
        values: Mapping[str, object],
        *,
        label: str = "",
        model: str | None = None,
        max_parallel: int | None = None,
        timeout: float | None = None,
        budget: Budget = NO_BUDGET,
        options: Iterable[str] = (),
    ) -> FlowTask:
        """A call of the function with these arguments.

        `options` are the names that may be meant by one which the function does not take.

        Raises:
            InvalidInput: the function does not take them, or an option is out of range.
        """
        return FlowTask(
            name=self.name,
            label=label,
            input=self._stored(values, options),
            model=model,
            max_parallel=max_parallel,
            timeout_seconds=timeout,
            budget=budget,
        )

    def _stored(self, values: Mapping[str, object], options: Iterable[str]) -> JsonObject:
        """The input as it is stored.

        Raises:
            InvalidInput: the function does not take it.
        """
        try:
            stored: JsonObject = to_jsonable_python(
                {name: ordered(value) for name, value in values.items()}
            )
            self.values(stored)
        except (ValidationError, ValueError, RecursionError) as error:
            why = _problems(error) if isinstance(error, ValidationError) else _unstored(values)
            kept = "" if isinstance(error, ValidationError) else "; input is stored as JSON"
            known = self._parameters.names
            names = ", ".join(known) or "nothing"
            unknown = next((name for name in values if name not in known), "")
            missing = "" if unknown else _missing(error)
            raise InvalidInput(
                f"the flow {self.name} needs {missing}"
                if missing
                else f"the flow {self.name} does not take this input",
                why=why,
                hint=meant(unknown, (*known, *options), f"it takes {names}{kept}"),
            ) from error
        return stored

    def values(self, stored: JsonObject) -> dict[str, object]:
        """The input as the function takes it."""
        return self._parameters.values(stored)


def _unstored(values: Mapping[str, object]) -> str:
    """Which argument JSON cannot represent: a class, a call that was not awaited, or another value."""
    for name, value in values.items():
        try:
            to_jsonable_python(ordered(value))
        except (ValueError, RecursionError):
            if isinstance(value, type):
                return f"{name} is the class {value.__name__}, and not an instance of it"
            if inspect.isawaitable(value):
                return f"{name} was not awaited"
            what = f"{shown(value)} ({type(value).__name__})"
            return f"{name}: JSON cannot represent {what}, or something in it"
    return "JSON cannot represent it"


def joined(
    given: Mapping[str, object] | None, values: Mapping[str, object], taker: str
) -> dict[str, object]:
    """Input that was passed as `input`, by name, or each in its part.

    Raises:
        InvalidInput: a name is in both; neither could be dropped without a word.
    """
    if twice := [name for name in given or {} if name in values]:
        names = ", ".join(twice)
        raise InvalidInput(
            f"{taker} got {names} twice, in input= and by name", hint=f"pass {names} in one of them"
        )
    return {**(given or {}), **values}


def _missing(error: Exception) -> str:
    """The parameters that were not passed: `topic, words`; empty if something else is wrong."""
    found = find_problems(error) if isinstance(error, ValidationError) else ()
    if any(each.kind != "missing" or len(each.steps) != 1 for each in found):
        return ""
    return ", ".join(as_path(each.steps) for each in found)


def _problems(error: ValidationError) -> str:
    """What is wrong with each parameter: `topic: it is missing`."""
    found = find_problems(error)
    return "; ".join(f"{as_path(each.steps)}: {each.words}" for each in found[:_MOST_SHOWN])


def _check_first(function: Callable[..., object]) -> None:
    parameters = list(inspect.signature(function).parameters.values())
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if not parameters or parameters[0].kind not in kinds:
        raise NotTyped("it has no first parameter for the flow")


def instances(function: Callable[..., object]) -> OutputType[Any] | None:
    """The type of what a step's function returns; None if it is not annotated with one for JSON."""
    try:
        return returned(function)
    except (NoSchema, NameError, TypeError, ValueError):
        return None


def returned(function: Callable[..., object]) -> OutputType[Any] | None:
    """The type that a function is annotated with; None for any.

    Raises:
        NoSchema, NameError: it is none that JSON can represent.
    """
    hint: Any = get_type_hints(function, include_extras=True).get("return", Any)
    return None if hint in _UNTYPED else output_type(hint)


def ordered(value: object) -> object:
    """The value with its sets as lists, whose order is the same in every process."""
    match value:
        case set() | frozenset():
            return sorted(map(ordered, cast("Set[object]", value)), key=_order)
        case list() | tuple():
            return [ordered(each) for each in cast("Sequence[object]", value)]
        case dict():
            given = cast("Mapping[object, object]", value)
            return {key: ordered(each) for key, each in given.items()}
        case IOBase():
            raise ValueError("an open file cannot be stored")
        case _:
            return value


def _order(value: object) -> bytes:
    return orjson.dumps(to_jsonable_python(value), option=orjson.OPT_SORT_KEYS)


def as_json(value: object) -> Json:
    """What a function returned, as it is stored.

    Raises:
        ValueError: JSON cannot represent it, or it is larger than what can be stored.
    """
    made: Json = to_jsonable_python(value)
    try:
        JSON.take(made)
    except Wrong as wrong:
        raise ValueError(f"it is not {wrong.takes}") from None
    if not all_finite(made):
        raise ValueError("it has NaN or an infinite number, which JSON has not")
    if (size := len(orjson.dumps(made))) > MOST_BYTES:
        raise ValueError(f"it has {size:,} bytes, and at most {MOST_BYTES:,} can be stored")
    return made
