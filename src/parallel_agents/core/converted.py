"""Converted: fields that take more than they keep, as type checkers see them.

`Checked` makes a tuple of a list, and a member of an enum of its name. A checker must know what such a field
takes and what it is afterwards. Dataclasses have no converters, as attrs has; but a checker that meets a
descriptor has the constructor take what `__set__` takes, and an instance have what `__get__` returns. So the
descriptors exist for checkers alone: when a program runs, the annotation is the type that is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, cast, overload

from typing_extensions import TypeVar

from parallel_agents.core.json_value import Json, JsonObject

T = TypeVar("T")
Kept = TypeVar("Kept", covariant=True)
Given = TypeVar("Given", contravariant=True)

if TYPE_CHECKING:

    class Converted(Generic[Kept, Given]):
        """A field with a default that keeps one type, and takes another."""

        def __get__(self, owner: object, kind: type | None = None, /) -> Kept: ...
        def __set__(self, owner: object, value: Given, /) -> None: ...

    Items: TypeAlias = Converted[tuple[T, ...], Sequence[T]]
    # A text is a sequence of texts, and never meant as one.
    GivenTexts: TypeAlias = tuple[str, ...] | list[str]
    Texts: TypeAlias = Converted[tuple[str, ...], GivenTexts]
    # mypy knows no descriptors without a default.
    NeededItems: TypeAlias = Sequence[T]
    NeededTexts: TypeAlias = GivenTexts

    # What is JSON is known when it is looked at: a variable often has a wider type.
    GivenJson: TypeAlias = bool | int | float | str | Sequence[object] | Mapping[str, object] | None
    GivenObject: TypeAlias = Mapping[str, object]

    # Of any type: a checker holds a default against what is kept, and against what is taken.
    def default(value: object) -> Any: ...  # noqa: ANN401
    def default_made(factory: Callable[[], object]) -> Any: ...  # noqa: ANN401

else:

    class Converted:
        def __class_getitem__(cls, types: tuple[object, object]) -> object:
            return types[0]

    Items = NeededItems = tuple[T, ...]
    Texts = NeededTexts = GivenTexts = tuple[str, ...]
    GivenJson = Json
    GivenObject = Mapping[str, Json]

    def default(value: T) -> T:
        """The default of a converted field, of the type that it keeps."""
        return value

    def default_made(factory: Callable[[], T]) -> T:
        """The default of a converted field that is made for each value."""
        return field(default_factory=factory)


def as_json(value: GivenJson) -> Json:
    """What a function was given as JSON, once `checked` has looked at it."""
    return cast("Json", value)


@overload
def as_object(values: GivenObject) -> JsonObject: ...
@overload
def as_object(values: GivenObject | None) -> JsonObject | None: ...
def as_object(values: GivenObject | None) -> JsonObject | None:
    """What a function was given as an object of JSON, once `checked` has looked at it."""
    return cast("JsonObject | None", values)
